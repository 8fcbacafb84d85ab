package core

import (
	"context"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// executions are what a publisher does with a receipt: from its claim to its outcome.
type executions struct{ *parts }

// bind finds the receipt and checks what a publisher's own gate would have checked: run,
// operation, audience and the authority's key.
func (e executions) bind(ctx context.Context, who *federation.Caller, in api.ClaimWanted) (issued, error) {
	if !in.Receipt.Valid() {
		return issued{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	i, err := e.runs.receipt(ctx, in.Receipt)
	if err != nil {
		return issued{}, err
	}
	switch {
	case in.Publisher != who.Key:
		return issued{}, marketops.Refuse(marketops.AudienceMismatch, "the call is signed by another key than the one it names")
	case !slices.Contains(i.body.Audience, who.Key):
		return issued{}, marketops.Refuse(marketops.AudienceMismatch, fmt.Sprintf("%s is not in the audience of %s", who.Key, in.Receipt))
	case in.Run != i.body.RunID:
		return issued{}, marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("%s belongs to %s", in.Receipt, i.body.RunID))
	case in.Operation != i.body.Operation:
		return issued{}, marketops.Refuse(marketops.OperationMismatch, fmt.Sprintf("%s is for operation %s", in.Receipt, i.body.Operation))
	}
	return i, nil
}

// Claim grants epoch 1, or the next one to a publisher that may take over.
func (e executions) Claim(ctx context.Context, who *federation.Caller, in api.ClaimWanted) (api.Claimed, error) {
	defer e.begin()()
	i, err := e.bind(ctx, who, in)
	if err != nil {
		return api.Claimed{}, err
	}
	defer e.locks.share(i.body.RunID)()
	row, made, err := e.useReceipt(ctx, who, i, in.Trust)
	if err != nil {
		return api.Claimed{}, err
	}
	if err := e.records.EnsureIndexed(ctx, i.rec.Digest); err != nil {
		return api.Claimed{}, err
	}
	if err := e.records.AppendEarlier(ctx, i.body.ReceiptID, row.Epoch); err != nil {
		return api.Claimed{}, err
	}
	entry, err := e.records.Append(ctx, made.row, made.rec)
	if err != nil {
		return api.Claimed{}, err
	}
	state, err := e.claimState(ctx, row)
	return api.Claimed{Claim: state, Entry: entry}, err
}

// claimRecord is a claim record on its way into the log.
type claimRecord struct {
	row claims.Record
	rec *receipt.Record // nil where an earlier call made it
}

func (e executions) useReceipt(ctx context.Context, who *federation.Caller, i issued, version int64) (claims.Claim, claimRecord, error) {
	var made *receipt.Record
	n := e.runs.claimBy(who.Key, i)
	n.Guard = e.vetoes.guard(i.op) // the list is asked below, for the state that the claim is in
	n.Build = func(epoch int64, previous marketops.Digest) (claims.Record, error) {
		rec, err := e.issuer.Claim(i.history(), who.Key, epoch, previous)
		if err != nil {
			return claims.Record{}, err
		}
		if err := i.requireFresh(rec, epoch); err != nil {
			return claims.Record{}, err
		}
		made = rec
		return counted(rec, federation.ShareOf(who.Holder), claims.Share{Scope: claims.OfOneByReceipt, Within: federation.Day, Max: federation.ClaimsPerDay}), nil
	}
	old, err := e.readOld(ctx, &n, i)
	if err != nil {
		return claims.Claim{}, claimRecord{}, err
	}
	if err := all(e.conditions.forClaim(ctx, who.Key, i, old, version)); err != nil {
		return claims.Claim{}, claimRecord{}, err
	}
	row, rec, err := e.grant(ctx, n, old)
	if err != nil {
		return claims.Claim{}, claimRecord{}, err
	}
	if made != nil && made.Digest != rec.Digest {
		made = nil
	}
	return row, claimRecord{rec, made}, nil
}

// readOld returns the claim as it stands, and fills in what must have succeeded before a first one.
func (e executions) readOld(ctx context.Context, n *claims.NewClaim, i issued) (claims.Claim, error) {
	old, found, err := e.ledger.Get(ctx, n.Receipt)
	if err == nil && !found {
		n.After, err = e.plans.prerequisites(i)
	}
	return old, err
}

// requireFresh refuses a first claim that is dated past its receipt, because time passed since the ledger looked at the
// clock: an audit judges the receipt by that date.
func (i issued) requireFresh(claim *receipt.Record, epoch int64) error {
	if at := claim.Body.Issued(); epoch == 1 && at+gate.Epsilon >= i.body.ExpiresAt {
		return marketops.Refuse(marketops.Expired, fmt.Sprintf("the receipt expires at %s, the claim is dated %s", i.body.ExpiresAt, at))
	}
	return nil
}

// grant gives the first epoch, or continues an open claim. A repeated call of the same owner gets
// the same epoch as long as that has no intent; after that only a new epoch tells the one who comes
// back from the one who may still be at work.
func (e executions) grant(ctx context.Context, n claims.NewClaim, old claims.Claim) (claims.Claim, claims.Record, error) {
	switch old.State {
	case "", claims.Closed, claims.Revoked:
		return e.ledger.Claim(ctx, n)
	case claims.Claimed:
		intent, err := e.records.Intent(ctx, n.Receipt, old.Epoch)
		if err != nil {
			return claims.Claim{}, claims.Record{}, err
		}
		if old.Owner == n.Owner && intent == nil {
			return e.ledger.Claim(ctx, n)
		}
	}
	return e.ledger.Takeover(ctx, n)
}
