package interop

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

// sigstoreGo verifies an artifact the way the library's documentation says for a key and no
// observed time: signature, subject and one log entry.
func sigstoreGo(f folder, artifact string) (*verify.VerificationResult, error) {
	b, err := bundle.LoadJSONFromPath(f.bundle)
	if err != nil {
		return nil, errors.Join(errors.New("bundle"), err)
	}
	logs, err := root.NewTrustedRootFromPath(f.root)
	if err != nil {
		return nil, errors.Join(errors.New("trusted root"), err)
	}
	key, err := publicKey(f.key)
	if err != nil {
		return nil, err
	}
	keys := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(key, time.Time{}, time.Time{}), nil
	})
	v, err := verify.NewVerifier(root.TrustedMaterialCollection{logs, keys}, verify.WithTransparencyLog(1), verify.WithNoObserverTimestamps())
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(artifact)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(text)
	return v.Verify(b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest[:]), verify.WithKey()))
}

func publicKey(file string) (signature.Verifier, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(text)
	if block == nil || len(rest) != 0 {
		return nil, errors.New("not one PEM block")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return signature.LoadVerifier(key, crypto.SHA256)
}

func TestSigstoreGoVerifies(t *testing.T) {
	for name, c := range map[string]struct {
		e              *export
		artifact, want string
	}{
		"receipt of a release": {evidence.receipt, evidence.receipt.Document, "receipt"},
		"outcome of a release": {evidence.outcome, evidence.outcome.Document, "outcome"},
		"receipt of a tag":     {evidence.tag, evidence.tag.Document, "receipt"},
		"downloaded asset":     {evidence.receipt, evidence.asset, "receipt"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sigstoreGo(copied(t, c.e), c.artifact)
			must(t, err)
			if want := "https://github.com/omega/marketops/" + c.want + "/v2"; got.Statement.GetPredicateType() != want || c.e.PredicateType != want {
				t.Errorf("the statement is a %s, the export says %s, want %s", got.Statement.GetPredicateType(), c.e.PredicateType, want)
			}
		})
	}
}

func TestSigstoreGoRefuses(t *testing.T) {
	for of, e := range map[string]*export{"receipt": evidence.receipt, "outcome": evidence.outcome} {
		for _, c := range tamperings {
			t.Run(of+"/"+c.name, func(t *testing.T) {
				f := copied(t, e)
				if _, err := sigstoreGo(f, f.document); err != nil {
					t.Fatalf("the untouched copy: %v", err)
				}
				c.do(t, f)
				_, err := sigstoreGo(f, f.document)
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v, want it to speak of %q", err, c.says)
				}
			})
		}
	}
}

// TestSigstoreGoTellsFilesApart asks about files that the record is not about.
func TestSigstoreGoTellsFilesApart(t *testing.T) {
	changed := t.TempDir() + "/widget.tar.gz"
	must(t, os.WriteFile(changed, append(read(t, evidence.asset), '!'), 0o644))
	for name, c := range map[string]struct {
		e        *export
		artifact string
	}{
		"changed asset":           {evidence.receipt, changed},
		"the other operation":     {evidence.receipt, evidence.tag.Document},
		"asset of another record": {evidence.tag, evidence.asset},
	} {
		if _, err := sigstoreGo(copied(t, c.e), c.artifact); err == nil || !strings.Contains(err.Error(), "digest") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeysDoNotMix gives the outcome's bundle the authority's key, which the same run trusts.
func TestKeysDoNotMix(t *testing.T) {
	f := copied(t, evidence.outcome)
	f.key = evidence.receipt.Signatures[0].Public
	if _, err := sigstoreGo(f, f.document); err == nil {
		t.Error("the authority's key verifies what the publisher signed")
	}
}
