package server

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// outcome freezes what became of a claim, appends it and closes the claim. The same outcome
// again is answered with its place.
func (c *Core) outcome(ctx context.Context, who *caller, in api.Decided) (api.Entry, error) {
	rec, err := c.openFrom(who, in.Envelope, "outcome")
	if err != nil {
		return api.Entry{}, err
	}
	body := rec.Body.(*receipt.Outcome)
	if in.Epoch != body.Epoch {
		return api.Entry{}, marketops.Refuse(marketops.OperationInFlight, fmt.Sprintf("the outcome is of epoch %d, the call of %d", body.Epoch, in.Epoch))
	}
	if err := checkTexts(body.Head, in.Evidence, body.Error, body.Response); err != nil {
		return api.Entry{}, err
	}
	e, err := c.decideOutcome(ctx, who, rec, body, in.Evidence)
	if err == nil {
		c.seals.add(body.RunID)
	}
	return e, err
}

func (c *Core) decideOutcome(ctx context.Context, who *caller, rec *receipt.Record, body *receipt.Outcome, texts []api.Evidence) (api.Entry, error) {
	lock := c.runs.of(body.RunID)
	lock.RLock()
	defer lock.RUnlock()
	row, err := c.held(ctx, who, body.ReceiptID, body.Epoch)
	if err != nil {
		return api.Entry{}, err
	}
	if err := c.fitsClaim(ctx, rec, body, row); err != nil {
		return api.Entry{}, err
	}
	if err := c.keep(texts); err != nil {
		return api.Entry{}, err
	}
	frozen := frozenForm(rec)
	if _, err := c.ledger.Decide(ctx, row.Receipt, row.Epoch, who.key, claims.Outcome(body.Status), frozen); err != nil {
		return api.Entry{}, err
	}
	e, err := c.append(ctx, frozen, rec)
	if err != nil {
		return api.Entry{}, err
	}
	return e, c.ledger.CloseClaim(ctx, row.Receipt, row.Epoch, e.Position.Index)
}

// fitsClaim refuses an outcome of anything but this claim. Which status follows from which
// state is the ledger's to say; what a status demands of the record, the record's own.
func (c *Core) fitsClaim(ctx context.Context, rec *receipt.Record, o *receipt.Outcome, row claims.Claim) error {
	switch {
	case o.RunID != row.Run:
		return marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("the claim is of %s", row.Run))
	case o.OperationKind != row.Kind:
		return marketops.Refuse(marketops.KindMismatch, fmt.Sprintf("the claim is for %s", row.Kind))
	case o.OperationID != row.OpDigest || rec.About() != row.OpDigest || o.Receipt != row.ReceiptDigest:
		return marketops.Refuse(marketops.OperationMismatch, "the outcome is of another operation or receipt than the claim")
	}
	if _, known := o.Code.Info(); !known && o.Code != "" {
		return marketops.Refuse(marketops.RecordUnknown, "the outcome's code is not in the table")
	}
	if o.Intent == nil {
		return nil
	}
	intent, err := c.intentOf(ctx, row.Receipt, 0)
	if err != nil {
		return err
	}
	if intent == nil || intent.Index == nil || *o.Intent != c.position(*intent.Index) {
		return marketops.Refuse(marketops.ReceiptUnlogged, "the outcome names another intent than the newest of its receipt")
	}
	return c.saw(o, *intent.Index)
}

// saw refuses a checkpoint that cannot be the one that the publisher verified before it acted.
// Whether its root is the log's is for auditors: a publisher that was shown a fork must be able
// to leave the evidence here.
func (c *Core) saw(o *receipt.Outcome, intent uint64) error {
	s := o.Checkpoint
	if s == nil || s.Origin != c.opts.Config.Origin || s.Size > log.MaxSize || s.Size <= int64(intent) {
		return marketops.Refuse(marketops.ReceiptUnlogged, "the outcome names no checkpoint of this log that covers its intent")
	}
	return nil
}

// resolve takes a person's decision about an unknown outcome.
func (c *Core) resolve(ctx context.Context, who *caller, in api.Decided) (api.Entry, error) {
	rec, err := c.openFrom(who, in.Envelope, "resolution")
	if err != nil {
		return api.Entry{}, err
	}
	body := rec.Body.(*receipt.Resolution)
	if err := checkTexts(body.Head, in.Evidence, body.Reason); err != nil {
		return api.Entry{}, err
	}
	e, err := c.admitResolution(ctx, who, rec, body, in.Evidence)
	if err != nil {
		about := refusedRun(body.RunID)
		about.Receipt = body.ReceiptID
		return api.Entry{}, c.refused(ctx, who, about, err)
	}
	c.seals.add(body.RunID)
	return e, nil
}

