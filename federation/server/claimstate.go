package server

import (
	"context"
	"io/fs"
	"net/http"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// claimState is the wire form of a row.
func (c *Core) claimState(ctx context.Context, row claims.Claim) (api.ClaimState, error) {
	out := api.ClaimState{
		Receipt: row.Receipt, Run: row.Run, Operation: row.OpDigest, State: api.State(row.State), Outcome: receipt.Status(row.Outcome),
		Owner: row.Owner, Epoch: row.Epoch, LeaseUntil: row.LeaseUntil, Attempts: int64(row.Attempts),
	}
	if row.Epoch <= 1 || row.Attempts == 0 {
		return out, nil
	}
	var err error
	out.Earlier, err = c.triedBefore(ctx, row)
	return out, err
}

// triedBefore reports whether a visible effect was begun under an earlier epoch than the row's.
// Each is counted before it is sent, and none under an epoch that was overtaken, so that without
// one nothing can be under way. An attempt that left no line is taken for an earlier one.
func (c *Core) triedBefore(ctx context.Context, row claims.Claim) (bool, error) {
	history, err := c.ledger.History(ctx, row.Receipt)
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

// openedAt returns the epoch that opened the door to GitHub, 0 if none did.
func (c *Core) openedAt(ctx context.Context, id marketops.ReceiptID) (int64, error) {
	history, err := c.ledger.History(ctx, id)
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

func (c *Core) getClaim(w http.ResponseWriter, r *http.Request) error {
	id := marketops.ReceiptID(r.PathValue("receipt"))
	if !id.Valid() {
		return fs.ErrNotExist
	}
	row, found, err := c.ledger.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if !found {
		i, err := c.receipt(r.Context(), id)
		if marketops.CodeOf(err) == marketops.ReceiptMissing {
			return fs.ErrNotExist
		}
		if err != nil {
			return err
		}
		answer(w, http.StatusOK, api.ClaimState{Receipt: id, Run: i.body.RunID, Operation: i.body.Operation, State: api.StateNone})
		return nil
	}
	out, err := c.claimState(r.Context(), row)
	if err == nil {
		answer(w, http.StatusOK, out)
	}
	return err
}
