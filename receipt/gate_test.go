package receipt_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// manipulation is one thing done to the scene that passes, and the code that must answer it.
type manipulation struct {
	code   marketops.Code // the first failure
	name   string
	before func(*scene)    // anything is signed
	after  func(*question) // everything was
	proves marketops.Code  // another code that must fail beside code, where code hides it
}

func setReceipt(f func(*receipt.Receipt)) func(*scene) { return func(s *scene) { s.receipt = f } }

func setAsk(f func(*receipt.Asking)) func(*question) { return func(q *question) { f(&q.ask) } }

func setVote(i int, f func(*receipt.Approval)) func(*scene) {
	return func(s *scene) { s.ballots[i].edit = f }
}

// firstReceipt changes the envelope of the first authority.
func firstReceipt(f func([]byte) []byte) func(*question) {
	return func(q *question) { q.ev.Receipts[0].Envelope = f(q.ev.Receipts[0].Envelope) }
}

func swap(old, new string) func([]byte) []byte {
	return func(b []byte) []byte {
		if !bytes.Contains(b, []byte(old)) {
			panic(old + " is not there")
		}
		return bytes.Replace(b, []byte(old), []byte(new), 1)
	}
}

func edited(old, new string) func(*question) {
	return firstReceipt(func(env []byte) []byte { return replace(env, keyAuthority1, old, new) })
}

