package publisher

import (
	"context"
	"fmt"

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
	id, ok := p.receiptID(j)
	if !ok {
		return Standing{Result: Result{Number: j.Number, Op: j.Op, Status: "not-attempted"}, Claim: "none"}, nil
	}
	state, err := p.Core.ClaimState(ctx, id)
	if err != nil {
		return Standing{}, err
	}
	st := Standing{Result: Result{Number: j.Number, Op: j.Op, Status: "not-attempted"}, Claim: state.State}
	switch state.State {
	case "executing":
		return p.look(ctx, j, st)
	case "closed", "decided":
		return p.ended(ctx, j, id, st)
	case "revoked":
		st.Err = marketops.Refuse(marketops.Revoked, string(id))
		return st, nil
	case "none", "claimed":
		st.Resume = true
		return st, nil
	}
	return st, &marketops.Failure{Code: marketops.CoreUnreachable, What: fmt.Sprintf("the Core calls a claim %.20q", state.State)}
}

// ended reports the outcome that the log holds, whoever brought it about. Decided and not yet in
// the log is open, and never "not attempted".
func (p *Publisher) ended(ctx context.Context, j *Job, id marketops.ReceiptID, st Standing) (Standing, error) {
	st.Status = "open"
	done, err := p.recorded(ctx, j, id)
	if done != nil {
		st.Result = *done
	}
	return st, err
}

// look reads GitHub for an operation that may have reached it.
func (p *Publisher) look(ctx context.Context, j *Job, st Standing) (Standing, error) {
	obs, err := p.Port.Observe(ctx, j.Op)
	if err != nil {
		return st, err
	}
	s, err := p.reopened(j)
	if err != nil {
		return st, err
	}
	st.Status, st.Seen = "open", fmt.Sprintf("%s: %s", obs.State, obs.Detail)
	live := p.Now()+gate.Epsilon < s.receipt.ExpiresAt
	if live && (obs.State == Absent || obs.State == Indeterminate) {
		st.Resume = true
		return st, nil
	}
	return p.settle(ctx, s, st, obs)
}

// reopened opens the receipt without asking the gate: its time may be over, its work is not.
func (p *Publisher) reopened(j *Job) (*spending, error) {
	for _, e := range j.Receipts {
		rec, _, err := p.Trust.Open(e.Envelope, p.Now(), &e.Position)
		if err != nil {
			continue
		}
		r, ok := rec.Body.(*receipt.Receipt)
		if d, err := j.Op.Digest(); ok && err == nil && d == r.Operation && r.RunID == j.Run {
			return &spending{job: j, record: rec, receipt: r}, nil
		}
	}
	return nil, marketops.Refuse(marketops.ReceiptMissing, fmt.Sprintf("operation %d has no receipt that trust.json admits", j.Number))
}

// settle takes the next epoch, so that no earlier attempt can decide any more, and records
// what was read. Nothing is sent to GitHub.
func (p *Publisher) settle(ctx context.Context, s *spending, st Standing, obs Observation) (Standing, error) {
	if err := p.prepare(ctx, s); err != nil {
		return st, err
	}
	cause := settled(obs)
	if obs.State == Conflict {
		s.claim.Earlier = false // content of others proves that ours is not there
	}
	body, status := p.judge(s, obs.Evidence, cause)
	if body == nil {
		return st, cause
	}
	entry, err := p.decide(ctx, s, body, obs.Evidence, cause)
	st.Status, st.Entry, st.URL, st.Err = status, entry, obs.Evidence.URL, cause
	return st, err
}

func settled(obs Observation) error {
	switch obs.State {
	case Found:
		return nil
	case Conflict:
		return &marketops.Failure{Code: marketops.GitHubConflict, What: obs.Detail}
	}
	return &marketops.Unknown{Code: marketops.OutcomeUnknown, What: obs.Detail}
}
