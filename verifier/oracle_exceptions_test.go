package verifier_test

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
)

// exceptions are classes of worlds in which the verifiers are known not to do what docs/formats.md says. Each is
// narrow: a world is of the class, and the verdicts differ in the way that the class explains.
var exceptions = []struct {
	why string
	is  func(d *duel, r *verifier.Report, found []marketops.Code) bool
}{
	// The page leaves open what is still asked of a record where one that it names is not in the pack. Here the oracle
	// asks everything that it can, and the verifier stops, or the other way round. Neither is ever verified.
	{"a lie in a pack that lacks what a record names", func(d *duel, r *verifier.Report, found []marketops.Code) bool {
		return r.Kind == verifier.OfPack && !d.lawful && slices.Contains(found, marketops.RecordWithheld) && !r.Verified()
	}},
}

// excepted returns why a difference is known, or nothing.
func (d *duel) excepted(r *verifier.Report, found []marketops.Code) string {
	for _, e := range exceptions {
		if e.is(d, r, found) {
			return e.why
		}
	}
	return ""
}
