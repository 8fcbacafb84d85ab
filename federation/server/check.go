package server

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
)

// coreCodes are the gate's checks that only the Core can answer, in their order.
var coreCodes = []marketops.Code{
	marketops.PolicySuperseded, marketops.TrustRolledBack, marketops.ClockUnsure,
	marketops.Revoked, marketops.Consumed, marketops.OperationInFlight,
}

// check answers as a claim would, and spends nothing.
func (c *Core) check(ctx context.Context, who *caller, in api.ClaimWanted) (api.Answers, error) {
	w, err := c.binding(ctx, who, in)
	if err != nil {
		return api.Answers{}, err
	}
	failed := map[marketops.Code]error{}
	note := func(err error) error {
		code := marketops.CodeOf(err)
		if err == nil || isCoreCode(code) {
			failed[code] = err
			return nil
		}
		return err
	}
	if err := note(c.samePolicy(w.issued)); err != nil {
		return api.Answers{}, err
	}
	if err := note(c.sameTrust(w.issued, in.Trust)); err != nil {
		return api.Answers{}, err
	}
	ledger := c.ledger.Check(ctx, c.newClaim(w))
	if code := marketops.CodeOf(ledger); code == marketops.Expired || code == marketops.ClockUnsure {
		// The ledger stops at the clock; how far the receipt has come is known all the same.
		note(ledger)
		if ledger, err = c.taken(ctx, w); err != nil {
			return api.Answers{}, err
		}
	}
	if err := note(ledger); err != nil {
		return api.Answers{}, err
	}
	delete(failed, "")
	return api.Answers{Checks: answers(failed)}, nil
}

func isCoreCode(code marketops.Code) bool {
	for _, c := range coreCodes {
		if c == code {
			return true
		}
	}
	return false
}

// taken says what the row of a receipt alone tells.
func (c *Core) taken(ctx context.Context, w wish) (refusal, failure error) {
	row, found, err := c.ledger.Get(ctx, w.body.ReceiptID)
	switch {
	case err != nil || !found:
		return nil, err
	case row.State == claims.Revoked:
		return marketops.Refuse(marketops.Revoked, ""), nil
	case row.State == claims.Closed:
		return marketops.Refuse(marketops.Consumed, ""), nil
	case row.Owner != w.owner:
		return marketops.Refuse(marketops.OperationInFlight, ""), nil
	}
	return nil, nil
}

func answers(failed map[marketops.Code]error) (out []marketops.Check) {
	for _, code := range coreCodes {
		c := marketops.Check{Code: code, Status: marketops.Pass}
		if err := failed[code]; err != nil {
			c.Status, c.Detail = marketops.Fail, err.Error()
		}
		out = append(out, c)
	}
	return out
}
