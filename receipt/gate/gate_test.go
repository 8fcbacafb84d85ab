package gate_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
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

func setAsk(f func(*gate.Query)) func(*question) { return func(q *question) { f(&q.ask) } }

func setVote(i int, f func(*receipt.Approval)) func(*scene) {
	return func(s *scene) { s.ballots[i].edit = f }
}

// firstReceipt changes the envelope of the first authority.
func firstReceipt(f func([]byte) []byte) func(*question) {
	return func(q *question) { q.ev.Receipts[0].Envelope = f(q.ev.Receipts[0].Envelope) }
}

func edited(old, new string) func(*question) {
	return firstReceipt(func(env []byte) []byte { return sample.Replace(env, sample.KeyAuthority1, old, new) })
}

var manipulations = []manipulation{
	{code: marketops.ModeNotProd, name: "upper-case", after: setAsk(func(a *gate.Query) { a.Mode = "PROD" })},
	{code: marketops.ModeNotProd, name: "title-case", after: setAsk(func(a *gate.Query) { a.Mode = "Prod" })},
	{code: marketops.ModeNotProd, name: "trailing-space", after: setAsk(func(a *gate.Query) { a.Mode = "prod " })},
	{code: marketops.ModeNotProd, name: "dry-run", after: setAsk(func(a *gate.Query) { a.Mode = marketops.DryRun })},
	{code: marketops.ModeNotProd, name: "empty", after: setAsk(func(a *gate.Query) { a.Mode = "" })},

	{code: marketops.TrustExpired, name: "trust-file-expired", before: func(s *scene) { s.trust.Expires = s.ask.Now }},
	{code: marketops.TrustExpired, name: "trust-file-expired-long-ago", before: func(s *scene) { s.trust.Effective, s.trust.Expires = 1, 2 }},

	{code: marketops.ReceiptMissing, name: "none", after: func(q *question) { q.ev.Receipts = nil }},

	{code: marketops.ReceiptMalformed, name: "empty-envelope", after: firstReceipt(func([]byte) []byte { return nil })},
	{code: marketops.ReceiptMalformed, name: "truncated", after: firstReceipt(func(b []byte) []byte { return b[:len(b)-1] })},
	{code: marketops.ReceiptMalformed, name: "duplicate-member", after: firstReceipt(sample.Swap(`"payloadType":`, `"payloadType":"application/vnd.in-toto+json","payloadType":`))},
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
	{code: marketops.ReceiptMalformed, name: "no-audience", after: edited(`"audience":["`+string(sample.ID(sample.KeyPublisher))+`"]`, `"audience":[]`)},
	{code: marketops.ReceiptMalformed, name: "authorities-differ", before: func(s *scene) {
		s.other = func(r *receipt.Receipt) { r.ReceiptID = marketops.NewReceiptID([16]byte{1}) }
	}},

	{code: marketops.PayloadTypeWrong, name: "json", after: firstReceipt(func(b []byte) []byte {
		return sample.Sign("application/json", sample.PayloadOf(b), sample.KeyAuthority1)
	})},
	{code: marketops.PayloadTypeWrong, name: "upper-case", after: firstReceipt(func(b []byte) []byte {
		return sample.Sign("Application/vnd.in-toto+json", sample.PayloadOf(b), sample.KeyAuthority1)
	})},
	{code: marketops.PayloadTypeWrong, name: "checkpoint-as-payload", after: firstReceipt(func([]byte) []byte {
		return sample.Sign("text/plain", []byte("log.example\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), sample.KeyAuthority1)
	})},

	{code: marketops.PredicateTypeWrong, name: "submission-as-receipt", after: func(q *question) { q.ev.Receipts = []receipt.LoggedEnvelope{q.ev.Submission} }},
	{code: marketops.PredicateTypeWrong, name: "approval-as-receipt", after: func(q *question) { q.ev.Receipts = q.ev.Approvals[:1] }},
	{code: marketops.PredicateTypeWrong, name: "advisory-as-receipt", after: func(q *question) {
		q.ev.Receipts = []receipt.LoggedEnvelope{{Envelope: sample.Advisory().Envelope}}
	}},
	{code: marketops.PredicateTypeWrong, name: "outcome-as-receipt", after: func(q *question) {
		q.ev.Receipts = []receipt.LoggedEnvelope{{Envelope: outcome().Envelope}}
	}},
	{code: marketops.PredicateTypeWrong, name: "plan-type", after: edited("/marketops/receipt/v2", "/marketops/plan/v2")},
	{code: marketops.PredicateTypeWrong, name: "newer-version", after: edited("/marketops/receipt/v2", "/marketops/receipt/v3")},

	{code: marketops.KeyUnknown, name: "stranger", before: func(s *scene) { s.authorities = []byte{sample.KeyStranger, sample.KeyAuthority2} }},
	{code: marketops.KeyUnknown, name: "advisory-key", before: func(s *scene) { s.authorities = []byte{sample.KeyAdvisory, sample.KeyAuthority2} }},
	{code: marketops.KeyUnknown, name: "ledger-key", before: func(s *scene) { s.authorities = []byte{sample.KeyLedger, sample.KeyAuthority2} }},
	{code: marketops.KeyUnknown, name: "person-key", before: func(s *scene) { s.authorities = []byte{sample.KeyAlice, sample.KeyAuthority2} }},
	{code: marketops.KeyUnknown, name: "publisher-key", before: func(s *scene) { s.authorities = []byte{sample.KeyPublisher} }},
	{code: marketops.KeyUnknown, name: "log-key", before: func(s *scene) { s.authorities = []byte{sample.KeyLog, sample.KeyAuthority2} }},
	{code: marketops.KeyUnknown, name: "advisory-promoted", after: firstReceipt(func(b []byte) []byte {
		return sample.Sign(receipt.PayloadType, sample.PayloadOf(b), sample.KeyAdvisory)
	})},

	{code: marketops.KeyOutsideValidity, name: "retired", before: func(s *scene) { s.trust.Authorities[0].NotAfter = sample.Noon + 60 }},
	{code: marketops.KeyOutsideValidity, name: "not-in-use-yet", before: func(s *scene) { s.trust.Authorities[0].NotBefore = sample.Noon + 61 }},

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
		return reenvelope(b, sample.Swap(`"mode":"prod"`, `"mode":"prox"`)(sample.PayloadOf(b)))
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
		q.ev.Receipts[0].Envelope = reenvelope(q.ev.Submission.Envelope, sample.PayloadOf(q.ev.Receipts[0].Envelope))
	}},
	{code: marketops.SignatureInvalid, name: "no-keyid-stranger", after: firstReceipt(func(b []byte) []byte {
		env := sample.Sign(receipt.PayloadType, sample.PayloadOf(b), sample.KeyStranger)
		return sample.Swap(string(sample.ID(sample.KeyStranger)), "")(env)
	})},

	{code: marketops.TrustRolledBack, name: "of-no-version", before: setReceipt(func(r *receipt.Receipt) { r.Trust.Digest = marketops.DigestOf([]byte("another")) })},
	{code: marketops.TrustRolledBack, name: "digest-of-another-version", before: setReceipt(func(r *receipt.Receipt) { r.Trust.Version = 2 })},
	{code: marketops.TrustRolledBack, name: "of-a-later-version", before: setReceipt(func(r *receipt.Receipt) { r.Trust.Version = 4 })},
	{code: marketops.TrustRolledBack, name: "of-a-version-replaced-long-ago", before: func(s *scene) { s.next = func(f *trust.File) { f.Effective = sample.Noon - 601 } }},
	{code: marketops.TrustRolledBack, name: "of-a-version-that-is-not-at-hand", before: func(s *scene) { s.next = func(*trust.File) {} },
		after: func(q *question) { q.trust, _ = trust.Parse(q.trustText) }},
	{code: marketops.KeyRevoked, name: "in-the-next-version", before: func(s *scene) {
		s.next = func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 0}} }
	}},
	{code: marketops.RejectedByApprover, name: "by-one-whom-the-next-version-lists", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: sample.KeyCarol, verdict: "reject", unnamed: true})
		s.next = func(f *trust.File) { f.Persons[3].Groups = []string{"release"} }
	}},
	{code: marketops.RejectedByApprover, name: "by-one-who-has-another-key-in-the-next-version", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: sample.KeyCarol, verdict: "reject", unnamed: true})
		s.next = func(f *trust.File) { f.Persons[3] = sample.Person("carol", []string{"release"}, 61) }
	}},
	{code: marketops.RejectedByApprover, name: "by-one-who-came-with-the-next-version", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: 60, verdict: "reject", unnamed: true})
		s.next = func(f *trust.File) { f.Persons = append(f.Persons, sample.Person("dora", []string{"release"}, 60)) }
	}},
	{code: marketops.TrustExpired, name: "next-version-expired", before: func(s *scene) { s.next = func(f *trust.File) { f.Expires = s.ask.Now; f.Effective = sample.Noon } }},
	{code: marketops.ThresholdUnmet, name: "one-of-two", before: func(s *scene) { s.authorities = s.authorities[:1] }},
	{code: marketops.ThresholdUnmet, name: "one-authority-twice", after: func(q *question) { q.ev.Receipts[1] = q.ev.Receipts[0] }},
	{code: marketops.ThresholdUnmet, name: "two-keys-of-one-authority", before: func(s *scene) {
		s.trust.Authorities = append(s.trust.Authorities, sample.TrustKey(50, "core-1"))
		s.authorities = []byte{sample.KeyAuthority1, 50}
	}},
	{code: marketops.ThresholdUnmet, name: "no-rule-for-the-target", before: func(s *scene) {
		s.trust.AuthorityRules[0].Targets = []string{"github.com#1"}
	}},

	{code: marketops.NotEnforceable, name: "enforceable-false", before: setReceipt(func(r *receipt.Receipt) { r.Enforceable = false })},
	{code: marketops.NotEnforceable, name: "dry-run", before: setReceipt(func(r *receipt.Receipt) { r.Mode = marketops.DryRun })},
	{code: marketops.NotEnforceable, name: "mode-upper-case", before: setReceipt(func(r *receipt.Receipt) { r.Mode = "PROD" })},

	{code: marketops.AudienceMismatch, name: "another-publisher", before: setReceipt(func(r *receipt.Receipt) { r.Audience = []crypto.KeyID{sample.ID(sample.KeyStranger)} })},
	{code: marketops.AudienceMismatch, name: "no-publisher", after: setAsk(func(a *gate.Query) { a.Publisher = "" })},

	{code: marketops.RunMismatch, name: "another-run", after: setAsk(func(a *gate.Query) { a.Run = marketops.NewRunID([16]byte{1}) })},
	{code: marketops.RunMismatch, name: "no-run", after: setAsk(func(a *gate.Query) { a.Run = "" })},

	{code: marketops.KindMismatch, name: "tag-receipt-for-release", before: setReceipt(func(r *receipt.Receipt) { r.OperationKind = marketops.TagRepo })},
	{code: marketops.KindMismatch, name: "release-receipt-for-tag", after: setAsk(func(a *gate.Query) {
		a.Op.Kind, a.Op.Release, a.Content = marketops.TagRepo, nil, []marketops.Digest{}
	})},

	{code: marketops.RepositoryMismatch, name: "recreated-under-another-id", after: setAsk(func(a *gate.Query) { a.Op.Target.RepositoryID = 456 })},
	{code: marketops.RepositoryMismatch, name: "renamed", after: setAsk(func(a *gate.Query) { a.Op.Target.FullName = "octo-org/gadgets" })},
	{code: marketops.ThresholdUnmet, name: "host-that-trust-does-not-name", before: func(s *scene) {
		s.trust.Hosts = []marketops.Host{"ghe.example.com"}
		s.trust.Approvals, s.trust.AuthorityRules = sample.Everything("release", 2), sample.Everything("", 2)
	}},
	{code: marketops.RepositoryMismatch, name: "other-host", after: setAsk(func(a *gate.Query) { a.Op.Target.Host = "github.example" })},
	{code: marketops.RepositoryMismatch, name: "publisher-calls-another-host", after: setAsk(func(a *gate.Query) { a.Host = "github.com.example" })},
	{code: marketops.RepositoryMismatch, name: "publisher-calls-no-host", after: setAsk(func(a *gate.Query) { a.Host = "" })},

	{code: marketops.OperationMismatch, name: "body-changed", after: setAsk(func(a *gate.Query) {
		r := *a.Op.Release
		r.Body += " and more"
		a.Op.Release = &r
	})},
	{code: marketops.OperationMismatch, name: "tag-moved", after: setAsk(func(a *gate.Query) {
		tag := *a.Op.Tag
		tag.Commit = strings.Repeat("0", 40)
		a.Op.Tag = &tag
	})},
	{code: marketops.OperationMismatch, name: "asset-not-named", before: func(s *scene) { s.assets = s.assets[:1] }},
	{code: marketops.OperationMismatch, name: "foreign-asset-named", before: func(s *scene) {
		s.assets = append(s.assets, receipt.SubjectOf("z.tar.gz", marketops.DigestOf([]byte("z"))))
	}},
	{code: marketops.OperationMismatch, name: "asset-under-another-name", before: func(s *scene) { s.assets[1].Name = "c.txt" }},

	{code: marketops.ContentMismatch, name: "asset-swapped", after: setAsk(func(a *gate.Query) { a.Content[0] = marketops.DigestOf([]byte("abd")) })},
	{code: marketops.ContentMismatch, name: "assets-exchanged", after: setAsk(func(a *gate.Query) { slices.Reverse(a.Content) })},
	{code: marketops.ContentMismatch, name: "asset-missing", after: setAsk(func(a *gate.Query) { a.Content = a.Content[:1] })},
	{code: marketops.ContentMismatch, name: "asset-extra", after: setAsk(func(a *gate.Query) { a.Content = append(a.Content, a.Content[0]) })},
	{code: marketops.ContentMismatch, name: "nothing-measured", after: setAsk(func(a *gate.Query) { a.Content = nil })},

	{code: marketops.LifetimeExcessive, name: "ten-years", before: setReceipt(func(r *receipt.Receipt) { r.ExpiresAt = sample.Noon + 10*365*24*sample.Hour })},
	{code: marketops.LifetimeExcessive, name: "a-second-over-24h", before: setReceipt(func(r *receipt.Receipt) { r.ExpiresAt = sample.Noon + 24*sample.Hour + 1 })},
	{code: marketops.LifetimeExcessive, name: "over-the-trust-file", before: func(s *scene) { s.trust.MaxLifetime = int64(8*sample.Hour - 1) }},
	{code: marketops.LifetimeExcessive, name: "window-before-issue", before: setReceipt(func(r *receipt.Receipt) { r.NotBefore = sample.Noon - 17*sample.Hour })},

	{code: marketops.NotYetValid, name: "a-second-past-epsilon", after: setAsk(func(a *gate.Query) { a.Now = sample.Noon - gate.Epsilon - 1 })},
	{code: marketops.NotYetValid, name: "issued-in-the-future", before: setReceipt(func(r *receipt.Receipt) { r.IssuedAt = sample.Noon + sample.Hour })},
	{code: marketops.NotYetValid, name: "later-window", before: setReceipt(func(r *receipt.Receipt) { r.NotBefore = sample.Noon + sample.Hour })},

	{code: marketops.Expired, name: "at-epsilon", after: setAsk(func(a *gate.Query) { a.Now = sample.Noon + 8*sample.Hour - gate.Epsilon })},
	{code: marketops.Expired, name: "yesterday", after: setAsk(func(a *gate.Query) { a.Now = sample.Noon + 48*sample.Hour }), proves: marketops.Stale},

	{code: marketops.LifetimeExcessive, name: "old-and-long-lived", proves: marketops.Stale,
		before: setReceipt(func(r *receipt.Receipt) { r.ExpiresAt = sample.Noon + 100*sample.Hour }), after: setAsk(func(a *gate.Query) { a.Now = sample.Noon + 25*sample.Hour })},

	{code: marketops.ApprovalMissing, name: "one-of-two", before: func(s *scene) { s.ballots = s.ballots[:1] }},
	{code: marketops.ApprovalMissing, name: "none", before: func(s *scene) { s.ballots = nil }},
	{code: marketops.ApprovalMissing, name: "outside-the-group", before: func(s *scene) { s.ballots[1].by = sample.KeyCarol }},
	{code: marketops.ApprovalMissing, name: "not-named-by-the-receipt", before: func(s *scene) { s.ballots[1].unnamed = true }},
	{code: marketops.ApprovalMissing, name: "named-but-not-shown", after: func(q *question) { q.ev.Approvals = q.ev.Approvals[:1] }},
	{code: marketops.ApprovalMissing, name: "two-keys-of-one-person", proves: marketops.DuplicatePerson,
		before: func(s *scene) { s.ballots[1].by = sample.KeyAlicePhone }},
	{code: marketops.ApprovalMissing, name: "requester-as-the-second", proves: marketops.SelfApproval,
		before: func(s *scene) { s.ballots[1].by = sample.KeyRequester }},
	{code: marketops.ApprovalMissing, name: "of-another-run", before: setVote(1, func(a *receipt.Approval) { a.RunID = marketops.NewRunID([16]byte{1}) })},
	{code: marketops.ApprovalMissing, name: "of-another-submission", before: setVote(1, func(a *receipt.Approval) { a.Submission = marketops.DigestOf([]byte("s")) })},
	{code: marketops.ApprovalMissing, name: "of-another-plan", before: setVote(1, func(a *receipt.Approval) { a.Plan = marketops.DigestOf([]byte("p")) })},
	{code: marketops.ApprovalMissing, name: "for-another-requester", before: setVote(1, func(a *receipt.Approval) { a.Requester = "carol" })},
	{code: marketops.ApprovalMissing, name: "of-another-operation", before: setVote(1, func(a *receipt.Approval) { a.Operations[0].Operation = marketops.DigestOf([]byte("o")) })},
	{code: marketops.ApprovalMissing, name: "under-another-policy", before: setVote(1, func(a *receipt.Approval) { a.Policy = marketops.DigestOf([]byte("loose")) })},
	{code: marketops.ApprovalMissing, name: "expired-before-issue", before: setVote(1, func(a *receipt.Approval) { a.ExpiresAt = sample.Noon })},
	{code: marketops.ApprovalMissing, name: "later-window", before: setVote(1, func(a *receipt.Approval) { a.NotBefore = sample.Noon + gate.Epsilon + 1 })},
	{code: marketops.ApprovalMissing, name: "approver-removed", before: func(s *scene) {
		s.trust.Persons = append(slices.DeleteFunc(s.trust.Persons, func(p trust.Person) bool { return p.ID == "bob" }), sample.Person("dora", []string{"release"}, 60))
	}},
	{code: marketops.ApprovalMissing, name: "approver-left-the-group", before: func(s *scene) { s.trust.Persons[2].Groups = []string{"guests"} }},
	{code: marketops.ApprovalMissing, name: "approver-key-revoked", before: func(s *scene) {
		s.trust.Persons[2].Keys[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 2}}
	}},
	{code: marketops.ApprovalMissing, name: "approver-key-retired", before: func(s *scene) { s.trust.Persons[2].Keys[0].NotAfter = sample.Noon }},
	{code: marketops.ApprovalMissing, name: "publisher-approves", before: func(s *scene) { s.ballots[1].by = sample.KeyPublisher }},
	{code: marketops.ApprovalMissing, name: "no-floor-for-the-target", before: func(s *scene) { s.trust.Approvals[0].Targets = []string{"github.com#1"} }},
	{code: marketops.ApprovalMissing, name: "second-floor-unmet", before: func(s *scene) {
		s.trust.Approvals = append(s.trust.Approvals, sample.Everything("guests", 1)...)
	}},
	{code: marketops.ApprovalMissing, name: "submission-of-another-plan", before: func(s *scene) {
		s.submission = func(b *receipt.Submission) { b.Plan = marketops.DigestOf([]byte("p")) }
	}},
	{code: marketops.ApprovalMissing, name: "submission-without-the-operation", before: func(s *scene) {
		s.submission = func(b *receipt.Submission) { b.Operations[0].Operation = marketops.DigestOf([]byte("o")) }
	}},
	{code: marketops.ApprovalMissing, name: "submission-signed-by-another", before: func(s *scene) { s.requester = sample.KeyBob }},
	{code: marketops.ApprovalMissing, name: "submission-missing", after: func(q *question) { q.ev.Submission = receipt.LoggedEnvelope{} }},
	{code: marketops.ApprovalMissing, name: "receipt-among-approvals", after: func(q *question) { q.ev.Approvals[1] = q.ev.Receipts[0] }},

	{code: marketops.SelfApproval, name: "beside-two-others", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: sample.KeyRequester, verdict: "approve"})
	}},
	{code: marketops.DuplicatePerson, name: "second-key", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: sample.KeyAlicePhone, verdict: "approve"})
	}},
	{code: marketops.RejectedByApprover, name: "veto", before: func(s *scene) {
		s.trust.Persons = append(s.trust.Persons, sample.Person("dora", []string{"release"}, 60))
		s.ballots = append(s.ballots, ballot{by: 60, verdict: "reject", unnamed: true})
	}},
	{code: marketops.RejectedByApprover, name: "by-one-who-approved", before: func(s *scene) {
		s.ballots = append(s.ballots, ballot{by: sample.KeyBob, verdict: "reject", unnamed: true})
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
		l := sample.NewLog()
		for i := range q.log.Size() {
			l.Append([]byte{byte(i)})
		}
		q.ev.Checkpoint = l.Tree().Checkpoint()
	}},
	{code: marketops.ReceiptUnlogged, name: "receipt-before-submission", before: func(s *scene) { s.receiptFirst = true }},
	{code: marketops.ReceiptUnlogged, name: "approval-after-receipt", before: func(s *scene) { s.ballots[1].late = true }},
}

