package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	claimFile     = "publisher/claim.go"
	waitFile      = "publisher/wait.go"
	publishFile   = "publisher/publish.go"
	reconcileFile = "publisher/reconcile.go"
)

var publisherMutants = []mutant{
	{"claim", "the claim that uses the receipt", "publisher", "TestWholeProtocol", []overlay.Patch{
		{File: claimFile, Old: `p.tell(s.job, "S1 claim"`, Import: "time",
			New: `s.claim.Receipt, s.claim.Epoch, s.claim.Owner = s.receipt.ReceiptID, 1, p.Signer.Public().ID()
	s.claim.LeaseUntil = marketops.TimeOf(time.Now().Add(time.Minute))
	return nil
	p.tell(s.job, "S1 claim"`},
	}},
	// The model makes these mistakes too.
	{"wait", "the wait until the intent is public", "publisher", "TestWholeProtocol", []overlay.Patch{
		{File: waitFile, Old: "p.Log.Covering(ctx, max(s.claimEntry.Position.Index, s.intent.Position.Index))", New: "p.Log.Latest()"},
		{File: waitFile, Old: "s.seen = tree.Checkpoint()", New: "s.seen = tree.Checkpoint(); return nil"},
	}},
	{"execute", "asking the ledger for the door before GitHub is called", "publisher", "TestWholeProtocol", []overlay.Patch{
		{File: publishFile, Old: "_, err = p.Core.Execute(ctx, s.fence())", New: ""},
	}},
	{"absent", "calling it unknown when GitHub does not show it", "publisher", "TestReconcileExpired", []overlay.Patch{
		{File: reconcileFile, Old: "&marketops.Unknown{Code: marketops.OutcomeUnknown, What: obs.Detail}",
			New: "&marketops.Failure{Code: marketops.GitHubUnreachable, What: obs.Detail}"},
	}},
}
