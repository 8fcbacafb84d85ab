package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/versions"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// enterForce finds which version of trust.json the log has in force, after everything frozen was appended, and
// takes the one on the disk into force if that is a later one.
func (r *rules) enterForce(ctx context.Context) error {
	onDisk := r.active.Load()
	rows, err := r.ledger.Adoptions(ctx)
	if err != nil {
		return err
	}
	if r.course, err = versions.Course(r.config.Records, onDisk.trust, rows); err != nil {
		return err
	}
	_, begun, err := r.ledger.Newest(ctx)
	if err != nil {
		return err
	}
	if !begun && len(rows) == 0 {
		return r.beginUnder(ctx, onDisk)
	}
	law, err := r.inForce(onDisk.trust)
	if err != nil {
		return err
	}
	if law.Digest() == onDisk.trust.Digest() {
		return errors.Join(versions.Keep(r.config.Records, law), r.ledger.SeeTrust(ctx, law.Version()))
	}
	r.active.Store(&activeRules{trust: law, policy: onDisk.policy})
	return r.replace(ctx, onDisk)
}

// inForce returns the version in force at the end of the log, as if there were no later one yet.
func (r *rules) inForce(onDisk *trust.Trust) (*trust.Trust, error) {
	steps := r.course.Steps()
	if n := len(steps); n > 0 && steps[n-1].Trust.Version > onDisk.Version() {
		return nil, marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("trust.json has version %d, the log has version %d in force", onDisk.Version(), steps[n-1].Trust.Version))
	}
	law, err := r.course.Law(nil)
	if err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		if err := versions.Require(r.config.Records, law); err != nil {
			return nil, err
		}
	}
	return law.AsNewest()
}

// beginUnder lets an empty log begin under a version; a later one than the first is its first leaf.
func (r *rules) beginUnder(ctx context.Context, f *activeRules) error {
	if err := versions.Begin(r.config.Records, f.trust); err != nil {
		return err
	}
	if f.trust.Version() > 1 {
		return r.adopt(ctx, f, nil)
	}
	return r.ledger.SeeTrust(ctx, f.trust.Version())
}

// replace takes rules with a later version of trust.json into force, or leaves the version before until it is
// effective; a changed policy does not wait.
func (r *rules) replace(ctx context.Context, next *activeRules) error {
	before := r.active.Load().trust
	if at := next.trust.File().Effective; r.now() < at {
		r.waiting, r.effective = next.stamp, at
		r.active.Store(&activeRules{trust: before, policy: next.policy})
		r.log.Info("a version of trust.json waits until it is effective", "version", next.trust.Version(), "effective", at.String())
		return nil
	}
	return r.adopt(ctx, next, before)
}

// adopt takes a version into force: no call is under way, everything that was taken under the version before
// stands in the log, and the record of it is there before anything is taken under the new one.
func (r *rules) adopt(ctx context.Context, next *activeRules, before *trust.Trust) error {
	r.mu.Lock()
	err := r.adoptAlone(ctx, next, before)
	if errors.Is(err, errHalfAdopted) {
		return err // r.mu stays locked: the next start appends the record before it takes calls
	}
	r.mu.Unlock()
	return err
}

var errHalfAdopted = errors.New("the Core was stopped while it took a version of trust.json into force")

func (r *rules) adoptAlone(ctx context.Context, next *activeRules, before *trust.Trust) error {
	if err := r.requireOnTime(ctx, next.trust, before); err != nil {
		return err
	}
	if err := r.records.Drain(ctx); err != nil {
		return err
	}
	if rows, err := r.ledger.Unindexed(ctx); err != nil || len(rows) > 0 {
		return errors.Join(err, marketops.Refuse(marketops.LogUnavailable, fmt.Sprintf("%d records are not in the log yet", len(rows))))
	}
	if err := versions.Keep(r.config.Records, next.trust); err != nil {
		return err
	}
	rec, err := r.issuer.Adopted(next.trust, before)
	if err != nil {
		return err
	}
	index, err := r.recordAdoption(ctx, rec)
	if err != nil {
		return err
	}
	r.course = trust.NewCourse(next.trust, r.course.Steps()...)
	r.course.Adopt(rec.Body, index)
	r.active.Store(next)
	return r.ledger.SeeTrust(ctx, next.trust.Version())
}

// recordAdoption freezes and appends the record, and tries again until the Core is stopped: a ledger that fails may
// have kept it.
func (r *rules) recordAdoption(ctx context.Context, rec *receipt.Record) (uint64, error) {
	for {
		e, err := r.records.Record(ctx, rec)
		if err == nil {
			return e.Position.Index, nil
		}
		r.log.Error("a version of trust.json is not in the log yet; no call is taken meanwhile", "error", err)
		select {
		case <-ctx.Done():
			return 0, errors.Join(errHalfAdopted, err)
		case <-time.After(sweepEvery):
		}
	}
}

// requireOnTime refuses a version that takes effect only later, and one after a version that should have been in
// force for longer than [trust.AdoptWithin] while receipts were issued: every verifier would refuse them.
func (r *rules) requireOnTime(ctx context.Context, next, before *trust.Trust) error {
	if at := next.File().Effective; r.now() < at {
		return marketops.Refuse(marketops.NotYetValid, fmt.Sprintf("version %d of trust.json is effective from %s on", next.Version(), at))
	}
	latest, err := r.ledger.LatestReceipt(ctx)
	first := firstAfter(next, before)
	if err != nil || latest <= first.File().Effective+trust.AdoptWithin {
		return err
	}
	return &marketops.Refusal{Code: marketops.TrustRolledBack,
		What:  fmt.Sprintf("version %d of trust.json is effective from %s on, and a receipt was issued at %s without it", first.Version(), first.File().Effective, latest),
		State: "the version before stays in force", Next: fmt.Sprintf("give version %d an effective time of %s or later", first.Version(), latest-trust.AdoptWithin)}
}

// firstAfter returns the version after the one in force, which next may have passed over.
func firstAfter(next, before *trust.Trust) *trust.Trust {
	first := next
	for _, v := range next.Versions() {
		if before == nil || v.Version() <= before.Version() {
			break
		}
		first = v
	}
	return first
}