var manipulations = []manipulation{
	{code: marketops.ModeNotProd, name: "upper-case", after: setAsk(func(a *receipt.Asking) { a.Mode = "PROD" })},
	{code: marketops.ModeNotProd, name: "title-case", after: setAsk(func(a *receipt.Asking) { a.Mode = "Prod" })},
	{code: marketops.ModeNotProd, name: "trailing-space", after: setAsk(func(a *receipt.Asking) { a.Mode = "prod " })},
	{code: marketops.ModeNotProd, name: "dry-run", after: setAsk(func(a *receipt.Asking) { a.Mode = marketops.DryRun })},
	{code: marketops.ModeNotProd, name: "empty", after: setAsk(func(a *receipt.Asking) { a.Mode = "" })},

	{code: marketops.ReceiptMissing, name: "none", after: func(q *question) { q.ev.Receipts = nil }},

	{code: marketops.ReceiptMalformed, name: "empty-envelope", after: firstReceipt(func([]byte) []byte { return nil })},
	{code: marketops.ReceiptMalformed, name: "truncated", after: firstReceipt(func(b []byte) []byte { return b[:len(b)-1] })},
	{code: marketops.ReceiptMalformed, name: "duplicate-member", after: firstReceipt(swap(`"payloadType":`, `"payloadType":"application/vnd.in-toto+json","payloadType":`))},
	{code: marketops.ReceiptMalformed, name: "statement-reordered", after: edited(`{"_type":"https://in-toto.io/Statement/v1","predicate":`, `{"predicate":`)},
	{code: marketops.ReceiptMalformed, name: "statement-with-space", after: edited(`"enforceable":true`, `"enforceable": true`)},
	{code: marketops.ReceiptMalformed, name: "statement-duplicate-member", after: edited(`"enforceable":true`, `"enforceable":true,"enforceable":true`)},
	{code: marketops.ReceiptMalformed, name: "enforceable-absent", after: edited(`"enforceable":true,`, ``)},
	{code: marketops.ReceiptMalformed, name: "enforceable-null", after: edited(`"enforceable":true`, `"enforceable":null`)},
	{code: marketops.ReceiptMalformed, name: "number-as-float", after: edited(`"version":3`, `"version":3.0`)},
	{code: marketops.ReceiptMalformed, name: "number-beyond-2-to-the-53", after: edited(`"version":3`, `"version":9007199254740993`)},
	{code: marketops.ReceiptMalformed, name: "number-beyond-64-bits", after: edited(`"version":3`, `"version":18446744073709551619`)},
	{code: marketops.ReceiptMalformed, name: "nul-in-text", after: edited(`"mode":"prod"`, `"mode":"prod\u0000"`+"\x00")},
	{code: marketops.ReceiptMalformed, name: "statement-v0.1", after: edited("Statement/v1", "Statement/v0.1")},
	{code: marketops.ReceiptMalformed, name: "no-audience", after: edited(`"audience":["`+string(id(keyPublisher))+`"]`, `"audience":[]`)},
	{code: marketops.ReceiptMalformed, name: "authorities-differ", before: func(s *scene) {
		s.other = func(r *receipt.Receipt) { r.ReceiptID = marketops.NewReceiptID([16]byte{1}) }
	}},

	{code: marketops.PayloadTypeWrong, name: "json", after: firstReceipt(func(b []byte) []byte { return resign("application/json", payloadOf(b), keyAuthority1) })},
	{code: marketops.PayloadTypeWrong, name: "upper-case", after: firstReceipt(func(b []byte) []byte {
		return resign("Application/vnd.in-toto+json", payloadOf(b), keyAuthority1)
	})},
	{code: marketops.PayloadTypeWrong, name: "checkpoint-as-payload", after: firstReceipt(func([]byte) []byte {
		return resign("text/plain", []byte("log.example\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), keyAuthority1)
	})},

	{code: marketops.PredicateTypeWrong, name: "submission-as-receipt", after: func(q *question) { q.ev.Receipts = []receipt.Logged{q.ev.Submission} }},
	{code: marketops.PredicateTypeWrong, name: "approval-as-receipt", after: func(q *question) { q.ev.Receipts = q.ev.Approvals[:1] }},
	{code: marketops.PredicateTypeWrong, name: "advisory-as-receipt", after: func(q *question) {
		q.ev.Receipts = []receipt.Logged{{Envelope: advisory().Envelope}}
	}},
	{code: marketops.PredicateTypeWrong, name: "outcome-as-receipt", after: func(q *question) {
		q.ev.Receipts = []receipt.Logged{{Envelope: outcome().Envelope}}
	}},
	{code: marketops.PredicateTypeWrong, name: "plan-type", after: edited("/marketops/receipt/v1", "/marketops/plan/v1")},
	{code: marketops.PredicateTypeWrong, name: "newer-version", after: edited("/marketops/receipt/v1", "/marketops/receipt/v2")},

	{code: marketops.KeyUnknown, name: "stranger", before: func(s *scene) { s.authorities = []byte{keyStranger, keyAuthority2} }},
	{code: marketops.KeyUnknown, name: "advisory-key", before: func(s *scene) { s.authorities = []byte{keyAdvisory, keyAuthority2} }},
	{code: marketops.KeyUnknown, name: "ledger-key", before: func(s *scene) { s.authorities = []byte{keyLedger, keyAuthority2} }},
	{code: marketops.KeyUnknown, name: "person-key", before: func(s *scene) { s.authorities = []byte{keyAlice, keyAuthority2} }},
	{code: marketops.KeyUnknown, name: "publisher-key", before: func(s *scene) { s.authorities = []byte{keyPublisher} }},
	{code: marketops.KeyUnknown, name: "log-key", before: func(s *scene) { s.authorities = []byte{keyLog, keyAuthority2} }},
	{code: marketops.KeyUnknown, name: "advisory-promoted", after: firstReceipt(func(b []byte) []byte {
		return resign(receipt.PayloadType, payloadOf(b), keyAdvisory)
	})},

	{code: marketops.KeyOutsideValidity, name: "retired", before: func(s *scene) { s.trust.Authorities[0].NotAfter = noon + 60 }},
	{code: marketops.KeyOutsideValidity, name: "not-in-use-yet", before: func(s *scene) { s.trust.Authorities[0].NotBefore = noon + 61 }},

	{code: marketops.KeyRevoked, name: "from-the-start", before: func(s *scene) {
		s.trust.Authorities[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 0}}
	}},
	{code: marketops.KeyRevoked, name: "from-this-leaf", before: func(s *scene) {
		s.trust.Authorities[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 3}}
	}},
	{code: marketops.KeyRevoked, name: "unlogged", before: func(s *scene) {
		s.trust.Authorities[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 1000}}
	}, after: func(q *question) { q.ev.Receipts[0].Proof = nil }},

	{code: marketops.SignatureInvalid, name: "enforceable-edited", after: firstReceipt(func(b []byte) []byte {
		return reenvelope(b, swap(`"mode":"prod"`, `"mode":"prox"`)(payloadOf(b)))
	})},
	{code: marketops.SignatureInvalid, name: "bit-flipped", after: firstReceipt(func(b []byte) []byte {
		i := bytes.Index(b, []byte(`"sig":"`)) + 10
		b = bytes.Clone(b)
		if b[i]++; b[i] == 'Z'+1 || b[i] == 'z'+1 || b[i] == '9'+1 || b[i] == '/'+1 || b[i] == '+'+1 {
			b[i] = 'A'
		}
		return b
	})},
	{code: marketops.SignatureInvalid, name: "signature-of-another-record", after: func(q *question) {
		q.ev.Receipts[0].Envelope = reenvelope(q.ev.Submission.Envelope, payloadOf(q.ev.Receipts[0].Envelope))
	}},
	{code: marketops.SignatureInvalid, name: "no-keyid-stranger", after: firstReceipt(func(b []byte) []byte {
		env := resign(receipt.PayloadType, payloadOf(b), keyStranger)
		return swap(string(id(keyStranger)), "")(env)
	})},

	{code: marketops.ThresholdUnmet, name: "one-of-two", before: func(s *scene) { s.authorities = s.authorities[:1] }},
	{code: marketops.ThresholdUnmet, name: "one-authority-twice", after: func(q *question) { q.ev.Receipts[1] = q.ev.Receipts[0] }},
	{code: marketops.ThresholdUnmet, name: "two-keys-of-one-authority", before: func(s *scene) {
		s.trust.Authorities = append(s.trust.Authorities, trustKey(50, "core-1"))
		s.authorities = []byte{keyAuthority1, 50}
	}},
	{code: marketops.ThresholdUnmet, name: "no-rule-for-the-target", before: func(s *scene) {
		s.trust.AuthorityRules[0].Targets = []string{"github.com#1"}
	}},

	{code: marketops.NotEnforceable, name: "enforceable-false", before: setReceipt(func(r *receipt.Receipt) { r.Enforceable = false })},
	{code: marketops.NotEnforceable, name: "dry-run", before: setReceipt(func(r *receipt.Receipt) { r.Mode = marketops.DryRun })},
	{code: marketops.NotEnforceable, name: "mode-upper-case", before: setReceipt(func(r *receipt.Receipt) { r.Mode = "PROD" })},

	{code: marketops.AudienceMismatch, name: "another-publisher", before: setReceipt(func(r *receipt.Receipt) { r.Audience = []crypto.KeyID{id(keyStranger)} })},
	{code: marketops.AudienceMismatch, name: "no-publisher", after: setAsk(func(a *receipt.Asking) { a.Publisher = "" })},

	{code: marketops.RunMismatch, name: "another-run", after: setAsk(func(a *receipt.Asking) { a.Run = marketops.NewRunID([16]byte{1}) })},
	{code: marketops.RunMismatch, name: "no-run", after: setAsk(func(a *receipt.Asking) { a.Run = "" })},

	{code: marketops.KindMismatch, name: "tag-receipt-for-release", before: setReceipt(func(r *receipt.Receipt) { r.OperationKind = marketops.TagRepo })},
	{code: marketops.KindMismatch, name: "release-receipt-for-tag", after: setAsk(func(a *receipt.Asking) {
		a.Op.Kind, a.Op.Release, a.Content = marketops.TagRepo, nil, []marketops.Digest{}
	})},

	{code: marketops.RepositoryMismatch, name: "recreated-under-another-id", after: setAsk(func(a *receipt.Asking) { a.Op.Target.RepositoryID = 456 })},
	{code: marketops.RepositoryMismatch, name: "renamed", after: setAsk(func(a *receipt.Asking) { a.Op.Target.FullName = "octo-org/gadgets" })},
	{code: marketops.RepositoryMismatch, name: "other-host", after: setAsk(func(a *receipt.Asking) { a.Op.Target.Host = "github.example" })},
	{code: marketops.RepositoryMismatch, name: "publisher-calls-another-host", after: setAsk(func(a *receipt.Asking) { a.Host = "github.com.example" })},
	{code: marketops.RepositoryMismatch, name: "publisher-calls-no-host", after: setAsk(func(a *receipt.Asking) { a.Host = "" })},

	{code: marketops.OperationMismatch, name: "body-changed", after: setAsk(func(a *receipt.Asking) {
		r := *a.Op.Release
		r.Body += " and more"
		a.Op.Release = &r
	})},
	{code: marketops.OperationMismatch, name: "tag-moved", after: setAsk(func(a *receipt.Asking) {
		tag := *a.Op.Tag
		tag.Commit = strings.Repeat("0", 40)
		a.Op.Tag = &tag
	})},
	{code: marketops.OperationMismatch, name: "subject-differs", before: func(s *scene) {
		d := marketops.DigestOf([]byte("something else"))
		s.subject = &d
	}},

	{code: marketops.ContentMismatch, name: "asset-swapped", after: setAsk(func(a *receipt.Asking) { a.Content[0] = marketops.DigestOf([]byte("abd")) })},
	{code: marketops.ContentMismatch, name: "assets-exchanged", after: setAsk(func(a *receipt.Asking) { slices.Reverse(a.Content) })},
	{code: marketops.ContentMismatch, name: "asset-missing", after: setAsk(func(a *receipt.Asking) { a.Content = a.Content[:1] })},
	{code: marketops.ContentMismatch, name: "asset-extra", after: setAsk(func(a *receipt.Asking) { a.Content = append(a.Content, a.Content[0]) })},
	{code: marketops.ContentMismatch, name: "nothing-measured", after: setAsk(func(a *receipt.Asking) { a.Content = nil })},

	{code: marketops.LifetimeExcessive, name: "ten-years", before: setReceipt(func(r *receipt.Receipt) { r.ExpiresAt = noon + 10*365*24*hour })},
	{code: marketops.LifetimeExcessive, name: "a-second-over-24h", before: setReceipt(func(r *receipt.Receipt) { r.ExpiresAt = noon + 24*hour + 1 })},
	{code: marketops.LifetimeExcessive, name: "over-the-trust-file", before: func(s *scene) { s.trust.MaxLifetime = int64(8*hour - 1) }},
	{code: marketops.LifetimeExcessive, name: "window-before-issue", before: setReceipt(func(r *receipt.Receipt) { r.NotBefore = noon - 17*hour })},

	{code: marketops.NotYetValid, name: "a-second-past-epsilon", after: setAsk(func(a *receipt.Asking) { a.Now = noon - receipt.Epsilon - 1 })},
	{code: marketops.NotYetValid, name: "issued-in-the-future", before: setReceipt(func(r *receipt.Receipt) { r.IssuedAt = noon + hour })},
	{code: marketops.NotYetValid, name: "later-window", before: setReceipt(func(r *receipt.Receipt) { r.NotBefore = noon + hour })},

	{code: marketops.Expired, name: "at-epsilon", after: setAsk(func(a *receipt.Asking) { a.Now = noon + 8*hour - receipt.Epsilon })},
	{code: marketops.Expired, name: "yesterday", after: setAsk(func(a *receipt.Asking) { a.Now = noon + 48*hour }), proves: marketops.Stale},

	{code: marketops.LifetimeExcessive, name: "old-and-long-lived", proves: marketops.Stale,
		before: setReceipt(func(r *receipt.Receipt) { r.ExpiresAt = noon + 100*hour }), after: setAsk(func(a *receipt.Asking) { a.Now = noon + 25*hour })},

	{code: marketops.ApprovalMissing, name: "one-of-two", before: func(s *scene) { s.ballots = s.ballots[:1] }},
	{code: marketops.ApprovalMissing, name: "none", before: func(s *scene) { s.ballots = nil }},
	{code: marketops.ApprovalMissing, name: "outside-the-group", before: func(s *scene) { s.ballots[1].by = keyCarol }},
	{code: marketops.ApprovalMissing, name: "not-named-by-the-receipt", before: func(s *scene) { s.ballots[1].unnamed = true }},
	{code: marketops.ApprovalMissing, name: "named-but-not-shown", after: func(q *question) { q.ev.Approvals = q.ev.Approvals[:1] }},
	{code: marketops.ApprovalMissing, name: "two-keys-of-one-person", proves: marketops.DuplicatePerson,
		before: func(s *scene) { s.ballots[1].by = keyAlicePhone }},
	{code: marketops.ApprovalMissing, name: "requester-as-the-second", proves: marketops.SelfApproval,
		before: func(s *scene) { s.ballots[1].by = keyRequester }},
	{code: marketops.ApprovalMissing, name: "of-another-run", before: setVote(1, func(a *receipt.Approval) { a.RunID = marketops.NewRunID([16]byte{1}) })},
	{code: marketops.ApprovalMissing, name: "of-another-submission", before: setVote(1, func(a *receipt.Approval) { a.Submission = marketops.DigestOf([]byte("s")) })},
	{code: marketops.ApprovalMissing, name: "of-another-plan", before: setVote(1, func(a *receipt.Approval) { a.Plan = marketops.DigestOf([]byte("p")) })},
	{code: marketops.ApprovalMissing, name: "for-another-requester", before: setVote(1, func(a *receipt.Approval) { a.Requester = "carol" })},
	{code: marketops.ApprovalMissing, name: "of-another-operation", before: setVote(1, func(a *receipt.Approval) { a.Operations[0] = marketops.DigestOf([]byte("o")) })},
	{code: marketops.ApprovalMissing, name: "under-another-policy", before: setVote(1, func(a *receipt.Approval) { a.Policy = marketops.DigestOf([]byte("loose")) })},
	{code: marketops.ApprovalMissing, name: "expired-before-issue", before: setVote(1, func(a *receipt.Approval) { a.ExpiresAt = noon })},
	{code: marketops.ApprovalMissing, name: "later-window", before: setVote(1, func(a *receipt.Approval) { a.NotBefore = noon + receipt.Epsilon + 1 })},
	{code: marketops.ApprovalMissing, name: "approver-removed", before: func(s *scene) {
		s.trust.Persons = append(slices.DeleteFunc(s.trust.Persons, func(p receipt.TrustPerson) bool { return p.ID == "bob" }), person("dora", []string{"release"}, 60))
	}},
	{code: marketops.ApprovalMissing, name: "approver-left-the-group", before: func(s *scene) { s.trust.Persons[2].Groups = []string{"guests"} }},
	{code: marketops.ApprovalMissing, name: "approver-key-revoked", before: func(s *scene) {
		s.trust.Persons[2].Keys[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 2}}
	}},
	{code: marketops.ApprovalMissing, name: "approver-key-retired", before: func(s *scene) { s.trust.Persons[2].Keys[0].NotAfter = noon }},
	{code: marketops.ApprovalMissing, name: "publisher-approves", before: func(s *scene) { s.ballots[1].by = keyPublisher }},
	{code: marketops.ApprovalMissing, name: "no-floor-for-the-target", before: func(s *scene) { s.trust.Approvals[0].Targets = []string{"github.com#1"} }},
	{code: marketops.ApprovalMissing, name: "second-floor-unmet", before: func(s *scene) {
		s.trust.Approvals = append(s.trust.Approvals, everything("guests", 1)...)
	}},
	{code: marketops.ApprovalMissing, name: "submission-of-another-plan", before: func(s *scene) {
		s.submission = func(b *receipt.Submission) { b.Plan = marketops.DigestOf([]byte("p")) }
	}},
	{code: marketops.ApprovalMissing, name: "submission-without-the-operation", before: func(s *scene) {
		s.submission = func(b *receipt.Submission) { b.Operations[0] = marketops.DigestOf([]byte("o")) }
	}},
	{code: marketops.ApprovalMissing, name: "submission-signed-by-another", before: func(s *scene) { s.requester = keyBob }},
	{code: marketops.ApprovalMissing, name: "submission-missing", after: func(q *question) { q.ev.Submission = receipt.Logged{} }},
	{code: marketops.ApprovalMissing, name: "receipt-among-approvals", after: func(q *question) { q.ev.Approvals[1] = q.ev.Receipts[0] }},

	{code: marketops.SelfApproval, name: "beside-two-others", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: keyRequester, verdict: "approve"})
	}},
	{code: marketops.DuplicatePerson, name: "second-key", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: keyAlicePhone, verdict: "approve"})
	}},
	{code: marketops.RejectedByApprover, name: "veto", before: func(s *scene) {
		s.trust.Persons = append(s.trust.Persons, person("dora", []string{"release"}, 60))
		s.ballots = append(s.ballots, ballot{by: 60, verdict: "reject", unnamed: true})
	}},
	{code: marketops.RejectedByApprover, name: "by-one-who-approved", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: keyBob, verdict: "reject", unnamed: true})
	}},

	{code: marketops.ReceiptUnlogged, name: "no-checkpoint", after: func(q *question) { q.ev.Checkpoint = nil }},
	{code: marketops.ReceiptUnlogged, name: "receipt-without-proof", after: func(q *question) { q.ev.Receipts[0].Proof = nil }},
	{code: marketops.ReceiptUnlogged, name: "second-authority-without-proof", after: func(q *question) { q.ev.Receipts[1].Proof = nil }},
	{code: marketops.ReceiptUnlogged, name: "submission-without-proof", after: func(q *question) { q.ev.Submission.Proof = nil }},
	{code: marketops.ReceiptUnlogged, name: "approval-without-proof", before: func(s *scene) { s.ballots[0].unlogged = true }},
	{code: marketops.ReceiptUnlogged, name: "proof-of-another-leaf", after: func(q *question) { q.ev.Receipts[0].Proof = q.ev.Submission.Proof }},
	{code: marketops.ReceiptUnlogged, name: "index-off-by-one", after: func(q *question) {
		p := *q.ev.Receipts[0].Proof
		p.Index++
		q.ev.Receipts[0].Proof = &p
	}},
	{code: marketops.ReceiptUnlogged, name: "hash-flipped", after: func(q *question) {
		p := *q.ev.Receipts[0].Proof
		p.Hashes = slices.Clone(p.Hashes)
		p.Hashes[0][0] ^= 1
		q.ev.Receipts[0].Proof = &p
	}},
	{code: marketops.ReceiptUnlogged, name: "empty-proof", after: func(q *question) { q.ev.Receipts[0].Proof = &log.Proof{} }},
	{code: marketops.ReceiptUnlogged, name: "checkpoint-of-another-tree", after: func(q *question) {
		l := newLog()
		for i := range q.log.Size() {
			l.Append([]byte{byte(i)})
		}
		q.ev.Checkpoint = l.Tree().Checkpoint()
	}},
	{code: marketops.ReceiptUnlogged, name: "receipt-before-submission", before: func(s *scene) { s.receiptFirst = true }},
	{code: marketops.ReceiptUnlogged, name: "approval-after-receipt", before: func(s *scene) { s.ballots[1].late = true }},
}