func (c *Core) admitResolution(ctx context.Context, who *caller, rec *receipt.Record, body *receipt.Resolution, texts []api.Evidence) (api.Entry, error) {
	if !body.ReceiptID.Valid() {
		return api.Entry{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	i, err := c.receipt(ctx, body.ReceiptID)
	if err != nil {
		return api.Entry{}, err
	}
	if !c.force.Load().trust.MayResolve(who.Holder, i.op.Kind, i.op.Target) {
		return api.Entry{}, marketops.Refuse(marketops.PolicyDenied, who.Name+" may not resolve outcomes of this kind and target")
	}
	if body.RunID != i.body.RunID || rec.About() != i.body.Operation {
		return api.Entry{}, marketops.Refuse(marketops.RunMismatch, "the resolution is of another run or operation than its receipt")
	}
	lock := c.runs.of(body.RunID)
	lock.RLock()
	defer lock.RUnlock()
	if err := c.namesOutcome(ctx, body); err != nil {
		return api.Entry{}, err
	}
	if err := c.keep(texts); err != nil {
		return api.Entry{}, err
	}
	frozen := frozenForm(rec)
	if err := c.ledger.Resolve(ctx, body.ReceiptID, claims.Outcome(body.Verdict), frozen); err != nil {
		return api.Entry{}, err
	}
	return c.append(ctx, frozen, rec)
}

func (c *Core) namesOutcome(ctx context.Context, body *receipt.Resolution) error {
	rows, err := c.ledger.ByReceipt(ctx, body.ReceiptID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Kind == claims.KindOutcome && row.Digest == body.Outcome && row.Index != nil && body.Position == c.position(*row.Index) {
			return nil
		}
	}
	return marketops.Refuse(marketops.OperationMismatch, "the resolution names no outcome of its receipt")
}

// maxReason bounds the reason of a revocation, in bytes.
const maxReason = 4 << 10

// revoke withdraws a receipt: before it is spent, or once claimed, before the door is opened.
func (c *Core) revoke(ctx context.Context, who *caller, in api.Revoke) (api.Entry, error) {
	e, err := c.withdraw(ctx, who, in)
	if err != nil {
		about := refusedRun("")
		about.Receipt = in.Receipt
		return api.Entry{}, c.refused(ctx, who, about, err)
	}
	return e, nil
}

func (c *Core) withdraw(ctx context.Context, who *caller, in api.Revoke) (api.Entry, error) {
	if !in.Receipt.Valid() || len(in.Reason) > maxReason {
		return api.Entry{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named, or the reason is too long")
	}
	i, err := c.receipt(ctx, in.Receipt)
	if err != nil {
		return api.Entry{}, err
	}
	if !c.force.Load().trust.MayRevoke(who.Holder, i.op.Kind, i.op.Target) {
		return api.Entry{}, marketops.Refuse(marketops.PolicyDenied, who.Name+" may not revoke receipts of this kind and target")
	}
	rec, ev, err := c.mint.Revocation(i.spending(), who.Name, in.Reason)
	if err != nil {
		return api.Entry{}, err
	}
	if err := c.texts.put(ev.Digest, ev.Text); err != nil {
		return api.Entry{}, err
	}
	lock := c.runs.of(i.body.RunID)
	lock.RLock()
	defer lock.RUnlock()
	if err := c.settled(ctx, i.rec.Digest); err != nil {
		return api.Entry{}, err
	}
	return c.recordRevocation(ctx, i, rec)
}

func (c *Core) recordRevocation(ctx context.Context, i issued, rec *receipt.Record) (api.Entry, error) {
	n := c.newClaim(wish{i, c.mint.AuthorityKey()})
	var rejected *receipt.Record
	decide := func(_ claims.Claim, epoch int64) (r claims.Record, err error) {
		if rejected, err = c.mint.Rejected(i.spending(), epoch, marketops.Revoked); err != nil {
			return r, err
		}
		return frozenForm(rejected), nil
	}
	frozen := frozenForm(rec)
	if err := c.ledger.Revoke(ctx, n, frozen, decide); err != nil {
		return api.Entry{}, err
	}
	e, err := c.append(ctx, frozen, rec)
	if err != nil || rejected == nil {
		return e, err
	}
	outcome := rejected.Body.(*receipt.Outcome)
	place, err := c.append(ctx, frozenForm(rejected), rejected)
	if err != nil {
		return api.Entry{}, err
	}
	c.seals.add(i.body.RunID)
	return e, c.ledger.CloseClaim(ctx, i.body.ReceiptID, outcome.Epoch, place.Position.Index)
}
