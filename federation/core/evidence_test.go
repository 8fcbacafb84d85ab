package core_test

import (
	"context"
	"testing"

	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// TestEvidenceStays: evidence follows the first run that brought it, also when another brings the same, and each text
// that the Core itself writes follows the run that it is about.
func TestEvidenceStays(t *testing.T) {
	t.Parallel()
	ctx, w := context.Background(), world.New(t)
	first, second := w.NewRun().Submit(), w.NewRun().Submit()
	d := first.Submission.Body.(*receipt.Submission).Findings
	must(t, w.Ledger.Bring(ctx, second.ID, d))
	if run := got(w.Ledger.Brought(ctx, d))(t); run != first.ID {
		t.Errorf("it follows %s", run)
	}
	first.Decide()
	entries, _ := w.Records(first.ID)
	found := 0
	for _, e := range entries {
		rec := got(receipt.Open(e.Envelope, w.Trust.Ring()))(t)
		for _, d := range rec.Body.Refs().Evidence {
			found++
			if run := got(w.Ledger.Brought(ctx, d))(t); run != first.ID {
				t.Errorf("a text of the %s follows %q", rec.Body.Kind(), run)
			}
		}
	}
	if found < 3 {
		t.Errorf("%d texts", found)
	}
}