func advisory() *receipt.Record {
	op := releaseOp()
	d, _ := op.Digest()
	r, err := receipt.Seal(&receipt.Advisory{Head: head(200, noon), ReceiptID: marketops.NewReceiptID([16]byte{15: 9}), RunID: marketops.NewRunID([16]byte{15: 7}),
		OperationKind: op.Kind, Operation: d, Plan: marketops.DigestOf([]byte("the plan")), Target: op.Target, Mode: marketops.DryRun,
		Decision: "blocked_by_mode", Codes: []marketops.Code{marketops.ModeNotProd}}, logtest.Key(keyAdvisory), receipt.SubjectOf("operation.json", d))
	if err != nil {
		panic(err)
	}
	return r
}

func outcome() *receipt.Record {
	op := releaseOp()
	d, _ := op.Digest()
	r, err := receipt.Seal(&receipt.Outcome{Head: head(300, noon), OperationID: d, RunID: marketops.NewRunID([16]byte{15: 7}), ReceiptID: marketops.NewReceiptID([16]byte{15: 9}),
		Receipt: marketops.DigestOf([]byte("the receipt")), OperationKind: op.Kind, Epoch: 1, Intent: &log.Position{Origin: "log.example", Index: 5}, Status: "success",
		Effects: []receipt.Effect{{Name: "tag", State: "applied"}}, Checkpoint: &receipt.Seen{Origin: "log.example", Size: 6}}, logtest.Key(keyPublisher), receipt.SubjectOf("operation.json", d))
	if err != nil {
		panic(err)
	}
	return r
}

