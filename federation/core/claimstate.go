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
		Owner: row.Owner, Epoch: row.Epoch, LeaseUntil: row.LeaseUntil,
	}
	var err error
	out.Attempts, out.Earlier, err = e.attempts(ctx, row)
	return out, err
}

// attempts counts the attempts of each effect, and reports whether one was made under an earlier epoch
// than the row's. Each is counted before it is sent, and none under an epoch that was overtaken, so that
// without one nothing can be under way.
func (p *parts) attempts(ctx context.Context, row claims.Claim) (counts api.Attempts, earlier bool, err error) {
	history, err := p.ledger.History(ctx, row.Receipt)
	if err != nil {
		return nil, false, err
	}
	counts = api.Attempts{}
	for _, h := range history {
		if effect := h.Attempted(); effect != "" {
			counts[effect]++
			earlier = earlier || h.Epoch < row.Epoch
		}
	}
	return counts, earlier, nil
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
