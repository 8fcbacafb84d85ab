package sigstore

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
)

// The media types and names of Sigstore's protobuf-specs v0.5 that an export uses.
const (
	rootType   = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
	epoch      = "1970-01-01T00:00:00Z"
	logHash    = "SHA2_256"
	logKeyType = "PKIX_ED25519"
)

type keyIDJSON struct {
	KeyID []byte `json:"keyId"`
}

type envelopeJSON struct {
	Payload     []byte          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []signatureJSON `json:"signatures"`
}

type signatureJSON struct {
	Sig   []byte `json:"sig"`
	KeyID string `json:"keyid"`
}

type rootJSON struct {
	MediaType string    `json:"mediaType"`
	Logs      []logJSON `json:"tlogs"`
}

type logJSON struct {
	BaseURL       string `json:"baseUrl"`
	HashAlgorithm string `json:"hashAlgorithm"`
	PublicKey     struct {
		Raw      []byte `json:"rawBytes"`
		Details  string `json:"keyDetails"`
		ValidFor struct {
			Start string `json:"start"`
		} `json:"validFor"`
	} `json:"publicKey"`
	LogID           keyIDJSON `json:"logId"`
	CheckpointKeyID keyIDJSON `json:"checkpointKeyId"`
}

// bundle spells the envelope anew from what was verified, so that neither its spelling nor its hint
// can differ from what the leaf commits to.
func bundle(r *receipt.Record, p *log.Proof, cp *log.Checkpoint, by log.Party) ([]byte, error) {
	b := verifier.Bundle{MediaType: verifier.BundleType}
	b.Material.PublicKey.Hint = string(r.By)
	e := verifier.BundleEntry{LogIndex: decimal(p.Index), Body: r.Leaf()}
	e.LogID.KeyID = logID(by).KeyID
	e.Kind.Kind, e.Kind.Version = verifier.BundleKind, verifier.BundleKindVersion
	e.Proof = verifier.BundleProof{LogIndex: decimal(p.Index), RootHash: cp.Root[:], TreeSize: decimal(cp.Size), Hashes: []verifier.Base64{}}
	for i := range p.Hashes {
		e.Proof.Hashes = append(e.Proof.Hashes, p.Hashes[i][:])
	}
	e.Proof.Checkpoint.Envelope = string(cp.Raw)
	b.Material.Entries = []verifier.BundleEntry{e}
	var err error
	b.Envelope, err = json.Marshal(envelopeJSON{Payload: r.Opened.Payload, PayloadType: receipt.PayloadType,
		Signatures: []signatureJSON{{Sig: r.Opened.Sig, KeyID: string(r.By)}}})
	if err != nil {
		return nil, err
	}
	return encode(b)
}

// trustedRoot speaks of the logs of the trust file and of nobody else: no certificate authority and
// no time stamping authority is believed.
func trustedRoot(policy *log.Policy) ([]byte, error) {
	r := rootJSON{MediaType: rootType, Logs: []logJSON{}}
	for _, p := range policy.Logs() {
		l := logJSON{BaseURL: "https://" + p.Name, HashAlgorithm: logHash, LogID: logID(p), CheckpointKeyID: logID(p)}
		l.PublicKey.Raw, l.PublicKey.Details, l.PublicKey.ValidFor.Start = p.Key.SPKI(), logKeyType, epoch
		r.Logs = append(r.Logs, l)
	}
	return encode(r)
}

func logID(p log.Party) keyIDJSON {
	id := log.LogID(p.Name, p.Key)
	return keyIDJSON{id[:]}
}

// decimal is how protobuf's JSON writes 64-bit numbers, as strings.
func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, jsontext.WithIndent("  "))
	return append(b, '\n'), err
}