// reenvelope puts another payload under the signature of env.
func reenvelope(env, payload []byte) []byte {
	return swap(base64.StdEncoding.EncodeToString(payloadOf(env)), base64.StdEncoding.EncodeToString(payload))(env)
}

func (m manipulation) build(t testing.TB) *question {
	s := newScene()
	if m.before != nil {
		m.before(s)
	}
	q := s.build(t)
	if m.after != nil {
		m.after(q)
	}
	return q
}

func checkList(t *testing.T, checks []marketops.Check) {
	t.Helper()
	if len(checks) != len(receipt.GateCodes) || len(checks) != 26 {
		t.Fatalf("%d checks, want 26", len(checks))
	}
	for i, c := range checks {
		if c.Code != receipt.GateCodes[i] || c.Status != marketops.Pass && c.Status != marketops.Fail && c.Status != marketops.NotRun {
			t.Errorf("check %d is %s %q, want %s", i, c.Code, c.Status, receipt.GateCodes[i])
		}
	}
}

func TestGateCodesFollowTheTable(t *testing.T) {
	var gate []marketops.Code
	for _, c := range marketops.Codes {
		if c.Group == "gate" {
			gate = append(gate, c.Code)
		}
	}
	if !slices.Equal(gate, receipt.GateCodes) {
		t.Errorf("the gate answers %v, the table says %v", receipt.GateCodes, gate)
	}
}

