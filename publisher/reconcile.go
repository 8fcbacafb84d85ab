package publisher

import (
	"context"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// Standing is what reconcile found out about one operation.
type Standing struct {
	Result
	Claim  api.State // the ledger's
	Seen   string    // what GitHub showed, in words; "" if it was not asked
	Resume bool      // publishing again under the same receipt would go on from here
}

// Reconcile finds out what is true of a job and records it where the truth decides. It reads
// GitHub only where an earlier attempt may have reached it, and never writes to it:
//
//	claimed     nothing was sent; publishing again goes on
//	executing   ours and equal → success; other content → failed; absent → publishing again goes
//	            on while the receipt lasts, afterwards the outcome is unknown and a person decides
//	decided     the Core appends the stored bytes
func (p *Publisher) Reconcile(ctx context.Context, j *Job) (Standing, error) {
	st := Standing{Result: Result{Number: j.Number, Op: j.Op, Status: NotAttempted}, Claim: api.StateNone}
	r := p.receiptOf(j)
	if r == nil {
		return st, nil
	}
	state, err := p.Core.ClaimState(ctx, r.ReceiptID)
	if err != nil {
		return Standing{}, err
	}
	st.Claim = state.State
	switch state.State {
	case api.StateExecuting:
		return p.observe(ctx, j, st, state)
	case api.StateClosed, api.StateDecided:
		return p.reportOutcome(ctx, j, state, st)
	case api.StateRevoked:
		st.Err, st.Effects = marketops.Refuse(marketops.Revoked, string(r.ReceiptID)), effectsOf(j.Op, state, Evidence{})
		return st, nil
	case api.StateNone, api.StateClaimed:
		st.Resume = true
		return st, nil
	}
	return st, &marketops.Failure{Code: marketops.CoreUnreachable, What: fmt.Sprintf("the Core calls a claim %.20q", state.State)}
}

// reportOutcome reports the outcome that the log holds, by whichever publisher. Decided and not yet in
// the log is open, and never "not attempted".
func (p *Publisher) reportOutcome(ctx context.Context, j *Job, state api.ClaimState, st Standing) (Standing, error) {
	st.Status = Open
	done, err := p.readResult(ctx, j, state)
	if done != nil {
		st.Result = *done
	}
	return st, err
}

// observe reads GitHub for an operation that may have reached it.
func (p *Publisher) observe(ctx context.Context, j *Job, st Standing, state api.ClaimState) (Standing, error) {
	obs, err := p.Port.Observe(ctx, j.Op, state.Drafts)
	if err != nil {
		return st, err
	}
	a, err := p.reopen(j)
	if err != nil {
		return st, err
	}
	obs.doubt(state.Attempts)
	st.Status, st.Seen, st.Effects = Open, fmt.Sprintf("%s: %s", obs.State, obs.Detail), effectsOf(j.Op, state, obs.Evidence)
	live := p.Now()+gate.Epsilon < a.receipt.ExpiresAt
	if live && (obs.State == Absent || obs.State == Indeterminate) {
		st.Resume = true
		return st, nil
	}
	return a.decideBy(ctx, st, obs)
}

// reopen begins with a receipt without asking the gate: its time may be over, its work is not.
func (p *Publisher) reopen(j *Job) (*attempt, error) {
	for _, rec := range j.Receipts {
		if !p.isAdmitted(rec) {
			continue
		}
		r, ok := rec.Opened.Body.(*receipt.Receipt)
		if d, err := j.Op.Digest(); ok && err == nil && d == r.Operation && r.RunID == j.Run {
			return p.newAttempt(j, rec.Opened), nil
		}
	}
	return nil, marketops.Refuse(marketops.ReceiptMissing, fmt.Sprintf("operation %d has no receipt that trust.json admits", j.Number))
}

// decideBy takes the next epoch, so that no earlier attempt can decide any more, and records
// what was read. Nothing is sent to GitHub.
func (a *attempt) decideBy(ctx context.Context, st Standing, obs Observation) (Standing, error) {
	if err := a.prepare(ctx); err != nil {
		return st, err
	}
	cause := a.causeOf(&obs)
	body, status := a.judge(obs.Evidence, cause)
	if body == nil {
		return st, cause
	}
	entry, err := a.decide(ctx, body, obs.Evidence, cause)
	st.Status, st.Effects, st.Entry, st.URL, st.Err = status, body.Effects, entry, obs.Evidence.URL, tellLeft(body, cause)
	return st, err
}

// doubt takes back what one look cannot prove: what was tried and is not seen may still come, unless other content
// holds its place.
func (obs *Observation) doubt(tried api.Attempts) {
	for i, e := range obs.Evidence.Effects {
		if e.State == receipt.EffectAbsent && tried[e.Name] > 0 && !slices.Contains(obs.Taken, e.Name) {
			obs.Evidence.Effects[i].State = receipt.EffectUnknown
		}
	}
}

// causeOf says why an operation ended that was only looked at.
func (a *attempt) causeOf(obs *Observation) error {
	obs.doubt(a.claim.Attempts)
	effects := a.effects(obs.Evidence)
	switch {
	case slices.ContainsFunc(effects, isUnknown):
		return &marketops.Unknown{Code: marketops.OutcomeUnknown, What: obs.Detail}
	case !slices.ContainsFunc(effects, isNotThere) && obs.Moved != "":
		return &marketops.Failure{Code: marketops.RefMoved, What: obs.Moved}
	case !slices.ContainsFunc(effects, isNotThere):
		return nil
	case obs.State == Conflict || obs.State == Found: // equal, and not of this operation
		return &marketops.Failure{Code: marketops.GitHubConflict, What: obs.Detail}
	}
	return &marketops.Failure{Code: marketops.Expired, What: "the receipt ended before everything was done: " + obs.Detail}
}
