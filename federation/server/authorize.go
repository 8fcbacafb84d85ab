package server

import (
	"context"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// authorize decides all operations of a run: receipts for all, or none. A receipt that is still
// good, or under which its operation was begun, is answered again instead of a new one.
func (c *Core) authorize(ctx context.Context, who *caller, in api.Run) (api.Decisions, error) {
	d, err := c.decide(ctx, in.Run)
	if err != nil {
		return api.Decisions{}, c.refused(ctx, who, refusedRun(in.Run), err)
	}
	return d, nil
}

func (c *Core) decide(ctx context.Context, id marketops.RunID) (api.Decisions, error) {
	seen, err := c.observe(ctx, id)
	if err != nil {
		return api.Decisions{}, err
	}
	lock := c.runs.of(id)
	lock.Lock()
	defer lock.Unlock()
	r, err := c.loadRun(ctx, id)
	if err != nil {
		return api.Decisions{}, err
	}
	out := api.Decisions{Run: id, Decisions: make([]api.Decision, len(r.Operations))}
	open, err := c.reuse(ctx, r, out.Decisions)
	if err != nil {
		return api.Decisions{}, err
	}
	if len(open) == 0 {
		out.Authorized = true
		return out, nil
	}
	verdicts, err := c.judge(ctx, r, open, seen)
	if err != nil {
		return api.Decisions{}, err
	}
	if out.Authorized = verdicts[0].Leave() != nil; out.Authorized {
		return out, c.issue(ctx, r, open, verdicts, out.Decisions)
	}
	return out, c.deny(ctx, r, open, verdicts, out.Decisions)
}

// reuse fills in the decisions of operations whose receipt is still good, and returns the
// places of the others.
func (c *Core) reuse(ctx context.Context, r *run, out []api.Decision) (open []int, err error) {
	f := c.active.Load()
	for i, w := range r.Operations {
		out[i].Operation = w.Digest
		last, found := r.latest(w.Digest)
		good := false
		if found {
			if good, err = c.stillGood(ctx, f, last, r.Now); err != nil {
				return nil, err
			}
		}
		if !good {
			open = append(open, i)
			continue
		}
		e, err := c.append(ctx, last.row, last.rec)
		if err != nil {
			return nil, err
		}
		out[i].Receipts = []api.Entry{e}
	}
	return open, nil
}

// stillGood reports whether a receipt may still be spent, or is what its operation was begun
// or done under.
func (c *Core) stillGood(ctx context.Context, f *activeRules, i issued, now marketops.Time) (bool, error) {
	claim, found, err := c.ledger.Get(ctx, i.body.ReceiptID)
	if err != nil {
		return false, err
	}
	if found {
		return claim.State != claims.Revoked && claim.Outcome != claims.Rejected && claim.Outcome != claims.Failed, nil
	}
	if _, err := f.trust.Admit(i.rec, now, c.place(i.row)); err != nil {
		return false, nil
	}
	valid := func(key crypto.KeyID) bool { return f.mayPublish(key, now) }
	return now+gate.Epsilon < i.body.ExpiresAt && i.body.Policy == f.policy.Digest() && slices.ContainsFunc(i.body.Audience, valid), nil
}

// judge asks the rules about the operations at the open places only: the others have theirs.
func (c *Core) judge(ctx context.Context, r *run, open []int, seen observations) ([]federation.Verdict, error) {
	_, rules := c.rules()
	ask := r.Run
	ask.Operations = nil
	for _, i := range open {
		w := r.Operations[i]
		live, err := c.liveReceipts(ctx, w.Op.Target)
		if err != nil {
			return nil, err
		}
		w.Live = live
		w.Observed, w.Stale = seen[w.Digest].observed, seen[w.Digest].stale
		ask.Operations = append(ask.Operations, w)
	}
	return rules.Decide(ask), nil
}

// observeTimeout bounds all looks at GitHub for one decision.
const observeTimeout = 20 * time.Second

// observations are what was seen on GitHub, by operation.
type observations map[marketops.Digest]observation

type observation struct {
	observed *policy.Observed
	stale    string
}

// observe looks at GitHub where core.yaml says so, before the run is locked. What it could not
// see stays unobserved, and policy decides whether it can do without.
func (c *Core) observe(ctx context.Context, id marketops.RunID) (observations, error) {
	if c.opts.Config.Observe != config.ObserveGitHub {
		return nil, nil
	}
	r, err := c.loadRun(ctx, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	out := observations{}
	for _, w := range r.Operations {
		seen, err := c.opts.Observer.Observe(ctx, w.Op)
		switch {
		case err == nil:
			out[w.Digest] = observation{observed: seen}
			continue
		case marketops.CodeOf(err) == marketops.RepositoryMismatch:
			out[w.Digest] = observation{stale: "the repository is not the planned one any more"}
		}
		c.log.Warn("GitHub was not observed", "repository", w.Op.Target.FullName, "error", err)
	}
	return out, nil
}

// issue mints, freezes all or none, and appends.
func (c *Core) issue(ctx context.Context, r *run, open []int, verdicts []federation.Verdict, out []api.Decision) error {
	if err := c.requireDisk(); err != nil {
		return err
	}
	f := c.active.Load()
	life := marketops.Time(c.opts.Config.ReceiptLifetime.Seconds())
	life = min(life, marketops.Time(f.trust.File().MaxLifetime), receipt.MaxLifetime)
	recs := make([]*receipt.Record, len(open))
	rows := make([]claims.Record, len(open))
	for n := range open {
		rec, err := c.mint.Receipt(verdicts[n].Leave(), f.audience(r.Now), life)
		if err != nil {
			return err
		}
		recs[n], rows[n] = rec, frozenForm(rec)
	}
	if err := c.ensureIndexed(ctx, append(digestsOf(r.Votes), r.Digest)...); err != nil {
		return err
	}
	if err := c.ledger.Freeze(ctx, rows...); err != nil {
		return err
	}
	for n, i := range open {
		c.load.issued(recs[n].Body.(*receipt.Receipt))
		e, err := c.append(ctx, rows[n], recs[n])
		if err != nil {
			return err
		}
		out[i].Receipts = []api.Entry{e}
	}
	return nil
}

func digestsOf(votes []gate.Vote) (out []marketops.Digest) {
	for _, v := range votes {
		out = append(out, v.Record.Digest)
	}
	return out
}

// deny answers each open place with an advisory. The same denial as before is not recorded again.
func (c *Core) deny(ctx context.Context, r *run, open []int, verdicts []federation.Verdict, out []api.Decision) error {
	if err := c.requireDisk(); err != nil {
		return err
	}
	if err := c.ensureIndexed(ctx, r.Digest); err != nil {
		return err
	}
	for n, i := range open {
		v := &verdicts[n]
		e, err := c.advise(ctx, r, v)
		if err != nil {
			return err
		}
		out[i].Advisory, out[i].Code, out[i].Missing, out[i].WhyNot = &e, v.Code, v.Missing, v.WhyNot
	}
	return nil
}

func (c *Core) advise(ctx context.Context, r *run, v *federation.Verdict) (api.Entry, error) {
	for _, a := range slices.Backward(r.advisories) {
		if a.body.Operation == v.Subject().Operation {
			if a.body.Policy == v.Subject().Policy && c.sameDenial(a.body, v) {
				return c.append(ctx, a.row, nil)
			}
			break
		}
	}
	rec, ev, err := c.mint.Advisory(v)
	if err != nil {
		return api.Entry{}, err
	}
	if err := c.texts.put(ev.Digest, ev.Text); err != nil {
		return api.Entry{}, err
	}
	return c.freezeAndAppend(ctx, rec)
}

// sameDenial compares all but what policy was asked, which holds the time.
func (c *Core) sameDenial(a *receipt.Advisory, v *federation.Verdict) bool {
	text, err := c.texts.read(a.WhyNot, api.MaxEvidence)
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