func TestGatePassesTheControl(t *testing.T) {
	q := newScene().build(t)
	rec, checks := receipt.Check(q.ask, q.ev, q.trust)
	checkList(t, checks)
	for _, c := range checks {
		if c.Status != marketops.Pass {
			t.Errorf("%s: %s %s", c.Code, c.Status, c.Detail)
		}
	}
	if rec == nil || rec.Body.(*receipt.Receipt).RunID != q.ask.Run {
		t.Fatal("the gate passed and gave no receipt")
	}
}

// TestGateRefuses does one thing at a time to the control; the gate must name exactly that.
func TestGateRefuses(t *testing.T) {
	proved := map[marketops.Code]bool{}
	for _, m := range manipulations {
		t.Run(string(m.code)+"/"+m.name, func(t *testing.T) {
			q := m.build(t)
			rec, checks := receipt.Check(q.ask, q.ev, q.trust)
			checkList(t, checks)
			if rec != nil {
				t.Error("a refused gate gave a receipt")
			}
			if c, failed := marketops.FirstFailure(checks); !failed || c.Code != m.code {
				t.Errorf("first failure is %q (%s), want %s", c.Code, c.Detail, m.code)
			}
			if m.proves != "" && !slices.Contains(failures(checks), m.proves) {
				t.Errorf("%s did not fail: %v", m.proves, failures(checks))
			}
			proved[m.code], proved[m.proves] = true, true
		})
	}
	for _, code := range receipt.GateCodes {
		if !proved[code] {
			t.Errorf("nothing makes the gate answer %s", code)
		}
	}
}

