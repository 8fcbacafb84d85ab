package core

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt/trust"
)

// begin waits for a backup to end, and keeps one from beginning until done is called.
func (c *Core) begin() (done func()) {
	c.mu.RLock()
	return c.mu.RUnlock
}

// Submit takes a plan. The same plan of the same run again is answered with what is recorded: who
// lost the answer signs anew.
func (c *Core) Submit(ctx context.Context, who *federation.Caller, in api.Submit) (api.Entry, error) {
	defer c.begin()()
	return submissions{c.parts}.submit(ctx, who, in)
}

// Approve takes a verdict, approvals and rejections alike.
func (c *Core) Approve(ctx context.Context, who *federation.Caller, in api.Envelope) (api.Entry, error) {
	defer c.begin()()
	return submissions{c.parts}.approve(ctx, who, in)
}

// Authorize decides all operations of a run: receipts for all, or none. A receipt that is still
// good, or under which its operation was begun, is answered again instead of a new one.
func (c *Core) Authorize(ctx context.Context, who *federation.Caller, in api.Run) (api.Decisions, error) {
	defer c.begin()()
	return decisions{c.parts}.authorize(ctx, who, in)
}

// Resolve takes a person's decision about an unknown outcome.
func (c *Core) Resolve(ctx context.Context, who *federation.Caller, in api.Decided) (api.Entry, error) {
	defer c.begin()()
	return resolutions{c.parts}.resolve(ctx, who, in)
}

// Revoke withdraws a receipt: before it is used, or once claimed, before it is executed.
func (c *Core) Revoke(ctx context.Context, who *federation.Caller, in api.Revoke) (api.Entry, error) {
	defer c.begin()()
	return revocations{c.parts}.revoke(ctx, who, in)
}

// Check answers as a claim would, and uses nothing up. All six questions are asked, whichever the
// claim would stop at; a refusal under another code is the answer only where none of them is. That
// a receipt has expired is the publisher's to say.
func (c *Core) Check(ctx context.Context, who *federation.Caller, in api.ClaimWanted) (api.Answers, error) {
	defer c.begin()()
	return executions{c.parts}.check(ctx, who, in)
}

// Claim grants epoch 1, or the next one to whoever may take over.
func (c *Core) Claim(ctx context.Context, who *federation.Caller, in api.ClaimWanted) (api.Claimed, error) {
	defer c.begin()()
	return executions{c.parts}.claim(ctx, who, in)
}

// Intent takes what a publisher is about to do: one per epoch, naming the newest claim.
func (c *Core) Intent(ctx context.Context, who *federation.Caller, in api.Envelope) (api.Entry, error) {
	defer c.begin()()
	return executions{c.parts}.intent(ctx, who, in)
}

// Execute allows the caller to change GitHub, once per epoch, when the epoch's intent is public.
func (c *Core) Execute(ctx context.Context, who *federation.Caller, in api.Fence) (api.Lease, error) {
	defer c.begin()()
	return executions{c.parts}.execute(ctx, who, in)
}

// Renew gives a longer lease.
func (c *Core) Renew(ctx context.Context, who *federation.Caller, in api.Fence) (api.Lease, error) {
	defer c.begin()()
	return executions{c.parts}.renew(ctx, who, in)
}

// Attempt counts a visible effect; the ledger re-checks expiry and clock.
func (c *Core) Attempt(ctx context.Context, who *federation.Caller, in api.Fence) (api.Lease, error) {
	defer c.begin()()
	return executions{c.parts}.attempt(ctx, who, in)
}

// Outcome freezes what became of a claim, appends it and closes the claim. The same outcome
// again is answered with its place.
func (c *Core) Outcome(ctx context.Context, who *federation.Caller, in api.Decided) (api.Entry, error) {
	defer c.begin()()
	return executions{c.parts}.outcome(ctx, who, in)
}

// Refuse takes what a publisher's gate refused.
func (c *Core) Refuse(ctx context.Context, who *federation.Caller, in api.Decided) (api.Entry, error) {
	defer c.begin()()
	return c.refusals.take(ctx, who, in)
}

// Started is when this Core was opened.
func (c *Core) Started() marketops.Time { return c.started }

// Trust returns the active trust file.
func (c *Core) Trust() *trust.Trust { return c.rules.active.Load().trust }

// Info says what is served.
func (c *Core) Info() api.Info {
	f := c.rules.active.Load()
	return api.Info{Core: c.config.Origin, Origin: c.config.Origin, Trust: f.trust.Version(), Policy: f.policy.Digest(),
		Version: c.opts.Version, Now: c.now()}
}

// Records returns every record of a run that the log holds, in log order. One that was
// erased comes without its envelope.
func (c *Core) Records(ctx context.Context, id marketops.RunID) (api.RunRecords, error) {
	return c.runs.entries(ctx, id)
}

// ClaimState returns how far a receipt has come.
func (c *Core) ClaimState(ctx context.Context, id marketops.ReceiptID) (api.ClaimState, error) {
	return executions{c.parts}.stateOf(ctx, id)
}

// Evidence returns an erasable text.
func (c *Core) Evidence(d marketops.Digest) ([]byte, error) { return c.texts.read(d, api.MaxEvidence) }

// ReadFile reads a public file of the log: checkpoint, tile/….
func (c *Core) ReadFile(name string) ([]byte, error) { return c.records.ReadFile(name) }

// ReadRecord reads an envelope from the record store, by its name below that.
func (c *Core) ReadRecord(name string) ([]byte, error) { return c.records.ReadRecord(name) }
