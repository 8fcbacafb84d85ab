package crypto

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/edwards25519"
)

// PublicKey is an Ed25519 public key that passed [NewPublicKey]. The zero value verifies nothing.
type PublicKey struct{ raw [ed25519.PublicKeySize]byte }

// KeyID is the SSH-style fingerprint "SHA256:…" of a key, the one form of keyid that stock
// DSSE verifiers accept besides an empty one. It is a name, never a proof.
type KeyID string

// Valid reports whether id has the form of a key id: "SHA256:" and unpadded base64 of 32 bytes.
func (id KeyID) Valid() bool {
	text, found := strings.CutPrefix(string(id), "SHA256:")
	sum, err := base64.RawStdEncoding.Strict().DecodeString(text)
	return found && err == nil && len(sum) == sha256.Size && !strings.ContainsAny(text, "\r\n")
}

// Signer makes pure Ed25519 signatures (RFC 8032 §5.1) over a message.
type Signer interface {
	Public() PublicKey
	Sign(message []byte) ([]byte, error)
}

// ErrWeakKey reports a public key of small order or in a non-canonical encoding. With such a
// key a signature can hold for every message.
var ErrWeakKey = errors.New("weak Ed25519 public key (small order or not canonical)")

// DER leaves one spelling for everything around the 32 bytes of a key, so that a prefix says it.
var (
	spkiPrefix  = []byte("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00")                 // RFC 8410 §4
	pkcs8Prefix = []byte("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20") // RFC 8410 §7
	sshPrefix   = []byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20")                      // RFC 8709 §4
)

// smallOrderY holds the y coordinates, sign bit cleared, of the eight points of small order.
var smallOrderY = [5][32]byte{
	unhex("0000000000000000000000000000000000000000000000000000000000000000"),
	unhex("0100000000000000000000000000000000000000000000000000000000000000"),
	unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
	unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
}

func unhex(s string) (out [32]byte) {
	if n, err := hex.Decode(out[:], []byte(s)); err != nil || n != len(out) {
		panic("crypto: bad constant " + s)
	}
	return out
}

// NewPublicKey accepts the 32 bytes of an Ed25519 public key; the error is [ErrWeakKey] for
// the encodings that RFC 8032 §5.1.3 does not allow and for points of small order. Bytes that are no
// point of the curve are refused too: no signature holds under them.
func NewPublicKey(raw []byte) (PublicKey, error) {
	if len(raw) != ed25519.PublicKeySize {
		return PublicKey{}, fmt.Errorf("an Ed25519 public key has %d bytes, not %d", ed25519.PublicKeySize, len(raw))
	}
	var y [32]byte
	copy(y[:], raw)
	y[31] &= 0x7f
	for _, bad := range smallOrderY {
		if y == bad {
			return PublicKey{}, ErrWeakKey
		}
	}
	if !belowP(y) {
		return PublicKey{}, ErrWeakKey
	}
	if _, err := new(edwards25519.Point).SetBytes(raw); err != nil {
		return PublicKey{}, errors.New("not a point of the curve Ed25519")
	}
	var k PublicKey
	copy(k.raw[:], raw)
	return k, nil
}

// belowP reports whether the little-endian y is less than 2^255 - 19.
func belowP(y [32]byte) bool {
	if y[31] != 0x7f {
		return true
	}
	for _, b := range y[1:31] {
		if b != 0xff {
			return true
		}
	}
	return y[0] < 0xed
}

// ParseSPKI reads a DER SubjectPublicKeyInfo (RFC 8410 §4) of an Ed25519 key, strictly.
func ParseSPKI(der []byte) (PublicKey, error) {
	raw, found := bytes.CutPrefix(der, spkiPrefix)
	if !found || len(raw) != ed25519.PublicKeySize {
		return PublicKey{}, errors.New("not an Ed25519 SubjectPublicKeyInfo")
	}
	return NewPublicKey(raw)
}

// SPKI returns the 44 bytes of the DER SubjectPublicKeyInfo.
func (k PublicKey) SPKI() []byte { return append(bytes.Clone(spkiPrefix), k.raw[:]...) }

// Raw returns a copy of the 32 bytes.
func (k PublicKey) Raw() []byte { return append([]byte(nil), k.raw[:]...) }

// IsZero reports whether k was never set.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// ID returns the SSH fingerprint: SHA-256 over the RFC 4253 §6.6 blob of "ssh-ed25519".
func (k PublicKey) ID() KeyID {
	sum := sha256.Sum256(append(bytes.Clone(sshPrefix), k.raw[:]...))
	return KeyID("SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]))
}

// Verify reports whether sig is a pure Ed25519 signature of message, exactly as the standard
// library judges it (cofactorless, S < L). It is false for the zero key.
func (k PublicKey) Verify(message, sig []byte) bool {
	return !k.IsZero() && len(sig) == ed25519.SignatureSize && ed25519.Verify(k.raw[:], message, sig)
}

// PrivateKey is an Ed25519 private key in memory. It prints as "[private key]".
type PrivateKey struct{ key *secret }

// secret stands behind a pointer because %p, which asks no method, prints what a copy holds.
type secret struct{ ed25519.PrivateKey }

// NewPrivateKey derives a key from a 32-byte seed.
func NewPrivateKey(seed []byte) (*PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("an Ed25519 seed has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	return &PrivateKey{&secret{ed25519.NewKeyFromSeed(seed)}}, nil
}

// ParsePKCS8 reads a DER PKCS#8 v1 private key (RFC 8410 §7) of Ed25519, strictly.
func ParsePKCS8(der []byte) (*PrivateKey, error) {
	seed, found := bytes.CutPrefix(der, pkcs8Prefix)
	if !found || len(seed) != ed25519.SeedSize {
		return nil, errors.New("not an Ed25519 PKCS#8 v1 private key")
	}
	return NewPrivateKey(seed)
}

// PKCS8 returns the DER PKCS#8 v1 form. Handle it like the key itself.
func (k *PrivateKey) PKCS8() []byte {
	return append(bytes.Clone(pkcs8Prefix), k.key.Seed()...)
}

// Seed returns a copy of the 32-byte seed, for log checkpoint signers that need it.
func (k *PrivateKey) Seed() []byte { return k.key.Seed() }

// Public implements [Signer].
func (k *PrivateKey) Public() PublicKey {
	var p PublicKey
	copy(p.raw[:], k.key.Public().(ed25519.PublicKey))
	return p
}

// Sign implements [Signer].
func (k *PrivateKey) Sign(message []byte) ([]byte, error) {
	return ed25519.Sign(k.key.PrivateKey, message), nil
}

// Format keeps a key out of every verb of fmt, %d and %x included, for a pointer and for a copy.
func (PrivateKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// String keeps a key out of what calls it directly.
func (PrivateKey) String() string { return hidden }

// GoString does the same.
func (PrivateKey) GoString() string { return hidden }

const hidden = "[private key]"
