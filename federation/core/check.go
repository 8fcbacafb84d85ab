package core

import (
	"context"
	"errors"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt/gate"
)

// Check answers as a claim would, and uses nothing up. All six questions are asked, whichever the
// claim would stop at, and whether a person rejected the run, which the publisher cannot tell from a
// list that it was shown. A refusal under another code is the answer only where none of these is. That
// a receipt has expired is the publisher's to say.
func (e executions) Check(ctx context.Context, who *federation.Caller, in api.ClaimWanted) (api.Answers, error) {
	defer e.begin()()
	i, err := e.bind(ctx, who, in)
	if err != nil {
		return api.Answers{}, err
	}
	n := e.runs.claimBy(who.Key, i)
	old, err := e.readOld(ctx, &n, i)
	if err != nil {
		return api.Answers{}, err
	}
	asked := append(e.conditions.forClaim(ctx, who.Key, i, old, in.Trust),
		func() error { return e.vetoes.require(ctx, i, old) },
		func() error { return e.ledger.Check(ctx, n) },
		func() error { return requireUnused(old) }) // the ledger stops at the clock
	failed, other := map[marketops.Code]error{}, error(nil)
	for _, holds := range asked {
		var r *marketops.Refusal
		switch err := holds(); {
		case err == nil || errors.Is(err, marketops.Expired):
		case !errors.As(err, &r):
			return api.Answers{}, err
		case !slices.Contains(answered, r.Code):
			other = err
		case failed[r.Code] == nil:
			failed[r.Code] = err
		}
	}
	if len(failed) == 0 && other != nil {
		return api.Answers{}, other
	}
	return api.Answers{Checks: checksOf(failed)}, nil
}

// requireUnused says what the row of a receipt alone tells.
func requireUnused(row claims.Claim) error {
	switch row.State {
	case claims.Revoked:
		return marketops.Refuse(marketops.Revoked, "")
	case claims.Closed:
		return marketops.Refuse(marketops.Consumed, "")
	}
	return nil
}

// answered are the codes that a check answers.
var answered = slices.Concat(gate.CoreCodes, gate.SharedCodes)

func checksOf(failed map[marketops.Code]error) (out marketops.Checks) {
	for _, code := range answered {
		c := marketops.Check{Code: code, Status: marketops.Pass}
		if err := failed[code]; err != nil {
			c.Status, c.Detail = marketops.Fail, err.Error()
		}
		out = append(out, c)
	}
	return out
}