func outcome() *receipt.Record {
	op := sample.ReleaseOp()
	d, _ := op.Digest()
	r, err := receipt.Seal(&receipt.Outcome{Header: sample.Header(300, sample.Noon), OperationID: d, RunID: marketops.NewRunID([16]byte{15: 7}), ReceiptID: marketops.NewReceiptID([16]byte{15: 9}),
		Receipt: marketops.DigestOf([]byte("the receipt")), OperationKind: op.Kind, Epoch: 1, Intent: &log.Position{Origin: "log.example", Index: 5}, Status: "success",
		Effects: []receipt.Effect{{Name: "tag", State: "applied", Attempts: 1}, {Name: "release", State: "applied", Attempts: 1}}, Checkpoint: &receipt.CheckpointRef{Origin: "log.example", Size: 6}}, logtest.Key(sample.KeyPublisher))
	if err != nil {
		panic(err)
	}
	return r
}

// reenvelope puts another payload under the signature of env.
func reenvelope(env, payload []byte) []byte {
	return sample.Swap(base64.StdEncoding.EncodeToString(sample.PayloadOf(env)), base64.StdEncoding.EncodeToString(payload))(env)
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

func checkList(t *testing.T, checks marketops.Checks) {
	t.Helper()
	if len(checks) != len(gate.GateCodes) || len(checks) != 28 {
		t.Fatalf("%d checks, want 28", len(checks))
	}
	for i, c := range checks {
		if c.Code != gate.GateCodes[i] || c.Status != marketops.Pass && c.Status != marketops.Fail && c.Status != marketops.NotRun {
			t.Errorf("check %d is %s %q, want %s", i, c.Code, c.Status, gate.GateCodes[i])
		}
	}
}

func TestGateCodesFollowTheTable(t *testing.T) {
	var coded []marketops.Code
	for _, c := range marketops.Codes {
		if c.Group == "gate" {
			coded = append(coded, c.Code)
		}
	}
	if !slices.Equal(coded, gate.GateCodes) {
		t.Errorf("the gate answers %v, the table says %v", gate.GateCodes, coded)
	}
}

func TestGatePassesTheControl(t *testing.T) {
	q := newScene().build(t)
	rec, checks := gate.Check(q.ask, q.ev, q.trust)
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
			rec, checks := gate.Check(q.ask, q.ev, q.trust)
			checkList(t, checks)
			if rec != nil {
				t.Error("a refused gate gave a receipt")
			}
			if c, failed := checks.FirstFailure(); !failed || c.Code != m.code {
				t.Errorf("first failure is %q (%s), want %s", c.Code, c.Detail, m.code)
			}
			if m.proves != "" && !slices.Contains(failures(checks), m.proves) {
				t.Errorf("%s did not fail: %v", m.proves, failures(checks))
			}
			proved[m.code], proved[m.proves] = true, true
		})
	}
	for _, code := range gate.GateCodes {
		if !proved[code] {
			t.Errorf("nothing makes the gate answer %s", code)
		}
	}
}

