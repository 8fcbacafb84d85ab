package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	httpFile    = "federation/server/http.go"
	grantFile   = "federation/server/claim.go"
	executeFile = "federation/server/execute.go"
	outcomeFile = "federation/server/outcome.go"
	appendFile  = "federation/server/append.go"
	sealFile    = "federation/server/seal.go"
)

var corePoints = []overlay.Patch{
	wrap(httpFile, "s.body(w, r, who, limit, &in)", `"core.call", r.URL.Path`),
	follow(httpFile, "out, err := do(r.Context(), who, in)", `"core.answer", r.URL.Path`),

	follow(grantFile, "row, rec, err := c.spendReceipt(ctx, w, in)", `"core.claim.granted"`),
	wrap(grantFile, "c.ensureIndexed(ctx, w.rec.Digest)", `"core.claim.settled"`),
	wrap(executeFile, "c.ensureIndexed(ctx, body.Claim)", `"core.intent.settled"`),
	wrap(executeFile, "c.published(ctx, row)", `"core.execute.published"`),
	follow(executeFile, "open, err := c.ledger.Execute(ctx, in.Receipt, in.Epoch, who.key, c.opts.Config.Lease, guard)", `"core.execute.opened"`),
	swap(executeFile, "err := c.guard(who, i)", `err := faults.After(c.guard(who, i), "core.execute.again")`),
	wrap(outcomeFile, "c.keep(texts)", `"core.outcome.kept"`),

	wrap(appendFile, "c.ledger.Freeze(ctx, r)", `"core.frozen", r.Kind`),
	follow(appendFile, "stored, found, err := c.ledger.ByLeaf(ctx, r.Leaf)", `"core.append", r.Kind`),
	wrap(appendFile, "c.tree.Put(rec.Envelope, rec.LeafHash())", `"core.stored", r.Kind`),
	follow(appendFile, "index, err := c.tree.Append(ctx, rec.Leaf())", `"core.appended", r.Kind`),
	swap(appendFile, "return c.ledger.Indexed(ctx, r.Leaf, index)", `return faults.After(c.ledger.Indexed(ctx, r.Leaf, index), "core.indexed", r.Kind)`),
	swap(appendFile, "c.seals.add(r.Run)", `c.seals.add(r.Run); err = faults.At("core.closed")`),

	follow(sealFile, "defer lock.Unlock()\n\trows, err := c.ledger.ByRun(ctx, id)", `"core.seal"`),
}
