package trust_test

import (
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/receipt/trust"
)

// FuzzParse: a trust file is usable as a whole or not at all.
func FuzzParse(f *testing.F) {
	f.Add(sample.TrustText(f, sample.NewTrust(sample.NewLog())))
	f.Add([]byte(`{"schema":"marketops.trust/v2"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		trust, err := trust.Parse(text)
		if err != nil {
			if marketops.CodeOf(err) != marketops.TrustMissing || trust != nil {
				t.Fatal("an error without its code, or with a trust file:", err)
			}
			return
		}
		file := trust.File()
		if trust.Version() < 1 || trust.Digest() != marketops.DigestOf(text) || len(trust.Log().Logs()) == 0 || file.MaxLifetime < 1 || file.MaxLifetime > 86400 {
			t.Fatalf("%+v is usable", file)
		}
		for _, r := range file.Approvals {
			if r.Threshold < 1 || len(r.Kinds) == 0 || len(r.Targets) == 0 {
				t.Fatalf("a floor that anybody meets: %+v", r)
			}
		}
	})
}
