package federation

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt/trust"
)

// Caller is who made a call, after the request that signs it was verified.
type Caller struct {
	trust.Holder
	Key     crypto.KeyID
	Request marketops.Digest // of the signed request
}
