package core

import (
	"context"
	"errors"
	"io/fs"
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

// requireRun returns fs.ErrNotExist for a run that has no records, and for one that the caller may not read.
func (v visibility) requireRun(ctx context.Context, who federation.Caller, id marketops.RunID) error {
	t := v.rules.active.Load().trust
	known, _ := v.known.Get(id)
	rows, newest, err := v.ledger.Parties(ctx, id, known.seq)
	switch {
	case err != nil:
		return err
	case newest == 0:
		return fs.ErrNotExist
	case federation.Sees(t, who, federation.Parties{}):
		return nil
	}
	for _, row := range rows {
		if err := v.add(&known.Parties, row); err != nil {
			return err
		}
	}
	known.seq = newest
	v.known.Put(id, known)
	if !federation.Sees(t, who, known.Parties) {
		return fs.ErrNotExist
	}
	return nil
}

// requireAll returns fs.ErrNotExist to a caller who may not read everything.
func (v visibility) requireAll(who federation.Caller) error {
	if !federation.Sees(v.rules.active.Load().trust, who, federation.Parties{}) {
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

// add takes up what a record says about the parties of its run. One that was erased says nothing any more. Lists are
// copied, since another caller may be adding to the same ones.
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
		p.Requester, p.Operations = body.Requester, body.Operations
	case *receipt.Approval:
		p.Votes = append(slices.Clip(p.Votes), rec.By)
	case *receipt.Receipt:
		for _, key := range body.Audience {
			if !slices.Contains(p.Audience, key) {
				p.Audience = append(slices.Clip(p.Audience), key)
			}
		}
	}
	return nil
}
