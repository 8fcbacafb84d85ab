package verifier_test

import (
	"testing"

	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/internal/lifetest"
)

func TestControl(t *testing.T) {
	w := lifetest.New()
	w.Live()
	r := verifier.Verify(w.Pack(), w.Trust(), w.Now+100)
	t.Logf("%s %s", r.Verdict, r.Code)
	for _, c := range r.Checks {
		t.Logf("%+v", c)
	}
	t.Logf("%+v", r.Operations)
	for _, n := range r.NotCovered {
		t.Log(n)
	}
	if !r.Verified() {
		t.Fatal("not verified")
	}
}
