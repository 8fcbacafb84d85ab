package verifier

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
)

// Pin says which trust files a caller takes. The zero value takes any.
type Pin struct {
	Digest     marketops.Digest // of the file's bytes; zero: any
	MinVersion int64
}

// Check returns an error that carries [marketops.TrustMissing] for another file than the pinned
// one, or [marketops.TrustRolledBack] for an older version.
func (p Pin) Check(t *trust.Trust) error {
	switch {
	case !Usable(t):
		return marketops.Refuse(marketops.TrustMissing, "no trust file")
	case !p.Digest.IsZero() && t.Digest() != p.Digest:
		return marketops.Refuse(marketops.TrustMissing, fmt.Sprintf("the trust file is %s, not the pinned %s", t.Digest(), p.Digest))
	case t.Version() < p.MinVersion:
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("the trust file has version %d, at least %d is wanted", t.Version(), p.MinVersion))
	}
	return nil
}
