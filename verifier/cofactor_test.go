package verifier_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// TestCofactor puts a record into a log whose signature holds only for those who multiply by the
// cofactor. Alone, in a pack and in an audit it holds for nobody, so that no two verifiers disagree.
// The control is by the same key, and holds for all.
func TestCofactor(t *testing.T) {
	for path, want := range map[string]marketops.Code{
		"accept/record-mixed-order-key":          "",
		"signature-invalid/record-cofactor-only": marketops.SignatureInvalid,
	} {
		t.Run(path, func(t *testing.T) {
			var v struct {
				Input struct {
					Envelope string
					Keys     [][]byte
				}
			}
			b, err := os.ReadFile("../testdata/vectors/" + path + ".json")
			if err == nil {
				err = json.Unmarshal(b, &v)
			}
			if err != nil {
				t.Fatal(err)
			}
			key, err := crypto.ParseSPKI(v.Input.Keys[0])
			if err != nil {
				t.Fatal(err)
			}
			w := logworld.New()
			w.Run = marketops.NewRunID([16]byte{15: 7})
			w.File.Advisory = append(w.File.Advisory, trust.Key{ID: "mixed", Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(v.Input.Keys[0]), NotBefore: 1, NotAfter: logworld.Start + 1e9})
			w.Allow()
			leaf := log.Leaf(opened(t, []byte(v.Input.Envelope), key))
			index := w.Log.Append(leaf)
			w.Store[log.RecordPath(log.LeafHash(leaf))] = []byte(v.Input.Envelope)
			p := w.Pack()
			p.Records[log.LeafHash(leaf)], p.Proofs[log.LeafHash(leaf)] = []byte(v.Input.Envelope), w.Log.Prove(index).Format()

			_, err = receipt.Open([]byte(v.Input.Envelope), w.Trust().Ring())
			if marketops.CodeOf(err) != want {
				t.Errorf("alone: %v", err)
			}
			for name, r := range map[string]*verifier.Report{"pack": verifier.Verify(p, w.Trust(), w.Now+1e9), "log": audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{})} {
				if got := failed(r, marketops.SignatureInvalid); got != (want != "") {
					t.Errorf("%s: %s", name, describe(r))
				}
			}
		})
	}
}

func failed(r *verifier.Report, code marketops.Code) bool {
	for _, c := range r.Checks {
		if c.Status == marketops.Fail && c.Code == code {
			return true
		}
	}
	return false
}

// opened takes an envelope apart without verifying it, for the leaf that it would have.
func opened(t *testing.T, env []byte, key crypto.PublicKey) *crypto.Opened {
	t.Helper()
	var e struct {
		Payload    []byte
		Signatures []struct{ Sig []byte }
	}
	if err := json.Unmarshal(env, &e); err != nil {
		t.Fatal(err)
	}
	return &crypto.Opened{Payload: e.Payload, By: key.ID(), Key: key, Sig: e.Signatures[0].Sig, PAE: crypto.PAE(receipt.PayloadType, e.Payload)}
}
