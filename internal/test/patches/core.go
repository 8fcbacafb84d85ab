package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	httpFile    = "federation/server/http.go"
	grantFile   = "federation/core/claim.go"
	executeFile = "federation/core/execute.go"
	outcomeFile = "federation/core/outcome.go"
	appendFile  = "federation/recorder/append.go"
	sealFile    = "federation/core/seal.go"
)

var corePoints = []overlay.Patch{
	wrap(httpFile, "s.body(w, r, who, limit, &in)", `"core.call", r.URL.Path`),
	follow(httpFile, "out, err := do(r.Context(), &who.Caller, in)", `"core.answer", r.URL.Path`),

	follow(grantFile, "row, made, err := e.useReceipt(ctx, who, i, in.Trust)", `"core.claim.granted"`),
	wrap(grantFile, "e.records.EnsureIndexed(ctx, i.rec.Digest)", `"core.claim.settled"`),
	wrap(executeFile, "e.records.EnsureIndexed(ctx, body.Claim)", `"core.intent.settled"`),
	wrap(executeFile, "e.ledger.Intend(ctx, frozen, e.conditions.guard(who.Key, i))", `"core.frozen", frozen.Kind`),
	wrap(executeFile, "e.requirePublished(ctx, row)", `"core.execute.published"`),
	follow(executeFile, "open, err := e.ledger.Execute(ctx, in.Receipt, in.Epoch, who.Key, e.config.Lease, e.conditions.guard(who.Key, i))", `"core.execute.opened"`),
	swap(executeFile, "err := e.mayGoOn(ctx, who, row, i)", `err := faults.After(e.mayGoOn(ctx, who, row, i), "core.execute.again")`),
	wrap(outcomeFile, "e.keep(ctx, body.RunID, texts...)", `"core.outcome.kept"`),

	wrap(appendFile, "r.outbox.Freeze(ctx, row)", `"core.frozen", row.Kind`),
	follow(appendFile, "stored, found, err := r.outbox.ByLeaf(ctx, row.Leaf)", `"core.append", row.Kind`),
	wrap(appendFile, "r.tree.Put(rec.Envelope, rec.LeafHash())", `"core.stored", row.Kind`),
	follow(appendFile, "index, err := add(ctx, rec.Leaf())", `"core.appended", row.Kind`),
	swap(appendFile, "return r.outbox.Indexed(ctx, row.Leaf, index)", `return faults.After(r.outbox.Indexed(ctx, row.Leaf, index), "core.indexed", row.Kind)`),
	swap(appendFile, "r.opts.Ended(row.Run)", `r.opts.Ended(row.Run); err = faults.At("core.closed")`),

	wrap(sealFile, "s.records.AppendRun(ctx, id)", `"core.unsealed"`),
}
