package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	outcomeFile    = "federation/core/outcome.go"
	appendFile     = "federation/recorder/append.go"
	submitFile     = "federation/core/submit.go"
	sweepFile      = "federation/core/sweep.go"
	sealFile       = "federation/core/seal.go"
	vetoFile       = "federation/core/veto.go"
	reuseFile      = "federation/core/authorize.go"
	admitFile      = "federation/core/admission.go"
	usesFile       = "federation/core/uses.go"
	signedFile     = "federation/api/signed.go"
	stateFile      = "federation/core/claimstate.go"
	shareFile      = "federation/core/share.go"
	refusalFile    = "federation/core/refusal.go"
	conditionsFile = "federation/core/conditions.go"
	executeFile    = "federation/core/execute.go"
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
	{"aftercore", "naming the prerequisites of the plan in a claim", "federation/core", "TestAfter", []overlay.Patch{
		{File: "federation/core/claim.go", Old: "n.After, err = ", New: "_, err = "},
	}},
	{"planlost", "claiming nothing where the plan cannot be read", "federation/core", "TestPlanLost", []overlay.Patch{
		{File: "federation/core/plans.go", Old: "plan, err := p.open(i.body.Plan)\n\tif err != nil {\n\t\treturn nil, err", New: "plan, err := p.open(i.body.Plan)\n\tif err != nil {\n\t\treturn nil, nil"},
	}},
	// The model makes this mistake too.
	{"veto", "asking for votes after the receipt was issued", "federation/core", "TestVetoStopsEachStep", []overlay.Patch{
		{File: submitFile, Old: "s.vetoes.end([]gate.Vote{v})", New: "s.vetoes.end(nil)"},
		{File: vetoFile, Old: "votes, err := v.open(rows)", New: "votes, err := v.open(nil)"},
	}},
	{"voteshare", "taking only a few votes of one person", "federation/core", "TestVotesBounded", []overlay.Patch{
		{File: shareFile, Old: "Scope: claims.OfOneInRun, Max: most", New: "Scope: claims.OfOneInRun, Max: most + 100"},
	}},
	{"votelast", "keeping the last vote for a rejection", "federation/core", "TestVotesBounded", []overlay.Patch{
		{File: shareFile, Old: "\t\tmost--\n", New: ""},
	}},
	{"voteothers", "judging a vote without those of others", "federation/core", "TestVoteReadsNoOthers", []overlay.Patch{
		{File: submitFile, Old: "rows, err := s.ledger.ForVote(ctx, v.Body.RunID, federation.ShareOf(v.Person))", New: "rows, err := s.records.Run(ctx, v.Body.RunID)"},
	}},
	{"voteeligible", "taking a rejection only of a person whom the minimum lists", "federation/core", "TestVetoStopsEachStep", []overlay.Patch{
		{File: "federation/approvals.go", Old: "if !r.mayReject(run, v.Person) {", New: "if v.Body.Verdict == receipt.Approve && !r.mayReject(run, v.Person) {"},
	}},
	{"submitshare", "taking only a share of the submissions from one person", "federation/core", "TestSubmissionsOfOne", []overlay.Patch{
		{File: shareFile, Old: "Max: l.SubmissionsPerPerson,", New: "Max: l.SubmissionsPerDay,"},
	}},
	{"submitroom", "storing nothing of a submission above the limits", "federation/core", "TestSubmissionRefusedStoresNothing", []overlay.Patch{
		{File: submitFile, Old: "errors.Join(s.ledger.RequireShares(ctx, row), s.conditions.requireDisk())", New: "s.conditions.requireDisk()"},
	}},
	{"refusalshare", "recording only a few refusals of one caller", "federation/core", "TestRefusalsBounded", []overlay.Patch{
		{File: shareFile, Old: "{Scope: claims.OfOneInRun, Max: perRun}, ", New: ""},
	}},
	{"refusalroom", "storing no text of a refusal that is not recorded", "federation/core", "TestRefusalsBounded", []overlay.Patch{
		{File: refusalFile, Old: "row := counted(rec, refusedShare", New: "r.texts.put(ev.Digest, ev.Text)\n\trow := counted(rec, refusedShare"},
	}},
	{"adviceshare", "recording only a few denials for one person", "federation/core", "TestAdvisoriesBounded", []overlay.Patch{
		{File: reuseFile, Old: "Max: federation.AdvisoriesPerDay * len(r.Operations)", New: "Max: 1000"},
	}},
	{"claimshare", "granting one publisher only a few epochs of a receipt", "federation/core", "TestClaimsBounded", []overlay.Patch{
		{File: "federation/core/claim.go", Old: "Max: federation.ClaimsPerDay", New: "Max: 1000"},
	}},
	{"latetext", "storing no reason of what comes too late", "federation/core", "TestLateTexts", []overlay.Patch{
		{File: "federation/core/revoke.go", Old: "; late || err != nil {", New: "; late && false || err != nil {"},
	}},
	{"nonceshare", "remembering only so many calls of one caller", "federation/server", "TestNoncesOfOne", []overlay.Patch{
		{File: "federation/server/auth.go", Old: "len(n.until) >= maxNonces || n.of[who] >= federation.CallsRemembered {\n\t\treturn", New: "len(n.until) >= maxNonces {\n\t\treturn"},
	}},
	{"callshare", "handling only so many calls of one caller at one time", "federation/server", "TestCallsOfOne", []overlay.Patch{
		{File: "federation/server/share.go", Old: "if s.calls[who] >= federation.CallsAtOnce ||", New: "if"},
	}},
	{"unreadfact", "denying what could not be observed", "federation", "TestUnreadFactsDeny", []overlay.Patch{
		{File: "federation/decide.go", Old: "if r.Observe {", New: "if false {"},
	}},
	{"tagunread", "taking no answer about a tag for absence", "internal/cli/core/serve", "TestUnreadFacts", []overlay.Patch{
		{File: "internal/cli/core/serve/observe.go", Old: "there.Presence != plan.Absent && there.Presence != plan.Present", New: "false"},
	}},
	{"silentforbid", "refusing where a forbid asks for what was not observed", "federation/policy", "TestUnobserved", []overlay.Patch{
		{File: "federation/policy/bundle.go", Old: "if needs || n.forbid && n.asks {", New: "if needs {"},
	}},
	{"absentpermit", "permitting nothing because a fact is absent", "federation/policy", "TestUnobserved", []overlay.Patch{
		{File: "federation/policy/decide.go", Old: "(f.Observed != nil || n.forbid || !n.asks)", New: "true"},
	}},
	{"refusedrole", "recording who makes a call of another role", "federation/server", "TestEveryRefusalIsLogged", []overlay.Patch{
		{File: "federation/server/http.go", Old: "s.refuse(w, r, who, in, unknownApprover(path, err))", New: "s.fail(w, r, who, unknownApprover(path, err))"},
	}},
	{"refusedproof", "keeping the request that was refused", "federation/server", "TestEveryRefusalIsLogged", []overlay.Patch{
		{File: refusalFile, Old: "base64.StdEncoding.EncodeToString(who.Envelope)", New: "base64.StdEncoding.EncodeToString(nil)"},
	}},
	{"refusedgone", "recording the refusal of a caller who went away", "federation/server", "TestGoneCaller", []overlay.Patch{
		{File: refusalFile, Old: "context.WithoutCancel(ctx)", New: "ctx"},
	}},
	{"refusedrun", "naming no run that this Core does not know", "federation/server", "TestInventedRun", []overlay.Patch{
		{File: refusalFile, Old: "err != nil || len(rows) == 0 {", New: "err != nil || rows == nil && false {"},
	}},
	{"refusedstolen", "recording nothing of a request that another may have made", "federation/server", "TestStolenSocket", []overlay.Patch{
		{File: "federation/server/http.go", Old: "if !who.made {", New: "if false {"},
	}},
	{"asknow", "asking policy again at each step", "federation/core", "TestConditions", []overlay.Patch{
		{File: conditionsFile, Old: "\t\tfunc() error { return c.stillAllowed(i) },\n", New: ""},
	}},
	{"asklost", "beginning nothing where what policy judged is lost", "federation/core", "TestJudgedFactsLost", []overlay.Patch{
		{File: conditionsFile, Old: "if i.facts == nil {\n\t\treturn marketops", New: "if i.facts == nil {\n\t\treturn nil\n\t}\n\tif false {\n\t\treturn marketops"},
	}},
	{"askintent", "asking the list at an intent", "federation/core", "TestConditions", []overlay.Patch{
		{File: executeFile, Old: "e.ledger.Intend(ctx, frozen, e.conditions.guard(who.Key, i))", New: "e.ledger.Intend(ctx, frozen, e.vetoes.guard(i.op))"},
	}},
	{"askattempt", "asking the list before the first attempt", "federation/core", "TestConditions", []overlay.Patch{
		{File: executeFile, Old: "in.Effect, e.conditions.guard(who.Key, i))", New: "in.Effect, e.vetoes.guard(i.op))"},
	}},
	{"askagain", "asking the list before an untried execution continues", "federation/core", "TestConditions", []overlay.Patch{
		{File: executeFile, Old: "if row.Attempts > 0 {\n\t\treturn e.conditions.forNext", New: "if true {\n\t\treturn e.conditions.forNext"},
	}},
	{"asknext", "asking keys and trust file before each later effect", "federation/core", "TestConditions", []overlay.Patch{
		{File: executeFile, Old: "if err := e.conditions.forNextEffect(who.Key, i); err != nil {", New: "if err := error(nil); err != nil {"},
	}},
	{"tight", "taking no envelope that spaces make large", "federation/core", "TestTightEnvelopes", []overlay.Patch{
		{File: "federation/core/rules.go", Old: "n > most {", New: "n > 100*most {"},
		{File: submitFile, Old: "if err := requireTight(v.Record); err != nil {", New: "if err := error(nil); err != nil {"},
	}},
	{"owntag", "taking a tag of its own for no other's", "federation/core", "TestOwnTagIsThere", []overlay.Patch{
		{File: "federation/core/observe.go", Old: "seen[i].Facts.TagAbsent || tried", New: "seen[i].Facts.TagAbsent || tried && false"},
	}},
	{"staleexisting", "denying a receipt where an existing tag moved", "federation", "TestDecide", []overlay.Patch{
		{File: "federation/seen.go", Old: "s.TagAt != e.Object:", New: "false:"},
	}},
	{"settledtwice", "ending a claim that another call has just ended", "federation/core", "TestSettledMeanwhile", []overlay.Patch{
		{File: sweepFile, Old: "if errors.Is(err, claims.ErrState) {", New: "if false {"},
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
