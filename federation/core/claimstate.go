package core

import (
	"context"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// claimState is the wire form of a row.
func (e executions) claimState(ctx context.Context, row claims.Claim) (api.ClaimState, error) {
	out := api.ClaimState{
		Receipt: row.Receipt, Run: row.Run, Operation: row.OpDigest, State: api.State(row.State), Outcome: receipt.Status(row.Outcome),
		Owner: row.Owner, Epoch: row.Epoch, LeaseUntil: row.LeaseUntil, Attempts: int64(row.Attempts),
	}
	if row.Epoch <= 1 || row.Attempts == 0 {
		return out, nil
	}
	var err error
	out.Earlier, err = e.triedBefore(ctx, row)
	return out, err
}

// triedBefore reports whether a visible effect was begun under an earlier epoch than the row's.
// Each is counted before it is sent, and none under an epoch that was overtaken, so that without
// one nothing can be under way. An attempt that left no line is taken for an earlier one.
func (e executions) triedBefore(ctx context.Context, row claims.Claim) (bool, error) {
	history, err := e.ledger.History(ctx, row.Receipt)
	if err != nil {
		return false, err
	}
	lines := 0
	for _, h := range history {
		if h.Reason != claims.AttemptReason {
			continue
		}
		if h.Epoch < row.Epoch {
			return true, nil
		}
		lines++
	}
	return row.Attempts > lines, nil
}

// firstExecuted returns the epoch that was first allowed to change GitHub, 0 if none was.
func (e executions) firstExecuted(ctx context.Context, id marketops.ReceiptID) (int64, error) {
	history, err := e.ledger.History(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, h := range history {
		if h.From == claims.Claimed && h.To == claims.Executing {
			return h.Epoch, nil
		}
	}
	return 0, nil
}

// ClaimState returns the claim of a receipt, state none for one that was never claimed. Error
// fs.ErrNotExist for a receipt that this Core did not issue.
func (e executions) ClaimState(ctx context.Context, id marketops.ReceiptID) (api.ClaimState, error) {
	row, found, err := e.ledger.Get(ctx, id)
	if err != nil {
		return api.ClaimState{}, err
	}
	if found {
		return e.claimState(ctx, row)
	}
	i, err := e.runs.receipt(ctx, id)
	if marketops.CodeOf(err) == marketops.ReceiptMissing {
		return api.ClaimState{}, fs.ErrNotExist
	}
	if err != nil {
		return api.ClaimState{}, err
	}
	return api.ClaimState{Receipt: id, Run: i.body.RunID, Operation: i.body.Operation, State: api.StateNone}, nil
}
