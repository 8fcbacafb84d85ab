package core

import (
	"cmp"
	"context"
	"slices"

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
	if out.Attempts, err = e.attempts(ctx, row); err != nil {
		return api.ClaimState{}, err
	}
	if out.Earlier, err = e.earlier(ctx, row); err != nil {
		return api.ClaimState{}, err
	}
	out.Drafts, err = e.ledger.Drafts(ctx, row.OpDigest)
	return out, err
}

// attempts counts the attempts of each effect under a receipt. Each is counted before it is sent, so that
// without one nothing can be under way.
func (p *parts) attempts(ctx context.Context, row claims.Claim) (api.Attempts, error) {
	history, err := p.ledger.History(ctx, row.Receipt)
	if err != nil {
		return nil, err
	}
	counts := api.Attempts{}
	for _, h := range history {
		if effect := h.Attempted(); effect != "" {
			counts[effect]++
		}
	}
	return counts, nil
}

// earlier lists the effects that were tried under other receipts of the row's operation and may be there, as the newest
// outcome says. The ledger lets a receipt be claimed only when these have ended.
func (e executions) earlier(ctx context.Context, row claims.Claim) ([]api.Earlier, error) {
	others, err := e.ledger.Claims(ctx, row.Run, row.OpDigest)
	if err != nil {
		return nil, err
	}
	var outcomes []ended
	for _, other := range others {
		if other.Receipt == row.Receipt || other.State != claims.Closed {
			continue
		}
		o, err := e.runs.outcome(ctx, other.Receipt)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
	}
	slices.SortFunc(outcomes, func(a, b ended) int { return cmp.Compare(b.seq, a.seq) })
	var out []api.Earlier
	for _, name := range e.runs.effectsOf(row) {
		if m := newestOf(name, outcomes); m != nil {
			out = append(out, *m)
		}
	}
	return out, nil
}

// newestOf finds the newest outcome that says something about an effect; nil if none does, or if it is absent.
func newestOf(name string, newestFirst []ended) *api.Earlier {
	for _, o := range newestFirst {
		i := slices.IndexFunc(o.Effects, func(x receipt.Effect) bool { return x.Name == name })
		switch {
		case i < 0:
		case o.Effects[i].Earlier != nil:
			return &api.Earlier{Effect: name, Receipt: *o.Effects[i].Earlier, There: true}
		case o.Effects[i].State == receipt.EffectAbsent:
			return nil
		case o.Effects[i].Attempts > 0:
			return &api.Earlier{Effect: name, Receipt: o.Receipt, There: o.Effects[i].IsThere()}
		}
	}
	return nil
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