func failures(checks []marketops.Check) (out []marketops.Code) {
	for _, c := range checks {
		if c.Status == marketops.Fail {
			out = append(out, c.Code)
		}
	}
	return out
}

// TestGateClaimsNoMoreThanItSaw holds the gate to honest answers: what stands after the point
// where opening stopped did not run.
func TestGateClaimsNoMoreThanItSaw(t *testing.T) {
	for _, m := range manipulations {
		switch m.code {
		case marketops.ReceiptMissing, marketops.ReceiptMalformed, marketops.PayloadTypeWrong, marketops.SignatureInvalid:
		default:
			continue
		}
		q := m.build(t)
		_, checks := receipt.Check(q.ask, q.ev, q.trust)
		for _, c := range checks[5:] {
			if c.Code != m.code && c.Status != marketops.NotRun {
				t.Errorf("%s/%s: %s is %s though no receipt was opened", m.code, m.name, c.Code, c.Status)
			}
		}
	}
	s := newScene()
	s.authorities = []byte{keyStranger, keyAuthority2}
	q := s.build(t)
	_, checks := receipt.Check(q.ask, q.ev, q.trust)
	for _, c := range checks {
		if (c.Code == marketops.SignatureInvalid || c.Code == marketops.PredicateTypeWrong) && c.Status != marketops.NotRun {
			t.Errorf("%s is %s though no known key signed", c.Code, c.Status)
		}
	}
}

