package verifier_test

import (
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
)

// TestUndocumentedReceipts: each receipt whose operation document is not in the pack is named.
func TestUndocumentedReceipts(t *testing.T) {
	w := logworld.New()
	w.Ops = append(w.Ops, logworld.Release("v1.4.1"), logworld.Release("v1.4.2"))
	l := w.Allow()
	w.Authorize(1, l.Submission, l.First, l.Other)
	w.Authorize(2, l.Submission, l.First, l.Other)
	for _, missing := range [][]int{{}, {0}, {1, 2}, {0, 1, 2}} {
		p, want := w.Pack(), []string{}
		for _, n := range missing {
			delete(p.Operations, w.Digest(n))
			want = append(want, w.Digest(n).String())
		}
		r, got := verifier.Verify(p, w.Trust(), w.Now+10), []string{}
		for _, c := range r.Checks {
			if c.Name == verifier.CheckDocuments && c.Status == marketops.Fail {
				got = append(got, c.Expected)
			}
		}
		if !slices.Equal(got, want) || r.Verified() != (len(missing) == 0) || len(missing) > 0 && (r.Verdict != verifier.Indeterminate || r.Code != marketops.RecordWithheld) {
			t.Errorf("without %v: found %q, want %q; %s", missing, got, want, describe(r))
		}
	}
}
