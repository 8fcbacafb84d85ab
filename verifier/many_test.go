package verifier_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
)

// TestManyRecords verifies a pack that is large enough for several processors and for expanded keys,
// and finds the one record in it that somebody bent.
func TestManyRecords(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	w := logworld.New()
	for range 200 {
		w.Refuse(marketops.Expired)
	}
	w.Live()
	p, total := w.Pack(), len(w.Entries)
	r := verifier.Verify(p, w.Trust(), w.Now)
	all := verifier.Check{Name: verifier.CheckInclusion, Status: marketops.Pass, Detail: fmt.Sprintf("%d of %d records", total, total)}
	if !r.Verified() || total < 200 || !slices.Contains(r.Checks, all) {
		t.Fatal(total, describe(r))
	}
	other := w.Entries[0].Record
	p.Records[w.Entries[150].Record.LeafHash()] = other.Envelope
	if r := verifier.Verify(p, w.Trust(), w.Now); r.Verified() || r.Code != marketops.LeafMismatch {
		t.Error("another record in its place:", describe(r))
	}
}
