package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// decisions answer whether the operations of a run may be published.
type decisions struct{ *parts }

// Authorize decides each operation of a run by itself: a receipt, or an advisory that says why not. A receipt
// that is still good, or under which its operation was begun, is answered again instead of a new one.
func (d decisions) Authorize(ctx context.Context, who *federation.Caller, in api.Run) (api.Decisions, error) {
	defer d.begin()()
	return d.decideFor(ctx, who, in.Run)
}

// decideFor answers with what is recorded of a run, so it asks first whether the caller may read that.
func (d decisions) decideFor(ctx context.Context, who *federation.Caller, id marketops.RunID) (api.Decisions, error) {
	err := d.seen.requireRun(ctx, *who, id)
	if errors.Is(err, fs.ErrNotExist) {
		err = federation.NotSubmitted(id)
	}
	if err != nil {
		return api.Decisions{}, err
	}
	return d.decide(ctx, who, id)
}

func (d decisions) decide(ctx context.Context, who *federation.Caller, id marketops.RunID) (api.Decisions, error) {
	seen, err := d.observe(ctx, id)
	if err != nil {
		return api.Decisions{}, err
	}
	if err := settlements(d).settleRun(ctx, id); err != nil {
		return api.Decisions{}, err
	}
	defer d.locks.hold(id)()
	r, err := d.runs.load(ctx, id)
	if err != nil {
		return api.Decisions{}, err
	}
	out := api.Decisions{Run: id, Decisions: make([]api.Decision, len(r.Operations))}
	open, err := d.reuse(ctx, r, seen, out.Decisions)
	if err != nil {
		return api.Decisions{}, err
	}
	granted, denied, err := d.judge(ctx, r, open, seen)
	if err != nil {
		return api.Decisions{}, err
	}
	if err := d.issue(ctx, r, granted, out.Decisions); err != nil {
		return api.Decisions{}, err
	}
	out.Authorized = len(denied) == 0
	return out, d.deny(ctx, who, r, denied, out.Decisions)
}

// reuse fills in the decisions of operations whose receipt is still good, and returns the
// places of the others.
func (d decisions) reuse(ctx context.Context, r *run, seen observations, out []api.Decision) (open []int, err error) {
	for i, w := range r.Operations {
		out[i].Operation = w.Digest
		w.Seen = seen[w.Digest]
		last, found := r.latest(w.Digest)
		good := false
		if found {
			if good, err = d.stillGood(ctx, r, w, last); err != nil {
				return nil, err
			}
		}
		if !good {
			open = append(open, i)
			continue
		}
		e, err := d.records.Append(ctx, last.row, last.rec)
		if err != nil {
			return nil, err
		}
		out[i].Receipts = []api.Entry{e}
	}
	return open, nil
}

// stillGood reports whether a receipt is what its operation was begun or done under, or would be issued
// today on the same approvals.
func (d decisions) stillGood(ctx context.Context, r *run, w federation.OperationState, i issued) (bool, error) {
	claim, found, err := d.ledger.Get(ctx, i.body.ReceiptID)
	if err != nil {
		return false, err
	}
	if found {
		open := (claim.State == claims.Claimed || claim.State == claims.Executing) && r.Now+gate.Epsilon < claim.ExpiresAt
		return open || claim.Outcome == claims.Success, nil
	}
	return d.isUsable(i, r.Now) && d.rules.forDecision().WouldIssue(r.Run, w, i.body.Approvals), nil
}

// isUsable reports whether the claim of an unused receipt could be granted, by what the receipt itself says.
func (d decisions) isUsable(i issued, now marketops.Time) bool {
	f := d.rules.active.Load()
	if _, err := f.trust.Admit(i.rec, now, d.records.Place(i.row)); err != nil {
		return false
	}
	life := i.body.ExpiresAt - min(i.body.IssuedAt, i.body.NotBefore)
	valid := func(key crypto.KeyID) bool { return f.mayPublish(key, now) }
	return now+gate.Epsilon < i.body.ExpiresAt && life <= marketops.Time(f.trust.File().MaxLifetime) &&
		i.body.Policy == f.policy.Digest() && slices.ContainsFunc(i.body.Audience, valid)
}

// ruling is what the rules say about the operation at one place of the run.
type ruling struct {
	place   int
	verdict federation.Verdict
}

// judge asks the rules about the operations at the open places only: the others have theirs.
func (d decisions) judge(ctx context.Context, r *run, open []int, seen observations) (granted, denied []ruling, err error) {
	rules := d.rules.forDecision()
	ask := r.Run
	ask.Operations = nil
	for _, i := range open {
		w := r.Operations[i]
		live, err := d.liveReceipts(ctx, w.Op.Target)
		if err != nil {
			return nil, nil, err
		}
		w.Live = live
		w.Seen = seen[w.Digest]
		ask.Operations = append(ask.Operations, w)
	}
	for n, v := range rules.Decide(ask) {
		if a := (ruling{open[n], v}); v.Leave() != nil {
			granted = append(granted, a)
		} else {
			denied = append(denied, a)
		}
	}
	return granted, denied, nil
}

