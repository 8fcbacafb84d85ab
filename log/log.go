// Package log reads a transparency log: leaves, checkpoints, proofs and tiles, offline.
//
// # Leaf
//
// A leaf commits to a record and does not contain it. It is the body of a Rekor v2
// hashedrekord 0.0.2 entry in its one spelling, 453 bytes long, so that stock cosign and
// sigstore-go rebuild the same leaf from an envelope:
//
//	{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_512","digest":"<SHA-512(PAE)>"},"signature":{"content":"<signature>","verifier":{"keyDetails":"PKIX_ED25519_PH","publicKey":{"rawBytes":"<SPKI>"}}}}}}
//
// The label PKIX_ED25519_PH is what those verifiers ask for; the signature is pure Ed25519.
// The leaf hash is SHA-256(0x00 ‖ leaf), a node SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1).
// The leaf hash names the envelope in the record store: ab/abcdef….json under 64 hex digits.
//
// # Checkpoint
//
// A checkpoint (C2SP tlog-checkpoint) is a signed note (C2SP signed-note):
//
//	<origin>
//	<size>
//	<base64 of the root hash>
//
//	— <origin> <base64 of key id and Ed25519 signature>
//	— <witness> <base64 of key id, time and Ed25519 cosignature>
//
// An origin is a bare host name, one per log shard. Only a [Policy] (C2SP tlog-policy) opens a
// checkpoint: a listed log signed it, every signature by a known key verifies, and the quorum
// of witnesses cosigned it (C2SP tlog-cosignature, cosignature/v1, Ed25519).
//
// # Proof
//
// A proof of inclusion is a C2SP tlog-proof@v1. A [Tree] is a checkpoint and the tiles (C2SP
// tlog-tiles) below it; every hash, entry and proof it returns was verified against the root.
//
// Everything here is pure: no clock, no network, no context. Input is bounded before it is read.
package log

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/transparency-dev/merkle/rfc6962"
)

// Limits.
const (
	MaxSize       = 1 << 40   // entries of one log
	MaxCheckpoint = 256 << 10 // bytes of one checkpoint with its signatures
	MaxSignatures = 64        // signature lines of one checkpoint
	MaxHashes     = 64        // hashes of one proof
	MaxProof      = MaxCheckpoint + MaxHashes*48 + 256
	MaxEntry      = 1<<16 - 1 // bytes of one leaf (C2SP tlog-tiles)
	MaxBundle     = TileWidth * (2 + MaxEntry)
	MaxPolicy     = 256 << 10 // bytes of one policy
	MaxMembers    = 256       // logs, witnesses and groups of one policy, each
	MaxOrigin     = 253       // bytes of an origin
)

// Hash is an RFC 6962 SHA-256 hash of a leaf, a node or a root. Its text form is 64 lower-case
// hex digits.
type Hash [sha256.Size]byte

// EmptyRoot returns the root of the log without entries, SHA-256 of nothing (RFC 6962 §2.1).
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// LeafHash returns SHA-256(0x00 ‖ leaf) (RFC 6962 §2.1).
func LeafHash(leaf []byte) Hash {
	var room [512]byte // most leaves fit, and nothing is allocated
	return sha256.Sum256(append(append(room[:0], rfc6962.RFC6962LeafHashPrefix), leaf...))
}

// NodeHash returns SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1).
func NodeHash(left, right Hash) Hash {
	var room [1 + 2*sha256.Size]byte
	return sha256.Sum256(append(append(append(room[:0], rfc6962.RFC6962NodeHashPrefix), left[:]...), right[:]...))
}

// hasher is RFC 6962 for the library that walks proofs.
type hasher struct{}

func (hasher) EmptyRoot() []byte           { h := EmptyRoot(); return h[:] }
func (hasher) HashLeaf(leaf []byte) []byte { h := LeafHash(leaf); return h[:] }
func (hasher) Size() int                   { return sha256.Size }
func (hasher) HashChildren(left, right []byte) []byte {
	h := NodeHash(Hash(left), Hash(right))
	return h[:]
}

// ParseHash reads the text form, and nothing looser.
func ParseHash(s string) (h Hash, err error) { err = h.UnmarshalText([]byte(s)); return h, err }

// String returns the text form.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether h was never set.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText implements [encoding.TextMarshaler].
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]; upper-case digits are refused.
func (h *Hash) UnmarshalText(b []byte) error {
	var x Hash
	if len(b) != 2*len(x) {
		return fmt.Errorf("%.80q is not 64 lower-case hex digits", b)
	}
	if _, err := hex.Decode(x[:], b); err != nil || x.String() != string(b) {
		return fmt.Errorf("%.80q is not 64 lower-case hex digits", b)
	}
	*h = x
	return nil
}

// Position is a place in a log: the shard's origin and the index of an entry, from zero.
type Position struct {
	Origin string `json:"origin"`
	Index  uint64 `json:"index"`
}
