package core

import (
	"context"
	"errors"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// run is everything that is recorded of a run, opened.
type run struct {
	federation.Run
	receipts   []issued
	advisories []advisory
	all        []claims.Record // in freeze order
}

// advisory is a denial that is recorded.
type advisory struct {
	row  claims.Record
	body *receipt.Advisory
}

// runs reads what is recorded of runs and receipts.
type runs struct{ *parts }

// load reads a run. Code state-missing for one that was never submitted. Verdicts are judged
// at the time at which they were frozen; one whose key cannot be believed any more is an error,
// for it may be a veto.
func (rs runs) load(ctx context.Context, id marketops.RunID) (*run, error) {
	rows, err := rs.records.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	return rs.open(ctx, id, rows)
}

// open is [runs.load] of some of a run's records.
func (rs runs) open(ctx context.Context, id marketops.RunID, rows []claims.Record) (*run, error) {
	f := rs.rules.active.Load()
	r := &run{all: rows}
	r.ID, r.Now = id, rs.now()
	for _, row := range rows {
		if err := rs.add(f, r, row); err != nil {
			return nil, err
		}
	}
	if r.Digest.IsZero() {
		return nil, federation.NotSubmitted(id)
	}
	return r, rs.addOperations(ctx, r)
}

// add opens a record of the run and puts it where it belongs.
func (rs runs) add(f *activeRules, r *run, row claims.Record) error {
	switch receipt.Kind(row.Kind) {
	case receipt.KindReceipt:
		i, err := rs.openReceipt(f, row)
		r.receipts = append(r.receipts, i)
		return err
	case receipt.KindSubmission, receipt.KindApproval, receipt.KindAdvisory:
		rec, err := rs.records.Reopen(f.trust, row)
		if err != nil {
			return err
		}
		return rs.addOpened(f, r, row, rec)
	}
	return nil
}

func (rs runs) addOpened(f *activeRules, r *run, row claims.Record, rec *receipt.Record) (err error) {
	switch body := rec.Body.(type) {
	case *receipt.Submission:
		r.Digest, r.Submission = rec.Digest, *body
		r.Requester, err = f.trust.Admit(rec, row.FrozenAt, rs.records.Place(row))
	case *receipt.Advisory:
		r.advisories = append(r.advisories, advisory{row, body})
	default:
		v, err := gate.OpenVote(f.trust, rec.Envelope, row.FrozenAt, rs.records.Place(row))
		if err != nil {
			return unlessGone(rec, err)
		}
		r.Votes = append(r.Votes, v)
	}
	return err
}

// unlessGone returns nil for an approval under a key that was revoked or retired, or is listed no more: it counts
// no more. A veto under such a key stands in the way until the plan is made again.
func unlessGone(rec *receipt.Record, err error) error {
	a, ok := rec.Body.(*receipt.Approval)
	if code := marketops.CodeOf(err); ok && a.Verdict == receipt.Approve && slices.Contains([]marketops.Code{marketops.KeyRevoked, marketops.KeyOutsideValidity, marketops.KeyUnknown}, code) {
		return nil
	}
	return err
}

// addOperations fills in the operations, and what earlier receipts for each take up.
func (rs runs) addOperations(ctx context.Context, r *run) error {
	for _, ref := range r.Submission.Operations {
		d := ref.Operation
		op, err := rs.operation(d)
		if err != nil {
			return err
		}
		w := federation.OperationState{Op: *op, Digest: d, Spent: map[marketops.Digest]string{}}
		if err := rs.addUses(ctx, r, &w); err != nil {
			return err
		}
		r.Operations = append(r.Operations, w)
	}
	return nil
}

// latest returns the newest receipt for an operation of the run.
func (r *run) latest(op marketops.Digest) (issued, bool) {
	for _, i := range slices.Backward(r.receipts) {
		if i.body.Operation == op {
			return i, true
		}
	}
	return issued{}, false
}

// submission reads what a run is about, nil if that was erased. Its key is not judged: it was
// when it came.
func (rs runs) submission(rows []claims.Record) (*receipt.Submission, error) {
	for _, row := range rows {
		if receipt.Kind(row.Kind) == receipt.KindSubmission {
			rec, err := rs.records.Reopen(rs.rules.active.Load().trust, row)
			if errors.Is(err, marketops.RecordWithheld) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			return rec.Body.(*receipt.Submission), nil
		}
	}
	return nil, nil
}
