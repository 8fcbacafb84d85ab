package core

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
)

// admission holds what is handed in to the conditions of an audit, before it is frozen: nothing may be
// appended that every later audit would refuse.
type admission struct{ *parts }

// requireTimely refuses a record from the future, and one under a key that ends before the record is sure
// to stand in the log. latest is the date of what the record names, or zero: the record may repeat it if
// the clock went back since.
func (a admission) requireTimely(rec *receipt.Record, latest marketops.Time) error {
	now := max(a.now(), latest)
	if issued := rec.Body.Issued(); issued > now+gate.Epsilon {
		return marketops.Refuse(marketops.NotYetValid, fmt.Sprintf("the %s is dated %s, it is %s here", rec.Body.Kind(), issued, now))
	}
	_, err := a.rules.active.Load().trust.Admit(rec, now+gate.Epsilon, nil)
	return err
}

// requireLawful refuses a record that an audit would find wrong above those rows, which are all that it may
// name.
func (a admission) requireLawful(rec *receipt.Record, rows []claims.Record) error {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r claims.Record) bool { return r.Index == nil })
	slices.SortFunc(rows, func(x, y claims.Record) int { return cmp.Compare(*x.Index, *y.Index) })
	if slices.ContainsFunc(rows, func(r claims.Record) bool { return r.Leaf == [32]byte(rec.LeafHash()) }) {
		return nil // it stands there: handed in again, it is answered with its place
	}
	t := a.rules.active.Load().trust
	var found []lifecycle.Finding
	tracker := lifecycle.NewTracker(lifecycle.Rules{Trust: t, Report: func(f lifecycle.Finding) { found = append(found, f) }})
	if err := a.replay(tracker, t, rows); err != nil {
		return err
	}
	found = nil // only what the new one adds
	holder, _ := t.Holder(rec.By)
	tracker.Add(lifecycle.Entry{Position: log.Position{Origin: a.config.Origin, Index: log.MaxSize - 1}, Leaf: rec.LeafHash(), Record: rec, Holder: holder, Law: t})
	return unlawful(rec, found)
}

func (a admission) replay(tracker *lifecycle.Tracker, t *trust.Trust, rows []claims.Record) error {
	for _, row := range rows {
		e, err := a.entry(t, row)
		switch {
		case err == nil:
			tracker.Add(e)
		case marketops.CodeOf(err) == marketops.RecordWithheld:
			tracker.Withheld(*row.Index, trust.Holder{Role: trust.RolePerson})
		default:
			return err
		}
	}
	return nil
}

// unlawful words the first finding. A second record of its kind is left to the ledger, which answers with
// the one that stands.
func unlawful(rec *receipt.Record, found []lifecycle.Finding) error {
	found = slices.DeleteFunc(found, lifecycle.Finding.IsAgain)
	if len(found) == 0 {
		return nil
	}
	f := found[0]
	if f.IsDate() {
		f.Code = marketops.ClockUnsure
	}
	return &marketops.Refusal{Code: f.Code, What: fmt.Sprintf("an audit would refuse this %s: %s", rec.Body.Kind(), f.Detail), State: "nothing was recorded"}
}

func (a admission) entry(t *trust.Trust, row claims.Record) (lifecycle.Entry, error) {
	rec, err := a.records.Reopen(t, row)
	if err != nil {
		return lifecycle.Entry{}, err
	}
	law, err := a.rules.course.At(*row.Index)
	if err != nil {
		return lifecycle.Entry{}, err
	}
	holder, _ := law.Holder(rec.By)
	return lifecycle.Entry{Position: a.records.Position(*row.Index), Leaf: log.Hash(row.Leaf), Record: rec, Holder: holder, Law: law}, nil
}

// named returns the records that one about a receipt may name: an outcome can adopt from another receipt of its run.
func (a admission) named(ctx context.Context, rec *receipt.Record) ([]claims.Record, error) {
	out, ok := rec.Body.(*receipt.Outcome)
	if ok && slices.ContainsFunc(out.Effects, func(e receipt.Effect) bool { return e.Earlier != nil }) {
		return a.records.Run(ctx, out.RunID)
	}
	return a.records.Receipt(ctx, rec.Body.Refs().Receipt)
}

// admit is both, for a record about a receipt.
func (a admission) admit(ctx context.Context, rec *receipt.Record) error {
	rows, err := a.named(ctx, rec)
	if err != nil {
		return err
	}
	latest := marketops.Time(0)
	for _, row := range rows {
		latest = max(latest, row.FrozenAt)
	}
	if err := a.requireTimely(rec, latest); err != nil {
		return err
	}
	return a.requireLawful(rec, rows)
}
