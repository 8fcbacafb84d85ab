package server

import (
	"fmt"
	"testing"

	"github.com/omega/marketops/federation/api"
)

// FuzzPageOf: of every query, the page is one that may be asked for, and says what its own query says.
func FuzzPageOf(f *testing.F) {
	f.Add("after=41&limit=100")
	f.Add("limit=1001")
	f.Fuzz(func(t *testing.T, query string) {
		p, err := pageOf(query)
		if err != nil {
			if p != (api.Page{}) {
				t.Errorf("%+v with an error", p)
			}
			return
		}
		if p.Limit < 1 || p.Limit > api.MaxPage {
			t.Fatalf("%+v", p)
		}
		own := fmt.Sprintf("limit=%d", p.Limit)
		if p.From > 0 {
			own += fmt.Sprintf("&after=%d", p.From-1)
		}
		if again, err := pageOf(own); err != nil || again != p {
			t.Errorf("%+v is read back as %+v, %v", p, again, err)
		}
	})
}
