package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// Intent takes what a publisher is about to do: one per epoch, naming the newest claim.
func (e executions) Intent(ctx context.Context, who *federation.Caller, in api.Envelope) (api.Entry, error) {
	defer e.begin()()
	rec, body, err := openFrom[*receipt.Intent](e.rules, who, in.Envelope)
	if err != nil {
		return api.Entry{}, err
	}
	defer e.locks.share(body.RunID)()
	row, err := e.requireHeld(ctx, who, body.ReceiptID, body.Epoch)
	if err != nil {
		return api.Entry{}, err
	}
	switch {
	case body.RunID != row.Run:
		return api.Entry{}, marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("the claim is of %s", row.Run))
	case body.Operation != row.OpDigest || body.Receipt != row.ReceiptDigest:
		return api.Entry{}, marketops.Refuse(marketops.OperationMismatch, "the intent is of another operation or receipt than the claim")
	case body.Claim != row.ClaimRecord:
		return api.Entry{}, marketops.Refuse(marketops.OperationInFlight, "the intent names another claim than the newest")
	}
	if err := e.records.EnsureIndexed(ctx, body.Claim); err != nil {
		return api.Entry{}, err
	}
	if err := admission(e).admit(ctx, rec); err != nil {
		return api.Entry{}, err
	}
	return e.announce(ctx, who, rec, row)
}

// announce freezes an intent and brings it into the log.
func (e executions) announce(ctx context.Context, who *federation.Caller, rec *receipt.Record, row claims.Claim) (api.Entry, error) {
	i, err := e.runs.receipt(ctx, row.Receipt)
	if err != nil {
		return api.Entry{}, err
	}
	frozen := recorder.Frozen(rec)
	if err := e.ledger.Intend(ctx, frozen, e.conditions.guard(who.Key, i)); err != nil {
		return api.Entry{}, err
	}
	return e.records.Append(ctx, frozen, rec)
}

