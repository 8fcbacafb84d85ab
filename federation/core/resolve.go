package core

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// resolutions are persons' decisions about unknown outcomes.
type resolutions struct{ *parts }

// Resolve takes a person's decision about an unknown outcome.
func (r resolutions) Resolve(ctx context.Context, who *federation.Caller, in api.Decided) (api.Entry, error) {
	defer r.begin()()
	rec, body, err := openFrom[*receipt.Resolution](r.rules, who, in.Envelope)
	if err != nil {
		return api.Entry{}, err
	}
	if err := checkTexts(body, in.Evidence, federation.ReasonBytes); err != nil {
		return api.Entry{}, err
	}
	return r.admitResolution(ctx, who, rec, body, in.Evidence)
}

func (r resolutions) admitResolution(ctx context.Context, who *federation.Caller, rec *receipt.Record, body *receipt.Resolution, texts []api.Evidence) (api.Entry, error) {
	if !body.ReceiptID.Valid() {
		return api.Entry{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	i, err := r.runs.receipt(ctx, body.ReceiptID)
	if err != nil {
		return api.Entry{}, err
	}
	if !r.rules.active.Load().trust.MayResolve(who.Holder, i.op.Kind, i.op.Target) {
		return api.Entry{}, marketops.Refuse(marketops.PolicyDenied, who.Name+" may not resolve outcomes of this kind and target")
	}
	if body.RunID != i.body.RunID || body.Operation != i.body.Operation {
		return api.Entry{}, marketops.Refuse(marketops.RunMismatch, "the resolution is of another run or operation than its receipt")
	}
	defer r.locks.share(body.RunID)()
	if err := r.checkOutcome(ctx, body); err != nil {
		return api.Entry{}, err
	}
	if err := admission(r).admit(ctx, rec); err != nil {
		return api.Entry{}, err
	}
	if err := r.keepTexts(ctx, body, texts); err != nil {
		return api.Entry{}, err
	}
	frozen := recorder.Frozen(rec)
	if err := r.ledger.Resolve(ctx, body.ReceiptID, claims.Outcome(body.Verdict), frozen); err != nil {
		return api.Entry{}, err
	}
	return r.records.Append(ctx, frozen, rec)
}

// keepTexts stores the texts of the one resolution that an unknown outcome can have. Those of another are not kept: the
// ledger refuses it.
func (r resolutions) keepTexts(ctx context.Context, body *receipt.Resolution, texts []api.Evidence) error {
	row, _, err := r.ledger.Get(ctx, body.ReceiptID)
	if err != nil || row.Outcome != claims.Unknown {
		return err
	}
	return r.keep(ctx, body.RunID, texts...)
}

func (r resolutions) checkOutcome(ctx context.Context, body *receipt.Resolution) error {
	rows, err := r.records.Receipt(ctx, body.ReceiptID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Kind == claims.KindOutcome && row.Digest == body.Outcome && row.Index != nil && body.Position == r.records.Position(*row.Index) {
			return nil
		}
	}
	return marketops.Refuse(marketops.OperationMismatch, "the resolution names no outcome of its receipt")
}
