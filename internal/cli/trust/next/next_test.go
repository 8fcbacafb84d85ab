package next

import (
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt/trust"
)

// TestPending: a version that is not active yet keeps its number. What takes trust away brings it forward, and what gives trust puts
// it off.
func TestPending(t *testing.T) {
	old := logworld.New().Trust()
	keep := func(*trust.File) error { return nil }
	begins := old.File().Effective
	waiting, err := Options{}.edited(old, false, begins+86400, keep)
	if err != nil || waiting.Version() != 2 || waiting.File().Previous != old.Digest() {
		t.Fatalf("%v: %+v", err, waiting)
	}
	for asked, want := range map[marketops.Time]struct{ given, taken marketops.Time }{
		begins + 60:     {begins + 86400, begins + 60},
		begins + 172800: {begins + 172800, begins + 86400},
	} {
		given, err1 := Options{}.edited(waiting, true, asked, keep)
		taken, err2 := Options{Urgent: true}.edited(waiting, true, asked, keep)
		if err1 != nil || err2 != nil || given.File().Effective != want.given || taken.File().Effective != want.taken || taken.Version() != 2 {
			t.Errorf("%s: %v, %v", asked, err1, err2)
		}
	}
}