// requireHeld returns the claim that the caller holds under this epoch. Code operation-in-flight if
// another epoch or publisher does.
func (e executions) requireHeld(ctx context.Context, who *federation.Caller, id marketops.ReceiptID, epoch int64) (claims.Claim, error) {
	if !id.Valid() {
		return claims.Claim{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	row, found, err := e.ledger.Get(ctx, id)
	switch {
	case err != nil:
		return claims.Claim{}, err
	case !found:
		return claims.Claim{}, marketops.Refuse(marketops.ReceiptMissing, string(id)+" was not claimed")
	case row.State == claims.Revoked:
		return claims.Claim{}, marketops.Refuse(marketops.Revoked, string(id))
	case row.Owner != who.Key || row.Epoch != epoch:
		if err := e.explainLoss(ctx, row, who.Key); err != nil {
			return claims.Claim{}, err
		}
		return claims.Claim{}, marketops.RefuseErr(marketops.OperationInFlight, fmt.Sprintf("epoch %d of %s belongs to %s", row.Epoch, id, row.Owner), claims.ErrFenced)
	}
	return row, nil
}

// explainLoss tells a publisher whose claim the ledger ended why: the fence alone would say that another
// publisher has it.
func (e executions) explainLoss(ctx context.Context, row claims.Claim, key crypto.KeyID) error {
	if row.Outcome != claims.Rejected || row.Owner != key {
		return nil
	}
	history, err := e.ledger.History(ctx, row.Receipt)
	if err != nil {
		return err
	}
	for _, h := range history {
		switch {
		case h.To == claims.Decided && h.Reason == claims.ReasonRevoked:
			return marketops.Refuse(marketops.Revoked, string(row.Receipt))
		case h.To == claims.Decided && h.Reason == claims.ReasonSettled:
			return marketops.Refuse(marketops.Expired, "the ledger ended "+string(row.Receipt)+", which expired at "+row.ExpiresAt.String())
		case h.To == claims.Decided && h.Reason == claims.ReasonRejected:
			return federation.RejectedError("a person of a group that must approve the operation rejected the run; the ledger ended " + string(row.Receipt))
		}
	}
	return nil
}

// Execute allows the caller to change GitHub, once per epoch, when the epoch's intent is public.
func (e executions) Execute(ctx context.Context, who *federation.Caller, in api.Fence) (api.Lease, error) {
	defer e.begin()()
	row, err := e.requireHeld(ctx, who, in.Receipt, in.Epoch)
	if err != nil {
		return api.Lease{}, err
	}
	if err := e.requirePublished(ctx, row); err != nil {
		return api.Lease{}, err
	}
	i, err := e.runs.receipt(ctx, in.Receipt)
	if err != nil {
		return api.Lease{}, err
	}
	open, err := e.ledger.Execute(ctx, in.Receipt, in.Epoch, who.Key, e.config.Lease, e.conditions.guard(who.Key, i))
	if errors.Is(err, claims.ErrState) && row.State == claims.Executing {
		return e.executeAgain(ctx, who, row, i)
	}
	return lease(open, err)
}

// requirePublished demands the intent of this very epoch under a published checkpoint.
func (e executions) requirePublished(ctx context.Context, row claims.Claim) error {
	index, found, err := e.records.IntentIndex(ctx, row.Receipt, row.Epoch)
	if err != nil {
		return err
	}
	if !found {
		return marketops.Refuse(marketops.ReceiptUnlogged, fmt.Sprintf("epoch %d of %s has no intent in the log", row.Epoch, row.Receipt))
	}
	return e.records.Published(ctx, index)
}

// executeAgain allows the epoch that took over an execution to continue what an earlier epoch
// began. After an attempt policy and votes are not asked: GitHub may have changed, and what was begun must come to an end.
// The epoch that began is not allowed a second time: after an unclear answer it takes over.
func (e executions) executeAgain(ctx context.Context, who *federation.Caller, row claims.Claim, i issued) (api.Lease, error) {
	first, err := e.firstExecuted(ctx, row.Receipt)
	if err != nil {
		return api.Lease{}, err
	}
	if first == 0 || first >= row.Epoch {
		return api.Lease{}, marketops.RefuseErr(marketops.OperationInFlight, "this epoch was executed before; claim again and look first", claims.ErrState)
	}
	if now := e.now(); now+gate.Epsilon >= row.ExpiresAt {
		return api.Lease{}, marketops.Refuse(marketops.Expired, fmt.Sprintf("the receipt expires at %s, it is %s", row.ExpiresAt, now))
	}
	if err := e.mayGoOn(ctx, who, row, i); err != nil {
		return api.Lease{}, err
	}
	return lease(e.ledger.Renew(ctx, row.Receipt, row.Epoch, who.Key, e.config.Lease))
}

// mayGoOn asks the whole list as long as no attempt was counted.
func (e executions) mayGoOn(ctx context.Context, who *federation.Caller, row claims.Claim, i issued) error {
	if row.Attempts > 0 {
		return e.conditions.forNextEffect(who.Key, i)
	}
	votes, err := e.vetoes.rows(ctx, row.Run)
	if err != nil {
		return err
	}
	return e.conditions.guard(who.Key, i)(row, votes)
}

// Renew gives a longer lease, and notes a draft first.
func (e executions) Renew(ctx context.Context, who *federation.Caller, in api.Renewal) (api.Lease, error) {
	defer e.begin()()
	if _, err := e.requireHeld(ctx, who, in.Receipt, in.Epoch); err != nil {
		return api.Lease{}, err
	}
	note := e.ledger.NoteDraft
	if in.Struck {
		note = e.ledger.StrikeDraft
	}
	if in.Draft != 0 || in.Struck {
		if err := note(ctx, in.Receipt, in.Epoch, who.Key, in.Draft); err != nil {
			return api.Lease{}, err
		}
	}
	return lease(e.ledger.Renew(ctx, in.Receipt, in.Epoch, who.Key, e.config.Lease))
}

// Attempt counts a visible effect; the ledger re-checks expiry and clock, and before the first one asks the whole list in the
// transaction that counts it.
func (e executions) Attempt(ctx context.Context, who *federation.Caller, in api.Effect) (api.Lease, error) {
	defer e.begin()()
	row, err := e.requireHeld(ctx, who, in.Receipt, in.Epoch)
	if err != nil {
		return api.Lease{}, err
	}
	i, err := e.runs.receipt(ctx, in.Receipt)
	if err != nil {
		return api.Lease{}, err
	}
	if err := e.conditions.forNextEffect(who.Key, i); err != nil {
		return api.Lease{}, err
	}
	if !slices.Contains(i.op.Effects(), in.Effect) {
		return api.Lease{}, marketops.Refuse(marketops.OperationMismatch, fmt.Sprintf("%.40q is no effect of the operation", in.Effect))
	}
	if _, err = e.ledger.Attempt(ctx, in.Receipt, in.Epoch, who.Key, in.Effect, e.conditions.guard(who.Key, i)); err != nil {
		return api.Lease{}, err
	}
	counts, err := e.attempts(ctx, row)
	return api.Lease{Until: row.LeaseUntil, Attempts: counts}, err
}

func lease(row claims.Claim, err error) (api.Lease, error) {
	return api.Lease{Until: row.LeaseUntil}, err
}