func TestZeroInputsRefuse(t *testing.T) {
	q := newScene().build(t)
	empty, err := receipt.ParseTrust(nil)
	if err == nil || empty != nil {
		t.Fatal("an empty trust file was accepted")
	}
	for name, c := range map[string]struct {
		ask   receipt.Asking
		ev    receipt.Evidence
		trust *receipt.Trust
		want  marketops.Code
	}{
		"nil trust":     {q.ask, q.ev, nil, marketops.KeyUnknown},
		"zero trust":    {q.ask, q.ev, &receipt.Trust{}, marketops.KeyUnknown},
		"zero asking":   {receipt.Asking{}, q.ev, q.trust, marketops.ModeNotProd},
		"zero evidence": {q.ask, receipt.Evidence{}, q.trust, marketops.ReceiptMissing},
		"all zero":      {receipt.Asking{}, receipt.Evidence{}, nil, marketops.ModeNotProd},
	} {
		rec, checks := receipt.Check(c.ask, c.ev, c.trust)
		checkList(t, checks)
		first, failed := marketops.FirstFailure(checks)
		if rec != nil || !failed || first.Code != c.want {
			t.Errorf("%s: %v, want %s", name, first, c.want)
		}
	}
	if c, failed := marketops.FirstFailure(nil); !failed || c.Code != marketops.NothingToVerify {
		t.Error("no checks at all passed")
	}
}