func failures(checks marketops.Checks) (out []marketops.Code) {
	for _, c := range checks {
		if c.Status == marketops.Fail {
			out = append(out, c.Code)
		}
	}
	return out
}

// unopened are the codes that are answered before a receipt is open.
var unopened = []marketops.Code{
	marketops.ModeNotProd, marketops.TrustExpired, marketops.ReceiptMissing, marketops.ReceiptMalformed, marketops.PayloadTypeWrong,
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
		_, checks := gate.Check(q.ask, q.ev, q.trust)
		for _, c := range checks {
			if !slices.Contains(unopened, c.Code) && c.Code != m.code && c.Status != marketops.NotRun {
				t.Errorf("%s/%s: %s is %s though no receipt was opened", m.code, m.name, c.Code, c.Status)
			}
		}
	}
	s := newScene()
	s.authorities = []byte{sample.KeyStranger, sample.KeyAuthority2}
	q := s.build(t)
	_, checks := gate.Check(q.ask, q.ev, q.trust)
	for _, c := range checks {
		if (c.Code == marketops.SignatureInvalid || c.Code == marketops.PredicateTypeWrong) && c.Status != marketops.NotRun {
			t.Errorf("%s is %s though no known key signed", c.Code, c.Status)
		}
	}
}

func TestZeroInputsRefuse(t *testing.T) {
	q := newScene().build(t)
	empty, err := trust.Parse(nil)
	if err == nil || empty != nil {
		t.Fatal("an empty trust file was accepted")
	}
	for name, c := range map[string]struct {
		ask   gate.Query
		ev    gate.Evidence
		trust *trust.Trust
		want  marketops.Code
	}{
		"nil trust":     {q.ask, q.ev, nil, marketops.KeyUnknown},
		"zero trust":    {q.ask, q.ev, &trust.Trust{}, marketops.TrustExpired},
		"zero asking":   {gate.Query{}, q.ev, q.trust, marketops.ModeNotProd},
		"zero evidence": {q.ask, gate.Evidence{}, q.trust, marketops.ReceiptMissing},
		"all zero":      {gate.Query{}, gate.Evidence{}, nil, marketops.ModeNotProd},
	} {
		rec, checks := gate.Check(c.ask, c.ev, c.trust)
		checkList(t, checks)
		first, failed := checks.FirstFailure()
		if rec != nil || !failed || first.Code != c.want {
			t.Errorf("%s: %v, want %s", name, first, c.want)
		}
	}
	if c, failed := marketops.Checks(nil).FirstFailure(); !failed || c.Code != marketops.NothingToVerify {
		t.Error("no checks at all passed")
	}
}