// liveReceipts counts receipts for a repository that may still be used, or are being used.
func (d decisions) liveReceipts(ctx context.Context, target marketops.Target) (n int, err error) {
	for _, id := range d.usage.candidates(target.ID(), d.now()) {
		claim, found, err := d.ledger.Get(ctx, id)
		if err != nil {
			return 0, err
		}
		if found && (claim.State == claims.Closed || claim.State == claims.Revoked) {
			d.usage.removeReceipt(id)
			continue
		}
		n++
	}
	return n, nil
}

// issue signs what is granted, freezes it in one transaction, and appends.
func (d decisions) issue(ctx context.Context, r *run, granted []ruling, out []api.Decision) error {
	if len(granted) == 0 {
		return nil
	}
	if err := d.conditions.requireDisk(); err != nil {
		return err
	}
	f := d.rules.active.Load()
	life := marketops.Time(d.config.ReceiptLifetime.Seconds())
	life = min(life, marketops.Time(f.trust.File().MaxLifetime), receipt.MaxLifetime)
	if life <= gate.Epsilon {
		return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("max_lifetime of trust.json is %d s, and clocks may differ by %d: no receipt could be used", life, gate.Epsilon))
	}
	recs := make([]*receipt.Record, len(granted))
	for n, a := range granted {
		rec, err := d.issuer.Receipt(a.verdict.Leave(), f.audience(r.Now), life)
		if err != nil {
			return err
		}
		recs[n] = rec
		if err := d.asked.put(askedName(rec.Body.(*receipt.Receipt).ReceiptID), a.verdict.Request); err != nil {
			return err
		}
	}
	if err := d.records.EnsureIndexed(ctx, append(digestsOf(r.Votes), r.Digest)...); err != nil {
		return err
	}
	if err := d.records.Freeze(ctx, recs...); err != nil {
		return err
	}
	for n, a := range granted {
		d.usage.addReceipt(recs[n].Body.(*receipt.Receipt))
		e, err := d.records.Append(ctx, recorder.Frozen(recs[n]), recs[n])
		if err != nil {
			return err
		}
		out[a.place].Receipts = []api.Entry{e}
	}
	return nil
}

func digestsOf(votes []gate.Vote) (out []marketops.Digest) {
	for _, v := range votes {
		out = append(out, v.Record.Digest)
	}
	return out
}

// deny answers with advisories. The same denial as before is not recorded again.
func (d decisions) deny(ctx context.Context, who *federation.Caller, r *run, denied []ruling, out []api.Decision) error {
	if len(denied) == 0 {
		return nil
	}
	if err := d.conditions.requireDisk(); err != nil {
		return err
	}
	if err := d.records.EnsureIndexed(ctx, r.Digest); err != nil {
		return err
	}
	for _, a := range denied {
		v := &a.verdict
		e, err := d.advise(ctx, who, r, v)
		if err != nil {
			return err
		}
		was := &out[a.place]
		was.Advisory, was.Code, was.Missing, was.WhyNot = &e, v.Code, v.Missing, v.WhyNot
	}
	return nil
}

func (d decisions) advise(ctx context.Context, who *federation.Caller, r *run, v *federation.Verdict) (api.Entry, error) {
	for _, a := range slices.Backward(r.advisories) {
		if a.body.Operation == v.Subject().Operation {
			if a.body.Policy == v.Subject().Policy && d.sameDenial(a.body, v) {
				return d.records.Append(ctx, a.row, nil)
			}
			break
		}
	}
	rec, ev, err := d.issuer.Advisory(v)
	if err != nil {
		return api.Entry{}, err
	}
	row := counted(rec, federation.ShareOf(who.Holder), claims.Share{Scope: claims.OfOneInRun, Within: federation.Day, Max: federation.AdvisoriesPerDay * len(r.Operations)})
	if err := d.ledger.RequireShares(ctx, row); err != nil {
		return api.Entry{}, err
	}
	if err := d.keep(ctx, r.ID, api.Evidence(ev)); err != nil {
		return api.Entry{}, err
	}
	return d.records.RecordAs(ctx, row, rec)
}

// sameDenial compares all but what policy was asked, which holds the time.
func (d decisions) sameDenial(a *receipt.Advisory, v *federation.Verdict) bool {
	text, err := d.texts.read(a.WhyNot, api.MaxEvidence)
	if err != nil {
		return false
	}
	var was issue.WhyNot
	if err := canon.Decode(text, api.MaxEvidence, &was); err != nil {
		return false
	}
	return slices.Equal(was.Codes, []marketops.Code{v.Code}) && slices.Equal(was.Missing, v.Missing) &&
		slices.Equal(was.WhyNot, v.WhyNot) && slices.Equal(was.Policies, v.Policies)
}
