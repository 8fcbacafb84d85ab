package receipt

import (
	"reflect"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/canon/onepass"
	"github.com/omega/marketops/log"
)

// FuzzOnePass holds the audit's way to a record's content to the library's: both take the same payloads
// and read the same out of them.
func FuzzOnePass(f *testing.F) {
	head, d := Header{Nonce: "0123456789abcdef0123456789abcdef", IssuedAt: 1772366400}, marketops.DigestOf([]byte("x"))
	target, key := marketops.Target{Type: "github", Host: "github.com", RepositoryID: 42, FullName: "a/b"}, keyID("SHA256:"+strings.Repeat("A", 43))
	ref, run, id := OperationRef{d, marketops.TagRepo, target}, marketops.NewRunID([16]byte{1}), marketops.NewReceiptID([16]byte{2})
	for _, b := range []Body{
		&Submission{Header: head, RunID: run, Requester: "bob", Plan: d, Operations: []OperationRef{ref}, Findings: d, NotShipped: d},
		&Approval{Header: head, Verdict: "approve", RunID: run, Submission: d, Requester: "bob", Plan: d, Operations: []OperationRef{ref}, Policy: d, Reason: "gut geprüft", NotBefore: 1, ExpiresAt: 2},
		&Claim{Header: head, RunID: run, ReceiptID: id, Receipt: d, Operation: d, Publisher: key, Epoch: 2, Previous: &d},
		&Claim{Header: head, RunID: run, ReceiptID: id, Receipt: d, Operation: d, Publisher: key, Epoch: 1},
		&Outcome{Header: head, OperationID: d, RunID: run, ReceiptID: id, Receipt: d, Epoch: 1, Intent: &log.Position{Origin: "log.example.com", Index: 5}, Status: "success",
			OperationKind: marketops.TagRepo, Effects: []Effect{{Name: "tag", State: "applied", Attempts: 1}}, RetryCount: 1, GitHub: []GitHubID{}, Checkpoint: &CheckpointRef{"log.example.com", 6, log.Hash{1}}},
		&Receipt{Header: head, ReceiptID: id, RunID: run, Operation: d, Plan: d, Policy: d, Trust: TrustRef{7, d}, Target: target, OperationKind: marketops.TagRepo,
			Audience: []keyID{key}, Mode: marketops.Prod, Enforceable: true, NotBefore: 1, ExpiresAt: 2, Submission: d, Approvals: []marketops.Digest{}},
		&RunClosed{Header: head, RunID: run, Plan: d, Counts: []Count{{"claim", 1}}, Records: []marketops.Digest{d}},
	} {
		pred, err := canon.Encode(b)
		if err != nil {
			f.Fatal(err)
		}
		payload, err := canon.Encode(statement{StatementType, b.Kind().predicateType(), []Subject{b.about()}, pred})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
		if plain := newBody(b.Kind().predicateType()); !onepass.Read(pred, plain) {
			f.Errorf("a %s is not read in one pass", b.Kind())
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		_, got, err := parse(crypto.Opener{Read: onepass.Read}, payload)
		_, want, slowErr := parse(crypto.Opener{}, payload)
		if (err == nil) != (slowErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v, want %+v %v", got, err, want, slowErr)
		}
	})
}

type keyID = crypto.KeyID