// TestClockEdges walks both sides of every time bound by one second.
func TestClockEdges(t *testing.T) {
	const e = receipt.Epsilon
	for _, c := range []struct {
		name   string
		now    marketops.Time
		edit   func(*receipt.Receipt)
		passes bool
		want   marketops.Code
	}{
		{"epsilon before not_before", noon - e, nil, true, ""},
		{"a second more", noon - e - 1, nil, false, marketops.NotYetValid},
		{"last second", noon + 8*hour - e - 1, nil, true, ""},
		{"a second more", noon + 8*hour - e, nil, false, marketops.Expired},
		{"exactly 24 h", noon + 60, func(r *receipt.Receipt) { r.ExpiresAt = noon + 24*hour }, true, ""},
		{"a second more", noon + 60, func(r *receipt.Receipt) { r.ExpiresAt = noon + 24*hour + 1 }, false, marketops.LifetimeExcessive},
		{"issued at epsilon", noon, func(r *receipt.Receipt) { r.IssuedAt, r.NotBefore = noon+e, noon }, true, ""},
		{"issued past epsilon", noon, func(r *receipt.Receipt) { r.IssuedAt, r.NotBefore = noon+e+1, noon }, false, marketops.NotYetValid},
		{"one second life", noon - e, func(r *receipt.Receipt) { r.ExpiresAt = noon + 1 }, true, ""},
		{"far future clock", 1<<63 - 1, nil, false, marketops.KeyOutsideValidity},
		{"clock before time", -1 << 62, nil, false, marketops.KeyOutsideValidity},
	} {
		s := newScene()
		s.ask.Now, s.receipt = c.now, c.edit
		q := s.build(t)
		_, checks := receipt.Check(q.ask, q.ev, q.trust)
		first, failed := marketops.FirstFailure(checks)
		if failed == c.passes || first.Code != c.want {
			t.Errorf("%s: %+v, want %q", c.name, first, c.want)
		}
	}
}

// TestStaleAge holds the age check by itself: lifetime and expiry always answer before it, and
// it must hold all the same should one of them be lost.
func TestStaleAge(t *testing.T) {
	for age, want := range map[marketops.Time]marketops.Status{
		24*hour - receipt.Epsilon: marketops.Pass, 24*hour - receipt.Epsilon + 1: marketops.Fail,
	} {
		s := newScene()
		s.receipt = func(r *receipt.Receipt) { r.ExpiresAt = noon + 100*hour }
		s.ask.Now = noon + age
		q := s.build(t)
		_, checks := receipt.Check(q.ask, q.ev, q.trust)
		for _, c := range checks {
			if c.Code == marketops.Stale && c.Status != want {
				t.Errorf("at the age of %d s stale is %s, want %s", age, c.Status, want)
			}
		}
	}
}

// TestEnvelopeSpellingIsNoIdentity presents one receipt in other spellings: it is the same
// record, so that none can be spent a second time, or it is refused.
func TestEnvelopeSpellingIsNoIdentity(t *testing.T) {
	q := newScene().build(t)
	control, _ := receipt.Check(q.ask, q.ev, q.trust)
	env := q.ev.Receipts[0].Envelope
	for name, spelt := range map[string][]byte{
		"space":    append([]byte(" \n"), env...),
		"no keyid": swap(`"keyid":"`+string(id(keyAuthority1))+`",`, "")(env),
		"reorder":  reorder(env),
		"url-safe": urlSafe(env),
	} {
		q.ev.Receipts[0].Envelope = spelt
		rec, checks := receipt.Check(q.ask, q.ev, q.trust)
		if rec == nil {
			c, _ := marketops.FirstFailure(checks)
			t.Fatalf("%s: %v", name, c)
		}
		if rec.Digest != control.Digest || rec.LeafHash() != control.LeafHash() {
			t.Errorf("%s: another identity", name)
		}
	}
}

func reorder(env []byte) []byte {
	i := bytes.Index(env, []byte(`"payloadType"`))
	j := bytes.Index(env, []byte(`"signatures"`))
	return slices.Concat([]byte("{"), env[j:len(env)-1], []byte(","), env[i:j-1], []byte(","), env[1:i-1], []byte("}"))
}

func urlSafe(env []byte) []byte {
	return []byte(strings.Replace(string(env), base64.StdEncoding.EncodeToString(payloadOf(env)), base64.URLEncoding.EncodeToString(payloadOf(env)), 1))
}

// TestNonMemberRejectionIsNoVeto is the control of rejected-by-approver.
func TestNonMemberRejectionIsNoVeto(t *testing.T) {
	s := newScene()
	s.ballots = append(s.ballots, ballot{by: keyCarol, verdict: "reject", unnamed: true})
	q := s.build(t)
	if rec, checks := receipt.Check(q.ask, q.ev, q.trust); rec == nil {
		t.Errorf("refused: %v", failures(checks))
	}
}

// TestExamineJudgesWithoutContent is for those who judge afterwards.
func TestExamineJudgesWithoutContent(t *testing.T) {
	q := newScene().build(t)
	q.ask.Content = nil
	rec, checks := receipt.Examine(q.ask, q.ev, q.trust)
	if rec == nil || len(failures(checks)) != 0 {
		t.Fatalf("%v", failures(checks))
	}
	if c, _ := marketops.FirstFailure(checks); c.Code != marketops.ContentMismatch || c.Status != marketops.NotRun {
		t.Errorf("%+v", c)
	}
}
