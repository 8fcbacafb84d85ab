package core

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// vetoes find the rejections that stop an operation: those by a person of a group of the active minimum for its
// kind and target. They are asked from a claim to the first attempt, inside the ledger's transaction, and
// judge what is frozen there, never a list from outside.
type vetoes struct{ *parts }

// guard refuses a step of the operation if a rejection stops it.
func (v vetoes) guard(op marketops.Operation) claims.Guard {
	return func(_ claims.Claim, rows []claims.Record) error {
		votes, err := v.open(rows)
		if err != nil {
			return err
		}
		return federation.RequireNoVeto(v.rules.active.Load().trust, op, votes)
	}
}

// require asks what a guard would be asked, outside of a transaction. It refuses nothing after the first attempt.
func (v vetoes) require(ctx context.Context, i issued, c claims.Claim) error {
	if c.Attempts > 0 || c.State == claims.Decided || c.State == claims.Closed {
		return nil
	}
	rows, err := v.rows(ctx, i.body.RunID)
	if err != nil {
		return err
	}
	return v.guard(i.op)(c, rows)
}

// rows returns the verdicts on a run in the order in which they were frozen.
func (v vetoes) rows(ctx context.Context, run marketops.RunID) (out []claims.Record, err error) {
	all, err := v.records.Run(ctx, run)
	for _, row := range all {
		if row.Kind == claims.KindApproval {
			out = append(out, row)
		}
	}
	return out, err
}

// open opens verdicts under the active trust file, at the time at which they were frozen. One whose key cannot
// be believed any more is an error, for it may be a veto.
func (v vetoes) open(rows []claims.Record) (out []gate.Vote, err error) {
	f := v.rules.active.Load()
	for _, row := range rows {
		vote, ok := f.votes.Get(row.Leaf)
		if !ok {
			if vote, err = v.openOne(f, row); err != nil {
				return nil, err
			}
		}
		if vote.Body != nil {
			out = append(out, vote)
		}
	}
	return out, nil
}

// openOne returns the zero vote for an approval that counts no more.
func (v vetoes) openOne(f *activeRules, row claims.Record) (gate.Vote, error) {
	rec, err := v.records.Reopen(f.trust, row)
	if err != nil {
		return gate.Vote{}, err
	}
	vote, err := gate.OpenVote(f.trust, rec.Envelope, row.FrozenAt, v.records.Place(row))
	if err != nil {
		vote, err = gate.Vote{}, unlessGone(rec, err)
	}
	if err == nil && row.Index != nil {
		f.votes.Put(row.Leaf, verdictOf(vote))
	}
	return vote, err
}

// verdictOf keeps of a vote who said what; the rest can be large, and is not asked for.
func verdictOf(v gate.Vote) gate.Vote {
	if v.Body == nil {
		return v
	}
	return gate.Vote{Body: &receipt.Approval{Verdict: v.Body.Verdict}, Person: v.Person}
}

// stops reports whether one of the votes stops an operation under the active trust file.
func (v vetoes) stops(op marketops.Operation, votes []gate.Vote) bool {
	return errors.Is(federation.RequireNoVeto(v.rules.active.Load().trust, op, votes), marketops.RejectedByApprover)
}

// end makes the outcomes of the claims that one of the votes stops. A claim whose operation cannot be read
// must not keep the vote out of the log: it stays, and every step of it is refused.
func (v vetoes) end(votes []gate.Vote) claims.End {
	return func(c claims.Claim, epoch int64) (claims.Record, error) {
		op, err := v.runs.operation(c.OpDigest)
		if err != nil {
			v.log.Error("a claim was not judged by a vote", "receipt", string(c.Receipt), "error", err)
			return claims.Record{}, nil
		}
		if !v.stops(*op, votes) {
			return claims.Record{}, nil
		}
		rec, err := v.issuer.Rejected(historyOf(c), epoch, marketops.RejectedByApprover)
		if err != nil {
			return claims.Record{}, err
		}
		return recorder.Frozen(rec), nil
	}
}

// settle ends a claim that a rejection stops which was recorded without ending it: the trust file has changed
// since. It returns the claim if it did.
func (v vetoes) settle(ctx context.Context, c claims.Claim) (*claims.Claim, error) {
	if c.Attempts > 0 {
		return nil, nil
	}
	rows, err := v.rows(ctx, c.Run)
	if err != nil {
		return nil, err
	}
	op, err := v.runs.operation(c.OpDigest)
	if err != nil {
		return nil, nil // every step is refused; it is said where the vote comes
	}
	for _, row := range rows {
		votes, err := v.open([]claims.Record{row})
		if err != nil || !v.stops(*op, votes) {
			continue // what cannot be read stops each step, and ends no claim
		}
		ended, err := v.ledger.Vote(ctx, row, v.issuer.LedgerKey(), v.end(votes))
		if err != nil {
			return nil, err
		}
		for _, e := range ended {
			if e.Receipt == c.Receipt {
				return &e, nil
			}
		}
	}
	return nil, nil
}