// TestClockEdges walks both sides of every time bound by one second.
func TestClockEdges(t *testing.T) {
	const e = gate.Epsilon
	for _, c := range []struct {
		name   string
		now    marketops.Time
		edit   func(*receipt.Receipt)
		passes bool
		want   marketops.Code
	}{
		{"epsilon before not_before", sample.Noon - e, nil, true, ""},
		{"a second more", sample.Noon - e - 1, nil, false, marketops.NotYetValid},
		{"last second", sample.Noon + 8*sample.Hour - e - 1, nil, true, ""},
		{"a second more", sample.Noon + 8*sample.Hour - e, nil, false, marketops.Expired},
		{"exactly 24 h", sample.Noon + 60, func(r *receipt.Receipt) { r.ExpiresAt = sample.Noon + 24*sample.Hour }, true, ""},
		{"a second more", sample.Noon + 60, func(r *receipt.Receipt) { r.ExpiresAt = sample.Noon + 24*sample.Hour + 1 }, false, marketops.LifetimeExcessive},
		{"issued at epsilon", sample.Noon, func(r *receipt.Receipt) { r.IssuedAt, r.NotBefore = sample.Noon+e, sample.Noon }, true, ""},
		{"issued past epsilon", sample.Noon, func(r *receipt.Receipt) { r.IssuedAt, r.NotBefore = sample.Noon+e+1, sample.Noon }, false, marketops.NotYetValid},
		{"one second life", sample.Noon - e, func(r *receipt.Receipt) { r.ExpiresAt = sample.Noon + 1 }, true, ""},
		{"far future clock", 1<<63 - 1, nil, false, marketops.TrustExpired},
		{"clock before time", -1 << 62, nil, false, marketops.KeyOutsideValidity},
	} {
		s := newScene()
		s.ask.Now, s.receipt = c.now, c.edit
		q := s.build(t)
		_, checks := gate.Check(q.ask, q.ev, q.trust)
		first, failed := checks.FirstFailure()
		if failed == c.passes || first.Code != c.want {
			t.Errorf("%s: %+v, want %q", c.name, first, c.want)
		}
		if checks.Find(marketops.TrustExpired).Status == marketops.Fail && checks.Find(marketops.KeyOutsideValidity).Status != marketops.Fail {
			t.Errorf("%s: the key is still good", c.name)
		}
	}
}

