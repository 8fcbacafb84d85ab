package core

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// revocations withdraw receipts.
type revocations struct{ *parts }

// Revoke withdraws a receipt, as long as no attempt was counted under it.
func (r revocations) Revoke(ctx context.Context, who *federation.Caller, in api.Revoke) (api.Entry, error) {
	defer r.begin()()
	return r.withdraw(ctx, who, in)
}

func (r revocations) withdraw(ctx context.Context, who *federation.Caller, in api.Revoke) (api.Entry, error) {
	if !in.Receipt.Valid() {
		return api.Entry{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	if len(in.Reason) > federation.ReasonBytes {
		return api.Entry{}, marketops.Refuse(marketops.LimitReached, fmt.Sprintf("the reason has %d bytes, at most %d are taken", len(in.Reason), federation.ReasonBytes))
	}
	i, err := r.runs.receipt(ctx, in.Receipt)
	if err != nil {
		return api.Entry{}, err
	}
	if !r.rules.active.Load().trust.MayRevoke(who.Holder, i.op.Kind, i.op.Target) {
		return api.Entry{}, marketops.Refuse(marketops.PolicyDenied, who.Name+" may not revoke receipts of this kind and target")
	}
	defer r.locks.share(i.body.RunID)()
	if err := r.records.EnsureIndexed(ctx, i.rec.Digest); err != nil {
		return api.Entry{}, err
	}
	if err := r.conditions.requireNewest(ctx, i); err != nil {
		return api.Entry{}, err
	}
	rec, ev, err := r.issuer.Revocation(i.history(), who.Name, in.Reason)
	if err != nil {
		return api.Entry{}, err
	}
	if err := r.keepReason(ctx, i, ev); err != nil {
		return api.Entry{}, err
	}
	return r.recordRevocation(ctx, i, rec)
}

// keepReason stores the reason of a revocation. That of one which comes too late is not kept: the ledger refuses it.
func (r revocations) keepReason(ctx context.Context, i issued, reason issue.Evidence) error {
	row, found, err := r.ledger.Get(ctx, i.body.ReceiptID)
	if late := found && (row.Attempts > 0 || row.State != claims.Claimed && row.State != claims.Executing); late || err != nil {
		return err
	}
	return r.keep(ctx, i.body.RunID, api.Evidence(reason))
}

func (r revocations) recordRevocation(ctx context.Context, i issued, rec *receipt.Record) (api.Entry, error) {
	n := r.runs.claimBy(r.issuer.AuthorityKey(), i)
	var rejected *receipt.Record
	decide := func(_ claims.Claim, epoch int64) (row claims.Record, err error) {
		if rejected, err = r.issuer.Rejected(i.history(), epoch, marketops.Revoked); err != nil {
			return row, err
		}
		return recorder.Frozen(rejected), nil
	}
	frozen := recorder.Frozen(rec)
	if err := r.ledger.Revoke(ctx, n, frozen, decide); err != nil {
		return api.Entry{}, err
	}
	e, err := r.records.Append(ctx, frozen, rec)
	if err != nil || rejected == nil {
		return e, err
	}
	if err := r.records.AppendEarlier(ctx, i.body.ReceiptID, rejected.Body.(*receipt.Outcome).Epoch); err != nil {
		return e, err
	}
	_, err = r.records.Append(ctx, recorder.Frozen(rejected), rejected)
	return e, err
}
