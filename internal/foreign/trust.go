package foreign

import (
	"errors"
	"strings"

	"github.com/omega/marketops"
)

// TrustFile explains why a file is no trust file: what it is instead, or with its name what is wrong in it.
func TrustFile(path string, data []byte, err error) error {
	r := &marketops.Refusal{Code: marketops.TrustMissing, What: path, Err: err, Next: "get the current trust.json from the operator, and name it with --trust"}
	if own := (*marketops.Refusal)(nil); errors.As(err, &own) && own.Err != nil {
		r.Err = own.Err
	}
	if what := Name(data); what != "" && !strings.Contains(what, "marketops.trust/") {
		r.What, r.Err = path+" is "+what+"; wanted is a trust file (trust.json)", nil
	}
	return r
}
