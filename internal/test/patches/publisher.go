package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	runFile       = "publisher/run.go"
	gateFile      = "publisher/gate.go"
	publishFile   = "publisher/publish.go"
	outboxFile    = "publisher/outbox.go"
	reconcileFile = "publisher/reconcile.go"
)

var publisherPoints = []overlay.Patch{
	wrap(runFile, "p.Flush(ctx)", `"S0.flushed"`),
	wrap(runFile, "p.Ready(ctx, time.Duration(lasts)*time.Second)", `"S0.ready"`),
	follow(gateFile, "answers, err := p.askCore(ctx, j, record)", `"S0.asked"`),

	wrap(publishFile, "p.claim(ctx, s)", `"S1.claimed"`),
	wrap(publishFile, "s.job.Journal.Record(claimNote, string(s.receipt.ReceiptID))", `"S1.noted"`),
	follow(publishFile, "s.intent, err = p.Core.Intent(ctx, rec.Envelope)", `"S2.intended"`),
	wrap(publishFile, "p.awaitIntent(ctx, s)", `"S3.published"`),
	wrap(publishFile, "p.prepare(ctx, s)", `"S4.before"`),
	follow(publishFile, "_, err = p.Core.Execute(ctx, s.fence())", `"S4.after"`),
	swap(publishFile, "return p.Core.Renew(ctx, s.fence())", `lease, err := p.Core.Renew(ctx, s.fence()); return lease, faults.After(err, "S5.renewed")`),
	follow(publishFile, "_, err := p.Core.Attempt(ctx, s.fence())", `"S5.attempted"`),
	swap(publishFile, "d.Envelope = rec.Envelope", `if err = faults.At("S6.read"); err != nil { return api.Entry{}, err }; d.Envelope = rec.Envelope`),
	wrap(publishFile, `p.Outbox.Keep("outcome", d)`, `"S7.kept"`),
	follow(publishFile, "entry, err := p.Core.Outcome(ctx, d)", `"S7.decided"`),
	follow(publishFile, "tree, err := p.Log.Covering(ctx, entry.Position.Index)", `"S8.published"`),
	wrap(publishFile, "p.Outbox.Done(rec.Digest)", `"S8.done"`),

	follow(outboxFile, "entry, err := hand(ctx, d)", `"outbox.handed"`),
	follow(reconcileFile, "obs, err := p.Port.Observe(ctx, j.Op)", `"reconcile.observed"`),
}
