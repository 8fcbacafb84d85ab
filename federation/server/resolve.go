package server

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// resolve takes a person's decision about an unknown outcome.
func (c *Core) resolve(ctx context.Context, who *caller, in api.Decided) (api.Entry, error) {
	rec, err := c.openFrom(who, in.Envelope, "resolution")
	if err != nil {
		return api.Entry{}, err
	}
	body := rec.Body.(*receipt.Resolution)
	if err := checkTexts(body.Header, in.Evidence, body.Reason); err != nil {
		return api.Entry{}, err
	}
	e, err := c.admitResolution(ctx, who, rec, body, in.Evidence)
	if err != nil {
		about := refusedRun(body.RunID)
		about.Receipt = body.ReceiptID
		return api.Entry{}, c.refused(ctx, who, about, err)
	}
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
	if !c.active.Load().trust.MayResolve(who.Holder, i.op.Kind, i.op.Target) {
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
