package core

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/internal/cache"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// visibility finds out who may read a run. [federation.Sees] decides.
type visibility struct {
	*parts
	known *cache.Cache[marketops.RunID, knownParties]
}

// knownParties are the parties of a run up to a place in the ledger. Records are only ever added to a run.
type knownParties struct {
	federation.Parties
	seq int64
}

// requireRun returns fs.ErrNotExist for a run that has no records, and for one that the caller may not read. Those who
// read everything need no record of the run to be readable.
func (v visibility) requireRun(ctx context.Context, who federation.Caller, id marketops.RunID) error {
	if v.requireAll(who) == nil {
		_, newest, err := v.ledger.Parties(ctx, id, math.MaxInt64)
		if err == nil && newest == 0 {
			err = fs.ErrNotExist
		}
		return err
	}
	parties, err := v.of(ctx, id)
	if err == nil && !v.sees(who, parties) {
		err = fs.ErrNotExist
	}
	return err
}

// requireClaim returns fs.ErrNotExist to a caller who may not read the claim's run. The holder of a claim reads it
// also where the records of its run are in a log that was frozen.
func (v visibility) requireClaim(ctx context.Context, who federation.Caller, row claims.Claim) error {
	if v.requireAll(who) == nil {
		return nil
	}
	parties, err := v.of(ctx, row.Run)
	parties.Audience = append(slices.Clip(parties.Audience), row.Owner)
	if err == nil && !v.sees(who, parties) {
		err = fs.ErrNotExist
	}
	return err
}

func (v visibility) sees(who federation.Caller, run federation.Parties) bool {
	return federation.Sees(v.rules.active.Load().trust, who, run)
}

// of returns the parties of a run: none of a run without records.
func (v visibility) of(ctx context.Context, id marketops.RunID) (federation.Parties, error) {
	known, _ := v.known.Get(id)
	rows, newest, err := v.ledger.Parties(ctx, id, known.seq)
	if err != nil || newest == 0 {
		return federation.Parties{}, err
	}
	for _, row := range rows {
		if err := v.add(&known.Parties, row); err != nil {
			return federation.Parties{}, err
		}
	}
	known.seq = newest
	v.known.Put(id, known)
	return known.Parties, nil
}

// requireAll returns fs.ErrNotExist to a caller who may not read everything.
func (v visibility) requireAll(who federation.Caller) error {
	if !v.sees(who, federation.Parties{}) {
		return fs.ErrNotExist
	}
	return nil
}

// requireRunOr is requireRun of a run, and requireAll of none.
func (v visibility) requireRunOr(ctx context.Context, who federation.Caller, id marketops.RunID) error {
	if id == "" {
		return v.requireAll(who)
	}
	return v.requireRun(ctx, who, id)
}

// add takes up what a record says about the parties of its run. One that was erased says nothing any more; a vote,
// which was admitted only if it repeats the submission, still does. Lists are copied, since another caller may be adding
// to the same ones.
func (v visibility) add(p *federation.Parties, row claims.Record) error {
	rec, err := v.records.Reopen(v.rules.active.Load().trust, row)
	if errors.Is(err, marketops.RecordWithheld) {
		return nil
	}
	if err != nil {
		return err
	}
	switch body := rec.Body.(type) {
	case *receipt.Submission:
		p.Requester = body.Requester
	case *receipt.Approval:
		p.Requester, p.Votes = body.Requester, with(p.Votes, rec.By)
	case *receipt.Receipt:
		p.Audience = with(p.Audience, body.Audience...)
	}
	for _, ref := range rec.Body.Refs().Signed {
		ref.Operation = marketops.Digest{} // kind and target decide, and are mostly the same
		p.Operations = with(p.Operations, ref)
	}
	return nil
}

// with returns a copy of a list with what it does not have yet.
func with[T comparable](list []T, more ...T) []T {
	for _, x := range more {
		if !slices.Contains(list, x) {
			list = append(slices.Clip(list), x)
		}
	}
	return list
}
