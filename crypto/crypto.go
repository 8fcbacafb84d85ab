// Package crypto signs and opens the envelopes that everything here is written in.
//
// An envelope is DSSE v1 with exactly one pure Ed25519 signature:
//
//	{"payload":"<base64>","payloadType":"<type>","signatures":[{"keyid":"SHA256:…","sig":"<base64>"}]}
//
// The signature covers PAE(type, payload) = "DSSEv1" SP len SP type SP len SP payload, so the
// payload is never re-serialised. keyid is empty or the SSH fingerprint of the key; it is a hint
// that speeds the search and is never trusted: an envelope belongs to the key that verifies it.
//
// [Open] is the only way to a payload, and it needs a [Keyring]: nothing unverified has a name.
// Envelopes written by others may order and space their JSON as they like and may use standard
// or url-safe padded base64; each base64 text must be the canonical one of its alphabet. More
// than one signature, unknown or duplicate members, and trailing data are refused. A threshold
// of signers is several envelopes over the same payload, counted by the caller over people.
//
// Envelope bytes are therefore malleable. What names a record is [PAEDigest] of what was
// signed, never a hash of the envelope.
package crypto

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
)

// Limits.
const (
	MaxEnvelope = 4 << 20 // bytes of one envelope
	MaxKeys     = 1024    // keys of one keyring
)

// PAE returns the DSSE v1 pre-authentication encoding.
func PAE(payloadType string, payload []byte) []byte {
	return append(paeHead(payloadType, len(payload)), payload...)
}

// paeHead returns what stands before a payload of this size, with room for it.
func paeHead(payloadType string, size int) []byte {
	b := make([]byte, 0, len(payloadType)+size+40)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(append(append(b, ' '), payloadType...), ' ')
	return append(strconv.AppendInt(b, int64(size), 10), ' ')
}

// PAEDigest returns SHA-256(PAE), the name of a record.
func PAEDigest(payloadType string, payload []byte) marketops.Digest {
	return marketops.DigestOf(PAE(payloadType, payload))
}

type envelope struct {
	Payload     string      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID KeyID  `json:"keyid"`
	Sig   string `json:"sig"`
}

// Sign returns the canonical envelope of payload. It verifies what the signer made.
func Sign(payloadType string, payload []byte, by Signer) ([]byte, error) {
	pae := PAE(payloadType, payload)
	sig, err := by.Sign(pae)
	if err != nil {
		return nil, err
	}
	if !by.Public().Verify(pae, sig) {
		return nil, errors.New("the signer made a signature that its public key does not verify")
	}
	return canon.Encode(envelope{
		Payload:     base64.StdEncoding.EncodeToString(payload),
		PayloadType: payloadType,
		Signatures:  []signature{{by.Public().ID(), base64.StdEncoding.EncodeToString(sig)}},
	})
}

// Opened is a verified envelope: the payload, the key that made it, and what a log leaf needs.
type Opened struct {
	Payload []byte
	By      KeyID
	Key     PublicKey
	Sig     []byte // 64 bytes
	PAE     []byte
}

// Digest returns SHA-256(PAE), the name of the record.
func (o *Opened) Digest() marketops.Digest { return marketops.DigestOf(o.PAE) }

// Open returns an envelope of this payload type that a key of the ring signed. Errors carry
// [marketops.ReceiptMalformed], [marketops.PayloadTypeWrong], [marketops.KeyUnknown] (keyid names
// no key of the ring and none verifies) or [marketops.SignatureInvalid].
func Open(env []byte, payloadType string, known *Keyring) (*Opened, error) {
	return Opener{}.Open(env, payloadType, known)
}