// TestStaleAge holds the age check by itself: lifetime and expiry always answer before it, and
// it must hold all the same should one of them be lost.
func TestStaleAge(t *testing.T) {
	for age, want := range map[marketops.Time]marketops.Status{
		24*sample.Hour - gate.Epsilon: marketops.Pass, 24*sample.Hour - gate.Epsilon + 1: marketops.Fail,
	} {
		s := newScene()
		s.receipt = func(r *receipt.Receipt) { r.ExpiresAt = sample.Noon + 100*sample.Hour }
		s.ask.Now = sample.Noon + age
		q := s.build(t)
		_, checks := gate.Check(q.ask, q.ev, q.trust)
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
	control, _ := gate.Check(q.ask, q.ev, q.trust)
	env := q.ev.Receipts[0].Envelope
	for name, spelt := range map[string][]byte{
		"space":    append([]byte(" \n"), env...),
		"no keyid": sample.Swap(`"keyid":"`+string(sample.ID(sample.KeyAuthority1))+`",`, "")(env),
		"reorder":  reorder(env),
		"url-safe": urlSafe(env),
	} {
		q.ev.Receipts[0].Envelope = spelt
		rec, checks := gate.Check(q.ask, q.ev, q.trust)
		if rec == nil {
			c, _ := checks.FirstFailure()
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
	return []byte(strings.Replace(string(env), base64.StdEncoding.EncodeToString(sample.PayloadOf(env)), base64.URLEncoding.EncodeToString(sample.PayloadOf(env)), 1))
}

// TestNonMemberRejectionIsNoVeto is the control of rejected-by-approver.
func TestNonMemberRejectionIsNoVeto(t *testing.T) {
	s := newScene()
	s.ballots = append(s.ballots, ballot{by: sample.KeyCarol, verdict: "reject", unnamed: true})
	q := s.build(t)
	if rec, checks := gate.Check(q.ask, q.ev, q.trust); rec == nil {
		t.Errorf("refused: %v", failures(checks))
	}
}

// TestNextVersionChangesNothing: a receipt is judged under the version of trust.json that it names.
func TestNextVersionChangesNothing(t *testing.T) {
	for name, next := range map[string]func(*trust.File){
		"the same":         func(*trust.File) {},
		"a higher minimum": func(f *trust.File) { f.Approvals = sample.Everything("release", 3) },
		"an approver moved": func(f *trust.File) {
			f.Persons[1].Groups = []string{"guests"}
			f.Approvals = sample.Everything("release", 1)
		},
		"an approver left":         func(f *trust.File) { f.Persons = f.Persons[:3]; f.Persons[2].ID = "robert" },
		"an authority left":        func(f *trust.File) { f.Authorities = f.Authorities[1:]; f.AuthorityRules = sample.Everything("", 1) },
		"an authority retired":     func(f *trust.File) { f.Authorities[0].NotAfter = sample.Noon },
		"a shorter life":           func(f *trust.File) { f.MaxLifetime = 60 },
		"another host":             func(f *trust.File) { f.Hosts = []marketops.Host{"ghe.example.com"} },
		"a key revoked above":      func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 5}} },
		"no person may revoke now": func(f *trust.File) { f.Revokers = nil },
	} {
		s := newScene()
		s.next = next
		q := s.build(t)
		if rec, checks := gate.Check(q.ask, q.ev, q.trust); rec == nil {
			t.Errorf("%s: refused: %v", name, failures(checks))
		}
	}
}

