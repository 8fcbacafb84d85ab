package verifier

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/receipt/trust"
)

// RefusedForeign is the report about evidence that is no pack and no bundle of marketops but something else that is known;
// nil where that is not known, or where it is a pack or bundle that was changed. The code is [marketops.WrongFile].
func RefusedForeign(kind Kind, data []byte, t *trust.Trust) *Report {
	what := foreign.Name(data)
	if what == "" || foreign.IsOurs(what) {
		return nil
	}
	name := map[Kind]string{OfPack: CheckPack, OfBundle: CheckBundle}[kind]
	return Refused(kind, name, t, WrongFile("the file", what, "a .mopack of marketops, or a bundle that it exported",
		"name the .mopack that marketops pack wrote, or the bundle.json that marketops export sigstore wrote"))
}

// WrongFile is the refusal of a file that is something else than what was wanted.
func WrongFile(name, is, wanted, next string) error {
	r := marketops.Refuse(marketops.WrongFile, name+" is "+is+"; wanted is "+wanted)
	r.Next = next
	return r
}
