package offline

import (
	"io"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
)

// wrongPack is the report about a file that is neither pack nor bundle; nil where it is not known what it is.
func wrongPack(kind verifier.Kind, path string, data []byte, t *trust.Trust) *verifier.Report {
	what := foreign.Name(data)
	if what == "" || foreign.IsOurs(what) {
		return nil
	}
	name := map[verifier.Kind]string{verifier.OfPack: verifier.CheckPack, verifier.OfBundle: verifier.CheckBundle}[kind]
	return verifier.Refused(kind, name, t, WrongFile(path, what, "a .mopack of marketops, or a bundle that it exported",
		"name the .mopack that marketops pack wrote, or the bundle.json that marketops export sigstore wrote"))
}

// WrongFile is the refusal of a file that is something else than what was wanted.
func WrongFile(path, is, wanted, next string) error {
	r := marketops.Refuse(marketops.WrongFile, path+" is "+is+"; wanted is "+wanted)
	r.Next = next
	return r
}

// beginning returns as much of a file as is looked at to name it.
func beginning(f io.ReaderAt, size int64) []byte {
	data := make([]byte, min(size, foreign.MaxRead))
	n, _ := f.ReadAt(data, 0)
	return data[:n]
}
