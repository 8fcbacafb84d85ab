package server

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

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
	if !c.active.Load().trust.MayRevoke(who.Holder, i.op.Kind, i.op.Target) {
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
	if err := c.ensureIndexed(ctx, i.rec.Digest); err != nil {
		return api.Entry{}, err
	}
	return c.recordRevocation(ctx, i, rec)
}

func (c *Core) recordRevocation(ctx context.Context, i issued, rec *receipt.Record) (api.Entry, error) {
	n := c.newClaim(claimRequest{i, c.mint.AuthorityKey()})
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
	if err := c.appendClaims(ctx, i.body.ReceiptID, rejected.Body.(*receipt.Outcome).Epoch); err != nil {
		return e, err
	}
	_, err = c.append(ctx, frozenForm(rejected), rejected)
	return e, err
}
