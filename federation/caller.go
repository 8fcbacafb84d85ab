package federation

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt/trust"
)

// Caller is who made a call, after the request that signs it was verified.
type Caller struct {
	trust.Holder
	Key      crypto.KeyID
	Request  marketops.Digest // of the signed request
	Envelope []byte           // the signed request
}

// ShareOf names whose share of the limits a holder's calls take: a person has one under all keys.
func ShareOf(h trust.Holder) string { return string(h.Role) + " " + h.Name }
