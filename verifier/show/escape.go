package show

import (
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/visible"
	"github.com/omega/marketops/verifier"
)

// Escape writes what people would not see, or what would move a cursor, as an escape; see package visible.
func Escape(s string) string { return visible.Text(s) }

// JSON writes a report as one object on one line. It is printable ASCII and printable Unicode
// only. A nil report is a failure.
func JSON(w io.Writer, r *verifier.Report) error {
	if r == nil {
		r = verifier.Refused("", "report", nil, marketops.NothingToVerify)
	}
	b, err := json.Marshal(r, json.Deterministic(true), json.FormatNilSliceAsNull(false), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	_, err = w.Write(append(visible.JSON(b), '\n'))
	return err
}
