package receipt

import (
	"bytes"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

// LoggedEnvelope is an envelope and the proof that the log holds it.
type LoggedEnvelope struct {
	Envelope []byte
	Proof    *log.Proof

	record *Record // of the envelope; nil: not opened yet
}

// Logged returns a record with its proof. Under the trust file whose keys opened it, its signature is
// not verified again.
func (r *Record) Logged(p *log.Proof) LoggedEnvelope {
	return LoggedEnvelope{Envelope: r.Envelope, Proof: p, record: r}
}

// Open opens the envelope, unless these very keys have.
func (l LoggedEnvelope) Open(known *crypto.Keyring) (*Record, error) {
	if l.record != nil && known != nil && l.record.under == known && bytes.Equal(l.Envelope, l.record.Envelope) {
		return l.record, nil
	}
	return Open(l.Envelope, known)
}
