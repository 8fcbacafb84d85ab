package receipt

import (
	"bytes"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

// Entry is one record in the log.
type Entry struct {
	Name     Kind             `json:"name"`
	Digest   marketops.Digest `json:"digest"`
	Leaf     log.Hash         `json:"leaf"`
	Position log.Position     `json:"position"`
	Envelope []byte           `json:"envelope"` // "" where the record was erased
}

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
