package publisher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// Publish takes one gated operation through S1 to S8. It refuses what did not pass the gate.
// Cancelling ctx stops it before the first visible effect; from then on it finishes.
func (p *Publisher) Publish(ctx context.Context, g *Gated) Result {
	if !g.Passed() || g.record == nil {
		return Result{Status: Refused, Err: marketops.Refuse(marketops.ReceiptMissing, "the operation did not pass the gate")}
	}
	a := p.newAttempt(g.Job, g.record)
	err := a.prepare(ctx)
	if err == nil {
		_, err = p.Core.Execute(ctx, a.fence()) // S4
	}
	res := Result{Number: g.Job.Number, Op: g.Job.Op, Checks: g.Checks}
	if err != nil {
		return a.finishBeforeExecute(ctx, g, res, err)
	}
	return a.carryOut(ctx, res)
}

// finishBeforeExecute is the end before S4. A claim that the ledger refused is a refusal like the
// gate's: something was claimed, revoked or superseded after the gate had asked.
func (a *attempt) finishBeforeExecute(ctx context.Context, g *Gated, res Result, err error) Result {
	res.Status, res.Err = NotAttempted, err
	if a.isEnded(err) {
		res.Status, res.Effects = receipt.Rejected, a.effects(Evidence{})
		return res
	}
	late := g.withRefusal(err)
	if late == nil || a.claim.Epoch != 0 {
		return res
	}
	res.Status, res.Checks = Refused, late.Checks
	entry, lost := a.Refuse(ctx, late)
	if lost != nil {
		a.tell(g.Job, "refused", "not yet recorded: "+lost.Error())
	}
	res.Entry = entry
	return res
}

// isEnded reports whether the ledger ended the claim of this attempt, because of a veto or a revocation: nothing
// was sent, and there is no outcome left to hand over. It does so only while no attempt was counted.
func (a *attempt) isEnded(err error) bool {
	return a.claim.Epoch != 0 && !a.tried() && (errors.Is(err, marketops.RejectedByApprover) || errors.Is(err, marketops.Revoked))
}

// tried reports whether an attempt was counted under the receipt.
func (a *attempt) tried() bool {
	for _, n := range a.claim.Attempts {
		if n > 0 {
			return true
		}
	}
	return false
}

// past says what was tried of each effect before this epoch.
func (a *attempt) past() map[string]Past {
	past := map[string]Past{}
	for _, e := range a.claim.Earlier {
		past[e.Effect] = Ended
	}
	for name, n := range a.claim.Attempts {
		if n > 0 {
			past[name] = Unresolved
		}
	}
	return past
}

// carryOut is S5 to S8. Once something may be visible it no longer stops for an interrupt: the outcome must be known.
func (a *attempt) carryOut(ctx context.Context, res Result) Result {
	a.tell(a.job, "S5 act", "")
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	a.interrupt, a.unlessInterrupted, a.silence = ctx, context.AfterFunc(ctx, cancel), func() bool { return true }
	defer func() { a.silence() }()
	ev, err := a.act(work)
	res.URL = ev.URL
	if ev.Note != "" {
		a.tell(a.job, "S6 read", ev.Note)
	}
	res.Effects = a.effects(ev)
	if a.isEnded(err) {
		res.Status, res.Err = receipt.Rejected, err
		return res
	}
	body, status := a.judge(ev, err)
	res.Status, res.Err = status, err
	if body == nil {
		return res
	}
	res.Err = tellLeft(body, err)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	entry, derr := a.decide(after, body, ev, err)
	res.Entry = entry
	if !a.tried() && errors.Is(derr, marketops.Expired) { // the ledger was quicker
		res.Status, derr = receipt.Rejected, nil
	}
	if derr != nil {
		res.Status, res.Err = Open, errors.Join(derr, res.Err)
	}
	return res
}

// act is S5 and S6 under a lease that is renewed all the while. Losing the lease ends the work.
func (a *attempt) act(ctx context.Context) (Evidence, error) {
	lasts := time.Duration(a.lastWrite()-a.Now())*time.Second + lastRequest
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	renew := func(ctx context.Context) (api.Lease, error) {
		return a.Core.Renew(ctx, a.fence())
	}
	stop, err := keepLease(ctx, cancel, a.Now, renew)
	if err != nil {
		return Evidence{}, fmt.Errorf("%w: %w", errNoLease, err)
	}
	defer stop()
	last := time.Unix(int64(a.lastWrite()), 0)
	return a.Port.Apply(ctx, &Permit{work: &Work{
		Op: a.job.Op, Content: a.job.Content, Deadline: last.Add(lastRequest), LastWrite: last, Past: a.past(), Drafts: a.claim.Drafts,
		NoteDraft:    func(ctx context.Context, id int64) error { return a.noteDraft(ctx, id, false) },
		StrikeDraft:  func(ctx context.Context, id int64) error { return a.noteDraft(ctx, id, true) },
		BeforeCall:   func(ctx context.Context) error { return a.beforeCall(ctx, renew) },
		BeforeEffect: a.beforeEffect,
	}}, a.job.Journal)
}

// noteDraft gives the Core the id of a draft, so that a publisher that takes over finds it, or does not.
func (a *attempt) noteDraft(ctx context.Context, id int64, struck bool) error {
	_, err := a.Core.NoteDraft(ctx, api.Renewal{Fence: a.fence(), Draft: id, Struck: struck})
	return err
}

// lastWrite is when the receipt ends for a publisher: verifiers count it as expired from here on.
func (a *attempt) lastWrite() marketops.Time { return a.receipt.ExpiresAt - gate.Epsilon }

// requireTime refuses what comes after the end of the receipt.
func (a *attempt) requireTime(what string) error {
	if a.Now() >= a.lastWrite() {
		return &marketops.Failure{Code: marketops.Expired, What: "the receipt ended before " + what}
	}
	return nil
}

// beforeCall renews the lease, unless the receipt has ended: what was prepared until then the next one continues.
func (a *attempt) beforeCall(ctx context.Context, renew renewal) error {
	if err := a.requireTime("everything was prepared"); err != nil {
		return err
	}
	_, err := renew(ctx)
	return err
}

// beforeEffect is the last look before something becomes visible.
func (a *attempt) beforeEffect(ctx context.Context, effect string) error {
	if err := a.finishFromHere(ctx); err != nil {
		return err
	}
	if err := a.requireTime(effect); err != nil {
		return err
	}
	lease, err := a.Core.Attempt(ctx, api.Effect{Fence: a.fence(), Effect: effect})
	if err == nil {
		a.claim.Attempts = lease.Attempts
	}
	return err
}

// finishFromHere lets the work go on through an interrupt, or refuses if one came before. It is asked before each
// visible effect, and decides at the first.
func (a *attempt) finishFromHere(ctx context.Context) error {
	if a.finishing {
		return nil
	}
	if !a.unlessInterrupted() {
		return context.Cause(a.interrupt)
	}
	a.finishing = true
	end := a.receipt.ExpiresAt
	a.silence = context.AfterFunc(a.interrupt, func() {
		a.tell(a.job, "interrupted", fmt.Sprintf("finishing what may be visible on GitHub by now, until %s at most; a second Ctrl-C ends this at once, and publishing again continues", end))
	})
	return nil
}
