package advice

import (
	"testing"

	"github.com/omega/marketops"
)

// TestNext: every code has advice, and nothing else has.
func TestNext(t *testing.T) {
	for _, c := range marketops.Codes {
		if Next(c.Code) == "" {
			t.Errorf("no advice for %s", c.Code)
		}
	}
	if len(next) != len(marketops.Codes) || Next("") != "" {
		t.Errorf("%d pieces of advice for %d codes", len(next), len(marketops.Codes))
	}
}
