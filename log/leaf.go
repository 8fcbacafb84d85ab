package log

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// The fixed text of a leaf around its three base64 values. JCS ordering is in the text itself.
const (
	leafDigest    = `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_512","digest":"`
	leafSignature = `"},"signature":{"content":"`
	leafKey       = `","verifier":{"keyDetails":"PKIX_ED25519_PH","publicKey":{"rawBytes":"`
	leafEnd       = `"}}}}}}`

	spkiSize = 44 // bytes of an Ed25519 SubjectPublicKeyInfo
)

// LeafEntry is what a leaf says: the record's digest, its signature and the key that made it.
type LeafEntry struct {
	PAE512 [sha512.Size]byte // SHA-512 of the signed PAE
	Sig    []byte            // 64 bytes
	Key    crypto.PublicKey
}

// Leaf returns the leaf of a verified envelope. The same envelope always has the same leaf,
// however its JSON is spelt.
func Leaf(o *crypto.Opened) []byte {
	return LeafEntry{PAE512: sha512.Sum512(o.PAE), Sig: o.Sig, Key: o.Key}.format()
}

func (e LeafEntry) format() []byte {
	b := make([]byte, 0, 512)
	b = base64.StdEncoding.AppendEncode(append(b, leafDigest...), e.PAE512[:])
	b = base64.StdEncoding.AppendEncode(append(b, leafSignature...), e.Sig)
	b = base64.StdEncoding.AppendEncode(append(b, leafKey...), e.Key.SPKI())
	return append(b, leafEnd...)
}

// ParseLeaf reads a leaf: parse, re-encode, compare. Anything else, another kind or version,
// another spelling and a weak key included, is [marketops.RecordUnknown]: such an entry must be
// counted, never skipped.
func ParseLeaf(b []byte) (*LeafEntry, error) {
	r := leafReader{rest: b}
	r.text(leafDigest)
	digest := r.base64(sha512.Size)
	r.text(leafSignature)
	sig := r.base64(ed25519.SignatureSize)
	r.text(leafKey)
	spki := r.base64(spkiSize)
	r.text(leafEnd)
	if r.bad || len(r.rest) != 0 {
		return nil, marketops.Refuse(marketops.RecordUnknown, fmt.Sprintf("a leaf of %d bytes is not a hashedrekord 0.0.2 of an Ed25519 signature", len(b)))
	}
	key, err := crypto.ParseSPKI(spki)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.RecordUnknown, "key of a leaf", err)
	}
	e := &LeafEntry{PAE512: [sha512.Size]byte(digest), Sig: sig, Key: key}
	if string(e.format()) != string(b) {
		return nil, marketops.Refuse(marketops.RecordUnknown, "a leaf is not in its one spelling")
	}
	return e, nil
}

// leafReader eats a leaf from the left and remembers whether anything was amiss.
type leafReader struct {
	rest []byte
	bad  bool
}

func (r *leafReader) text(want string) {
	if r.bad || len(r.rest) < len(want) || string(r.rest[:len(want)]) != want {
		r.bad = true
		return
	}
	r.rest = r.rest[len(want):]
}

func (r *leafReader) base64(size int) []byte {
	n := base64.StdEncoding.EncodedLen(size)
	if r.bad || len(r.rest) < n {
		r.bad = true
		return nil
	}
	b, err := base64.StdEncoding.AppendDecode(nil, r.rest[:n])
	r.bad = err != nil || len(b) != size
	r.rest = r.rest[n:]
	return b
}