// Open is the package's [Open] in the opener's way.
func (o Opener) Open(env []byte, payloadType string, known *Keyring) (*Opened, error) {
	u, err := o.parse(env)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.ReceiptMalformed, "envelope", err)
	}
	if u.payloadType != payloadType {
		return nil, marketops.Refuse(marketops.PayloadTypeWrong, fmt.Sprintf("%.100q, want %q", u.payloadType, payloadType))
	}
	if i := known.find(o, u.hint, u.pae, u.sig); i >= 0 {
		return &Opened{Payload: u.payload, By: known.names[i], Key: known.keys[i], Sig: u.sig, PAE: u.pae}, nil
	}
	if _, named := known.Key(u.hint); !named && u.hint != "" {
		return nil, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("key %.80q is not trusted here", u.hint))
	}
	return nil, marketops.Refuse(marketops.SignatureInvalid, "no trusted key made this signature")
}

// unverified is what an envelope says.
type unverified struct {
	payloadType       string
	hint              KeyID
	pae, payload, sig []byte // payload is the end of pae
}

func (o Opener) parse(env []byte) (u unverified, err error) {
	var e envelope
	if _, err := o.Decode(env, MaxEnvelope, &e); err != nil {
		return u, err
	}
	if len(e.Signatures) != 1 {
		return u, fmt.Errorf("%d signatures, want exactly one", len(e.Signatures))
	}
	u.payloadType, u.hint = e.PayloadType, e.Signatures[0].KeyID
	if u.hint != "" && !u.hint.Valid() {
		return u, fmt.Errorf("keyid %.80q is neither empty nor an SSH fingerprint", u.hint)
	}
	if u.pae, u.payload, err = unbase64PAE(e.PayloadType, e.Payload); err != nil || len(u.payload) == 0 {
		return u, fmt.Errorf("payload is not canonical base64, or empty: %w", orEmpty(err))
	}
	if u.sig, err = unbase64(nil, e.Signatures[0].Sig); err != nil || len(u.sig) != ed25519.SignatureSize {
		return u, fmt.Errorf("signature is not the canonical base64 of %d bytes: %w", ed25519.SignatureSize, orEmpty(err))
	}
	return u, nil
}

// unbase64PAE decodes a payload to where its PAE holds it.
func unbase64PAE(payloadType, encoded string) (pae, payload []byte, err error) {
	padding := len(encoded) - len(strings.TrimRight(encoded, "="))
	size := max(0, base64.StdEncoding.DecodedLen(len(encoded))-padding)
	head := paeHead(payloadType, size)
	pae, err = unbase64(head, encoded)
	if err != nil || len(pae) != len(head)+size {
		return nil, nil, orEmpty(err)
	}
	return pae, pae[len(head):], nil
}

var errEmpty = errors.New("wrong length")

func orEmpty(err error) error {
	if err == nil {
		return errEmpty
	}
	return err
}

// Without trailing bits.
var standard, urlSafe = base64.StdEncoding.Strict(), base64.URLEncoding.Strict()

// unbase64 appends what padded standard or url-safe base64 (DSSE v1 demands both) says in its one
// spelling: no trailing bits, and no newlines, which the decoder would skip.
func unbase64(b []byte, s string) ([]byte, error) {
	enc := standard
	if strings.Contains(s, "-") || strings.Contains(s, "_") {
		enc = urlSafe
	}
	if strings.Contains(s, "\r") || strings.Contains(s, "\n") {
		return nil, errors.New("not canonical")
	}
	return enc.AppendDecode(b, []byte(s))
}

// EqualPayload reports whether two opened envelopes sign the same bytes.
func EqualPayload(a, b *Opened) bool { return bytes.Equal(a.PAE, b.PAE) }

// NameUnverified returns SHA-256(PAE) of an envelope without verifying it, and zero for anything
// that is no envelope of this payload type. It is good for naming a file, for nothing else.
func NameUnverified(env []byte, payloadType string) marketops.Digest {
	u, err := Opener{}.parse(env)
	if err != nil || u.payloadType != payloadType {
		return marketops.Digest{}
	}
	return marketops.DigestOf(u.pae)
}
