package verifier

import (
	"encoding/base64"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// The constants of a Sigstore bundle (protobuf-specs v0.5) of ours.
const (
	BundleType        = "application/vnd.dev.sigstore.bundle.v0.3+json"
	BundleKind        = "hashedrekord"
	BundleKindVersion = "0.0.2"
	MaxBundle         = 16 << 20 // bytes
)

// Bundle is a Sigstore bundle v0.3 in the form that package sigstore writes: one envelope, and its
// one entry in the log. What has other members is another's, and is refused.
type Bundle struct {
	MediaType string `json:"mediaType"`
	Material  struct {
		PublicKey struct {
			Hint string `json:"hint"`
		} `json:"publicKey"`
		Entries []BundleEntry `json:"tlogEntries"`
	} `json:"verificationMaterial"`
	Envelope jsontext.Value `json:"dsseEnvelope"`
}

// BundleEntry has neither integratedTime nor inclusionPromise: nobody signed a time for it.
type BundleEntry struct {
	LogIndex string `json:"logIndex"`
	LogID    struct {
		KeyID Base64 `json:"keyId"`
	} `json:"logId"`
	Kind struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	} `json:"kindVersion"`
	Proof BundleProof `json:"inclusionProof"`
	Body  Base64      `json:"canonicalizedBody"`
}

// BundleProof repeats what its checkpoint says; stock verifiers do not compare.
type BundleProof struct {
	LogIndex   string   `json:"logIndex"`
	RootHash   Base64   `json:"rootHash"`
	TreeSize   string   `json:"treeSize"`
	Hashes     []Base64 `json:"hashes"`
	Checkpoint struct {
		Envelope string `json:"envelope"`
	} `json:"checkpoint"`
}

// Base64 is bytes whose text is standard, padded base64 in its one spelling.
type Base64 []byte

// MarshalText implements [encoding.TextMarshaler].
func (b Base64) MarshalText() ([]byte, error) { return base64.StdEncoding.AppendEncode(nil, b), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (b *Base64) UnmarshalText(text []byte) (err error) {
	*b, err = base64.StdEncoding.AppendDecode(nil, text)
	if err == nil && base64.StdEncoding.EncodeToString(*b) != string(text) {
		err = fmt.Errorf("%.80q is not the base64 that its bytes are written as", text)
	}
	return err
}