// TestOutsiderOfTheNextVersion: a person who was listed since, in no group that counts, stops nothing.
func TestOutsiderOfTheNextVersion(t *testing.T) {
	s := newScene()
	s.ballots = append(s.ballots, ballot{by: 60, verdict: "reject", unnamed: true})
	s.next = func(f *trust.File) { f.Persons = append(f.Persons, sample.Person("dora", []string{"guests"}, 60)) }
	q := s.build(t)
	if rec, checks := gate.Check(q.ask, q.ev, q.trust); rec == nil {
		t.Errorf("refused: %v", failures(checks))
	}
}

// TestExamineJudgesWithoutContent is for those who judge afterwards.
func TestExamineJudgesWithoutContent(t *testing.T) {
	q := newScene().build(t)
	q.ask.Content = nil
	rec, checks := gate.CheckRecorded(q.ask, q.ev, q.trust)
	if rec == nil || len(failures(checks)) != 0 {
		t.Fatalf("%v", failures(checks))
	}
	if c, _ := checks.FirstFailure(); c.Code != marketops.ContentMismatch || c.Status != marketops.NotRun {
		t.Errorf("%+v", c)
	}
}

// TestExpiredTrustJudgesOldEvidence: only new use is refused, by the clock of the question.
func TestExpiredTrustJudgesOldEvidence(t *testing.T) {
	s := newScene()
	s.trust.Expires = s.ask.Now
	q := s.build(t)
	rec, checks := gate.CheckRecorded(q.ask, q.ev, q.trust)
	if rec == nil || !slices.Equal(failures(checks), []marketops.Code{marketops.TrustExpired}) {
		t.Errorf("%v", failures(checks))
	}
	q.ask.Now--
	if rec, checks = gate.Check(q.ask, q.ev, q.trust); rec == nil {
		t.Errorf("a second earlier: %v", failures(checks))
	}
}

// TestSignedKind: without the document, kind and repository of a receipt are those that people signed.
func TestSignedKind(t *testing.T) {
	for name, change := range map[string]func(*receipt.Receipt){
		"control":             func(*receipt.Receipt) {},
		"another kind":        func(r *receipt.Receipt) { r.OperationKind = marketops.TagRepo },
		"another repository":  func(r *receipt.Receipt) { r.Target.RepositoryID++ },
		"another name for it": func(r *receipt.Receipt) { r.Target.FullName = "octo-org/gadgets" },
	} {
		s := newScene()
		s.receipt = change
		q := s.build(t)
		q.ask.Op, q.ask.Host = marketops.Operation{}, ""
		_, checks := gate.CheckRecorded(q.ask, q.ev, q.trust)
		if c := checks.Find(marketops.ApprovalMissing); (c.Status == marketops.Pass) != (name == "control") {
			t.Errorf("%s: %+v", name, c)
		}
		if c := checks.Find(marketops.KindMismatch); c.Status != marketops.NotRun {
			t.Errorf("%s: kind without a document: %+v", name, c)
		}
	}
}
