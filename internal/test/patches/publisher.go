package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	runFile       = "publisher/run.go"
	gateFile      = "publisher/gate.go"
	prepareFile   = "publisher/prepare.go"
	publishFile   = "publisher/publish.go"
	decideFile    = "publisher/outcome.go"
	outboxFile    = "publisher/outbox.go"
	reconcileFile = "publisher/reconcile.go"
)

var publisherPoints = []overlay.Patch{
	wrap(runFile, "p.Flush(ctx)", `"S0.flushed"`),
	wrap(runFile, "p.Ready(ctx, time.Duration(lasts)*time.Second)", `"S0.ready"`),
	follow(gateFile, "answers, err := p.askCore(ctx, j, record)", `"S0.asked"`),

	wrap(prepareFile, "a.claimReceipt(ctx)", `"S1.claimed"`),
	wrap(prepareFile, "a.job.Journal.Record(claimNote, string(a.receipt.ReceiptID))", `"S1.noted"`),
	follow(prepareFile, "a.intent, err = a.Core.Intent(ctx, rec.Envelope)", `"S2.intended"`),
	wrap(prepareFile, "a.awaitIntent(ctx)", `"S3.published"`),
	wrap(publishFile, "a.prepare(ctx)", `"S4.before"`),
	follow(publishFile, "_, err = p.Core.Execute(ctx, a.fence())", `"S4.after"`),
	swap(publishFile, "return a.Core.Renew(ctx, a.fence())", `lease, err := a.Core.Renew(ctx, a.fence()); return lease, faults.After(err, "S5.renewed")`),
	follow(publishFile, "_, err := a.Core.NoteDraft(ctx, api.Renewal{Fence: a.fence(), Draft: id, Struck: struck})", `"S5.drafted"`),
	follow(publishFile, "lease, err := a.Core.Attempt(ctx, api.Effect{Fence: a.fence(), Effect: effect})", `"S5.attempted"`),
	swap(decideFile, "d.Envelope = rec.Envelope", `if err = faults.At("S6.read"); err != nil { return api.Entry{}, err }; d.Envelope = rec.Envelope`),
	wrap(decideFile, `a.Outbox.Keep("outcome", d)`, `"S7.kept"`),
	follow(decideFile, "entry, err := a.Core.Outcome(ctx, d)", `"S7.decided"`),
	wrap(decideFile, "p.prove(ctx, Record{rec, entry})", `"S8.published"`),
	wrap(decideFile, "p.Outbox.Done(rec.Digest)", `"S8.done"`),

	follow(outboxFile, "entry, err := hand(ctx, d)", `"outbox.handed"`),
	follow(reconcileFile, "obs, err := p.Port.Observe(ctx, j.Op, state.Drafts)", `"reconcile.observed"`),
}
