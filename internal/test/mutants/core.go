package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	outcomeFile = "federation/core/outcome.go"
	appendFile  = "federation/recorder/append.go"
	submitFile  = "federation/core/submit.go"
	sweepFile   = "federation/core/sweep.go"
	sealFile    = "federation/core/seal.go"
	vetoFile    = "federation/core/veto.go"
	reuseFile   = "federation/core/authorize.go"
	admitFile   = "federation/core/admission.go"
	usesFile    = "federation/core/uses.go"
	signedFile  = "federation/api/signed.go"
	stateFile   = "federation/core/claimstate.go"
)

var coreMutants = []mutant{
	{"answerkey", "taking answers from the ledger's key only", "federation/api", "TestSignedAnswers", []overlay.Patch{
		{File: signedFile, Old: "c.trust.Open(env, now, nil)", New: "receipt.Open(env, c.trust.Ring())"}, {File: signedFile, Old: "rec, _, err", New: "rec, err"},
	}},
	{"answercall", "taking no answer to another call", "federation/api", "TestSignedAnswers", []overlay.Patch{
		{File: signedFile, Old: "a.Request != call.request", New: "false"},
	}},
	{"answerbody", "taking no answer with another body", "federation/api", "TestSignedAnswers", []overlay.Patch{
		{File: signedFile, Old: "a.Body != marketops.DigestOf(body) || ", New: ""},
	}},
	{"answerstatus", "taking no answer with another status", "federation/api", "TestSignedAnswers", []overlay.Patch{
		{File: signedFile, Old: " || a.Status != int64(resp.StatusCode)", New: ""},
	}},
	{"answerlate", "taking no answer after the call has ended", "federation/api", "TestLateAnswer", []overlay.Patch{
		{File: signedFile, Old: "now > call.until", New: "now < 0"},
	}},
	// The model makes this mistake too.
	{"veto", "asking for votes after the receipt was issued", "federation/core", "TestVetoStopsEachStep", []overlay.Patch{
		{File: submitFile, Old: "s.vetoes.end([]gate.Vote{v})", New: "s.vetoes.end(nil)"},
		{File: vetoFile, Old: "votes, err := v.open(rows)", New: "votes, err := v.open(nil)"},
	}},
	{"held", "asking for no approvals while a receipt must end first", "federation/core", "TestUsedUp", []overlay.Patch{
		{File: "federation/core/uses.go", Old: "return use{held: &marketops", New: "return use{spends: what, held: &marketops"},
	}},
	{"vetoends", "ending a claim with the veto", "federation/core", "TestVetoStopsEachStep", []overlay.Patch{
		{File: submitFile, Old: "s.vetoes.end([]gate.Vote{v})", New: "s.vetoes.end(nil)"},
		{File: sweepFile, Old: "ended, err := s.vetoes.settle(ctx, row)", New: "ended, err := (*claims.Claim)(nil), error(nil)"},
	}},
	{"vetosweep", "ending claims that an older veto stops", "federation/core", "TestVetoByNewTrust", []overlay.Patch{
		{File: sweepFile, Old: "ended, err := s.vetoes.settle(ctx, row)", New: "ended, err := (*claims.Claim)(nil), error(nil)"},
	}},
	{"vetounread", "refusing what a vote may stop that cannot be read", "federation/core", "TestUnreadableVote", []overlay.Patch{
		{File: vetoFile, Old: "if vote, err = v.openOne(f, row); err != nil {\n\t\t\t\treturn nil, err", New: "if vote, err = v.openOne(f, row); err != nil {\n\t\t\t\tcontinue"},
	}},
	{"vetoorder", "appending a veto after what was frozen before it", "federation/core", "TestVetoUnloggedClaim", []overlay.Patch{
		{File: submitFile, Old: "err := s.records.AppendRun(ctx, v.Body.RunID); err != nil", New: "err := error(nil); err != nil"},
	}},
	{"oldreceipt", "asking whether an old receipt would be issued today", "federation/core", "TestOldReceipt", []overlay.Patch{
		{File: reuseFile, Old: "d.rules.forDecision().WouldIssue(r.Run, w, i.body.Approvals), nil", New: "true, nil"},
	}},
	{"claimdate", "granting no claim that is dated past its receipt", "federation/core", "TestClockJumpsInClaim", []overlay.Patch{
		{File: "federation/core/claim.go", Old: "epoch == 1 && at+gate", New: "epoch == 0 && at+gate"},
	}},
	{"usedopen", "issuing no other receipt while one is executing", "federation/core", "TestUsedUp", []overlay.Patch{
		{File: usesFile, Old: "case c.State != claims.Closed:\n", New: "case c.State != claims.Closed:\n\t\treturn use{}, nil\n\tcase false:\n"},
	}},
	{"usedunknown", "issuing no other receipt while the outcome is unknown", "federation/core", "TestUsedUp", []overlay.Patch{
		{File: usesFile, Old: "case c.Outcome == claims.Unknown:\n", New: "case c.Outcome == claims.Unknown:\n\t\treturn use{}, nil\n\tcase false:\n"},
	}},
	{"usedwhole", "using up approvals with the last effect", "federation/core", "TestUsedUp", []overlay.Patch{
		{File: usesFile, Old: "out.Status == receipt.Failed && !out.IsComplete()", New: "out.Status == receipt.Failed"},
	}},
	{"usedrevoked", "using up approvals with a revocation", "federation/core", "TestUsedUp", []overlay.Patch{
		{File: usesFile, Old: "if r.has(receipt.KindRevocation, id) {\n", New: "if r.has(receipt.KindRevocation, id) {\n\t\treturn use{}, nil\n"},
	}},
	{"adoptabsent", "adopting nothing that the newest outcome calls absent", "federation/core", "TestAbsentSince", []overlay.Patch{
		{File: stateFile, Old: "case o.Effects[i].State == receipt.EffectAbsent:\n\t\t\treturn nil", New: "case o.Effects[i].State == receipt.EffectAbsent:\n\t\t\tcontinue"},
	}},
	{"grantslive", "counting the receipts of the same call among the live ones", "federation/core", "TestLimitWithinOneCall", []overlay.Patch{
		{File: "federation/decide.go", Old: "granted[w.Op.Target.ID()]++", New: ""},
	}},
	{"denied", "issuing a receipt only where the operation itself is allowed", "federation", "TestEachByItself", []overlay.Patch{
		{File: "federation/decide.go", Old: "v.Code == \"\" {\n\t\t\tgranted", New: "out[0].Code == \"\" {\n\t\t\tgranted"},
	}},
	{"sealstale", "sealing nothing while a receipt lives", "federation/core", "TestSealedWhenStale", []overlay.Patch{
		{File: sealFile, Old: "max(i.body.ExpiresAt, stale)", New: "stale"},
	}},
	{"sealopen", "sealing nothing while an operation is open", "federation/core", "TestNotSealedWhileOpen", []overlay.Patch{
		{File: sealFile, Old: "\treturn never\n}", New: "\treturn 1\n}"},
	}},
	{"admitlawful", "asking what an audit would say before a record is frozen", "federation/core", "TestNothingAnAuditRefuses", []overlay.Patch{
		{File: admitFile, Old: "found = slices.DeleteFunc(found, lifecycle.Finding.IsAgain)", New: "found = nil"},
	}},
	{"admittimely", "refusing a record from the future", "federation/core", "TestNothingAnAuditRefuses", []overlay.Patch{
		{File: admitFile, Old: "issued > now+gate.Epsilon", New: "false"},
	}},
	{"ownkeys", "signing nothing with a key that ends", "federation/issue", "TestOwnKeys", []overlay.Patch{
		{File: "federation/issue/issue.go", Old: "Admit(rec, body.Issued()+gate.Epsilon, nil)", New: "Admit(rec, body.Issued()+0*gate.Epsilon, nil)"},
	}},
	{"ownkeystart", "starting with keys that are valid", "federation/core", "TestCoreKeyThatEnds", []overlay.Patch{
		{File: "federation/core/rules.go", Old: "now < h.Key.NotBefore || now+gate.Epsilon >= h.Key.NotAfter", New: "now < 0*gate.Epsilon"},
	}},
	{"requesterkey", "asking whether the requester's key is still valid", "federation/core", "TestRequesterKeyThatEnds", []overlay.Patch{
		{File: "federation/decide.go", Old: "run.Now < k.NotBefore || run.Now >= k.NotAfter", New: "k.NotAfter < 0"},
	}},
	{"endedkey", "counting approvals only as long as their key is valid", "federation/core", "TestKeysThatEnd", []overlay.Patch{
		{File: "federation/approvals.go", Old: " && k.NotBefore <= run.Now && run.Now < k.NotAfter", New: ""},
		{File: "federation/approvals.go", Old: "a, k := v.Body, v.Person.Key", New: "a := v.Body"},
	}},
	// The model makes this mistake too.
	{"logfirst", "freezing an outcome before it is appended", "federation/core", "TestOutcomeRefused", []overlay.Patch{
		{File: outcomeFile, Old: "frozen := recorder.Frozen(rec)", New: "frozen := recorder.Frozen(rec); e.records.LogFirst(ctx, rec)"},
		{File: appendFile, Old: "// Frozen is what", New: "func (r *Recorder) LogFirst(ctx context.Context, rec *receipt.Record) { r.tree.Append(ctx, rec.Leaf()) }\n\n// Frozen is what"},
	}},
}
