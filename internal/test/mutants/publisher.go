package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	prepareFile   = "publisher/prepare.go"
	publishFile   = "publisher/publish.go"
	reconcileFile = "publisher/reconcile.go"
	decideFile    = "publisher/outcome.go"
	lookFile      = "publisher/look.go"
)

var publisherMutants = []mutant{
	{"claim", "the claim that uses the receipt", "publisher", "TestWholeProtocol", []overlay.Patch{
		{File: prepareFile, Old: `a.tell(a.job, "S1 claim"`, Import: "time",
			New: `a.claim.Receipt, a.claim.Epoch, a.claim.Owner = a.receipt.ReceiptID, 1, a.Signer.Public().ID()
	a.claim.LeaseUntil = marketops.TimeOf(time.Now().Add(time.Minute))
	return nil
	a.tell(a.job, "S1 claim"`},
	}},
	// The model makes these mistakes too.
	{"wait", "the wait until the intent is public", "publisher", "TestWholeProtocol", []overlay.Patch{
		{File: prepareFile, Old: "a.Log.Covering(ctx, max(a.claimEntry.Position.Index, a.intent.Position.Index))", New: "a.Log.Latest()"},
		{File: prepareFile, Old: "a.seen = tree.Checkpoint()", New: "a.seen = tree.Checkpoint(); return nil"},
	}},
	{"execute", "asking the ledger for the door before GitHub is called", "publisher", "TestWholeProtocol", []overlay.Patch{
		{File: publishFile, Old: "_, err = p.Core.Execute(ctx, a.fence())", New: ""},
	}},
	{"answersigned", "taking no answer that the ledger did not sign", "federation/api", "TestSignedAnswers", []overlay.Patch{
		{File: "federation/api/client.go", Old: "if call != nil {", New: "if false {"},
	}},
	{"hiddenveto", "the Core's own look at the votes", "publisher", "TestHiddenVeto", []overlay.Patch{
		{File: vetoFile, Old: "votes, err := v.open(rows)", New: "votes, err := v.open(nil)"},
	}},
	{"vetoed", "handing over no outcome after a veto", "publisher", "TestVetoOnTheWay", []overlay.Patch{
		{File: publishFile, Old: "if a.isEnded(err) {\n\t\tres.Status, res.Err = receipt.Rejected, err", New: "if false {\n\t\tres.Status, res.Err = receipt.Rejected, err"},
	}},
	{"keepfork", "stopping all when the log contradicts itself", "publisher", "TestRunEachStops", []overlay.Patch{
		{File: "publisher/each.go", Old: "err != nil || isMisbehaviour(results[i].Err)", New: "err != nil"},
	}},
	{"afterkeep", "attempting nothing that waits for an operation that failed", "publisher", "TestAfterFailure", []overlay.Patch{
		{File: "publisher/each.go", Old: "len(open) > 0 {", New: "len(open) > 0 && false {"},
	}},
	{"aftergate", "gating what waited again", "publisher", "TestAfterGatedAgain", []overlay.Patch{
		{File: "publisher/after.go", Old: "if !again.Passed() {", New: "if false {"},
	}},
	{"aftertrial", "saying in a trial run what waits for an operation that would not be published", "publisher", "TestAfterInTrial", []overlay.Patch{
		{File: "publisher/run.go", Old: "\tstopDependents(gated, results)\n", New: ""},
	}},
	{"keepready", "stopping all when the publisher is not ready", "publisher", "TestRunEachStops", []overlay.Patch{
		{File: "publisher/each.go", Old: "err != nil || isMisbehaviour(results[i].Err)", New: "isMisbehaviour(errors.Join(err, results[i].Err))"},
	}},
	{"absent", "calling it unknown when GitHub does not show it", "publisher", "TestReconcileExpired", []overlay.Patch{
		{File: reconcileFile, Old: "&marketops.Unknown{Code: marketops.OutcomeUnknown, What: obs.Detail}",
			New: "&marketops.Failure{Code: marketops.GitHubUnreachable, What: obs.Detail}"},
	}},
	{"rejecttold", "calling rejected only what was not tried", "publisher", "TestReconcileExecuting", []overlay.Patch{
		{File: decideFile, Old: "case !a.tried() && !slices", New: "case !slices"},
	}},
	{"unresolved", "calling nothing failed while an attempt is unresolved", "publisher", "TestReconcileExpired", []overlay.Patch{
		{File: reconcileFile, Old: "if e.State == receipt.EffectAbsent && tried", New: "if false && tried"},
	}},
	{"foreignours", "taking for our own only what was tried", "publisher", "TestReconcileCopied", []overlay.Patch{
		{File: decideFile, Old: "case made == nil || seen == receipt.EffectAbsent:\n", New: "case made == nil:\n\t\treturn seen, nil\n\tcase seen == receipt.EffectAbsent:\n"},
	}},
	{"overtaken", "setting aside an outcome that the ledger was quicker than", "publisher", "TestOutboxOvertaken", []overlay.Patch{
		{File: "publisher/outbox.go", Old: "return p.isOvertaken(ctx, d)", New: "return false"},
	}},
	{"notlooked", "saying of a trial run that could not look at everything that it did not", "publisher", "TestTrialRun", []overlay.Patch{
		{File: lookFile, Old: "if l.Status != marketops.Pass {", New: "if l.Status == marketops.Fail {"},
	}},
	{"looked", "refusing before the claim what is in the way on GitHub", "publisher", "TestLookBeforeClaim", []overlay.Patch{
		{File: lookFile, Old: "failed {\n\t\tres.Status, res.Err = Refused, g.lookRefusal(bad, unclaimed)",
			New: "failed && false {\n\t\tres.Status, res.Err = Refused, g.lookRefusal(bad, unclaimed)"},
	}},
	{"unreached", "claiming nothing where GitHub does not answer at all", "publisher", "TestLookUnreached", []overlay.Patch{
		{File: lookFile, Old: "unreached := res.Looks.Unreached(); unreached {", New: "unreached := res.Looks.Unreached(); unreached && false {"},
	}},
	{"toolate", "comparing the time that the writes take with what is left of the receipt", "publisher", "TestLookTooLate", []overlay.Patch{
		{File: trialFile, Old: "if err == nil && takes > lasts {", New: "if false {"},
	}},
	{"manyids", "naming no more ids than an outcome may hold", "publisher/github", "TestManyFiles", []overlay.Patch{
		{File: "publisher/github/evidence.go", Old: "if n > maxListed {", New: "if false {"},
	}},
	{"restonly", "asking of the next receipt only the time that the rest takes", "publisher/github", "TestLookAtRest", []overlay.Patch{
		{File: "publisher/github/release.go", Old: "return 1 + r.assets.countPlanned(files), err", New: "return 0 * len(files), err"},
	}},
	{"longlease", "continuing an epoch that is longer than its lease", "publisher", "TestLeaseHeld", []overlay.Patch{
		{File: "publisher/lease.go", Old: "if _, err := renew(ctx); err == nil {\n\t\t\t\tuntil = now() + length", New: "if next, err := renew(ctx); err == nil {\n\t\t\t\tuntil = next.Until + 0*length"},
	}},
	{"lastwrite", "waiting for no write that would come after the receipt's end", "publisher/github", "TestLastWrite", []overlay.Patch{
		{File: "publisher/github/internal/wire/call.go", Old: "!c.lastWrite.IsZero() {", New: "false {"},
	}},
	{"preparedlate", "preparing nothing after the receipt's end", "publisher", "TestExpiryBetweenWrites", []overlay.Patch{
		{File: publishFile, Old: "err := a.requireTime(\"everything was prepared\"); err != nil {", New: "err := a.requireTime(\"everything was prepared\"); false {"},
	}},
}
