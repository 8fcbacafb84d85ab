package core

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// addUses fills in what the receipts that were issued for an operation take up: approvals, or the operation itself.
func (rs runs) addUses(ctx context.Context, r *run, w *federation.OperationState) error {
	for _, i := range r.receipts {
		if i.body.Operation != w.Digest {
			continue
		}
		u, err := rs.useOf(ctx, r, i)
		if err != nil {
			return err
		}
		if u.spends != "" {
			for _, a := range i.body.Approvals {
				w.Spent[a] = u.spends
			}
		}
		if u.held != nil {
			w.Held = u.held
		}
	}
	return nil
}

// use is what one receipt takes up.
type use struct {
	spends string             // why its approvals cannot serve another receipt now; "" if they can, or if held says it
	held   *marketops.Refusal // why there can be no other receipt for its operation now; nil if there can
}

// holds says that a receipt must come to its end first. More approvals would not help, and none are asked for.
func holds(code marketops.Code, what, next string) use {
	return use{held: &marketops.Refusal{Code: code, What: what, State: "no new receipt was issued", Next: next}}
}

// useOf says what a receipt takes up. Approvals serve one receipt after the other until the last effect is on GitHub.
func (rs runs) useOf(ctx context.Context, r *run, i issued) (use, error) {
	id := i.body.ReceiptID
	if r.has(receipt.KindRevocation, id) {
		return use{spends: fmt.Sprintf("%s, which they served, was revoked", id)}, nil
	}
	claim, found, err := rs.ledger.Get(ctx, id)
	switch {
	case err != nil:
		return use{}, err
	case !found && r.Now+gate.Epsilon < i.body.ExpiresAt:
		return use{spends: fmt.Sprintf("%s, which they serve, can be used until %s", id, i.body.ExpiresAt)}, nil
	case !found:
		return use{}, nil
	}
	return rs.useOfClaim(ctx, r, claim)
}

func (rs runs) useOfClaim(ctx context.Context, r *run, c claims.Claim) (use, error) {
	switch {
	case c.State != claims.Closed:
		return holds(marketops.OperationInFlight, fmt.Sprintf("%s is %s, and how it ended is not recorded yet", c.Receipt, c.State), "marketops reconcile "+string(r.ID)+", then authorize again"), nil
	case c.Outcome == claims.Unknown:
		return holds(marketops.OutcomeUnknown, fmt.Sprintf("whether %s published is unknown", c.Receipt), "look at GitHub, then marketops reconcile "+string(r.ID)+" --resolve, then authorize again"), nil
	case c.Outcome == claims.Rejected, c.Outcome == claims.Failed && r.has(receipt.KindResolution, c.Receipt):
		return use{}, nil
	}
	out, err := rs.outcome(ctx, c.Receipt)
	if err != nil || out.Status == receipt.Failed && !out.IsComplete() {
		return use{}, err
	}
	return use{spends: fmt.Sprintf("%s, which they served, is on GitHub", c.Receipt)}, nil
}

// has reports whether a record of this kind about a receipt is recorded in the run.
func (r *run) has(kind receipt.Kind, id marketops.ReceiptID) bool {
	for _, row := range r.all {
		if receipt.Kind(row.Kind) == kind && row.Receipt == id {
			return true
		}
	}
	return false
}

// ended is an outcome and its place in the order in which records were frozen. Publishers date their outcomes by
// clocks that differ.
type ended struct {
	*receipt.Outcome
	seq int64
}

// outcome reads the outcome of a receipt that has one.
func (rs runs) outcome(ctx context.Context, id marketops.ReceiptID) (ended, error) {
	rows, err := rs.records.Receipt(ctx, id)
	if err != nil {
		return ended{}, err
	}
	for _, row := range rows {
		if row.Kind != claims.KindOutcome {
			continue
		}
		rec, err := rs.records.Reopen(rs.rules.active.Load().trust, row)
		if err != nil {
			return ended{}, err
		}
		return ended{rec.Body.(*receipt.Outcome), row.Seq}, nil
	}
	return ended{}, &marketops.Failure{Code: marketops.LedgerUnavailable, What: "the outcome of " + string(id) + " is not recorded"}
}
