package publisher

import (
	"context"
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// Gated is a job and the gate's answers. Only a gated job that passed can be published.
type Gated struct {
	Job    *Job
	Checks marketops.Checks // every code of the gate and of the Core, once, in order
	record *receipt.Record  // nil unless everything but the mode passed before the Core was asked
	mode   marketops.Mode
	passed bool
	waits  bool // for jobs of the same call, and for nothing else
}

// Passed reports whether every check passed and the mode was prod.
func (g *Gated) Passed() bool { return g != nil && g.passed }

// WouldPass reports whether every check but the mode's passed: the answer of a dry run.
func (g *Gated) WouldPass() bool {
	if g == nil {
		return false
	}
	_, failed := g.Checks.Without(marketops.ModeNotProd).FirstFailure()
	return !failed && g.record != nil
}

// Refusal says which check failed first, with all of them; nil if none did.
func (g *Gated) Refusal() *marketops.Refusal {
	c, failed := g.Checks.FirstFailure()
	if !failed {
		return nil
	}
	info, _ := c.Code.Info()
	why := c.Detail
	if why == "" {
		why = info.Meaning
	}
	what := fmt.Sprintf("operation %d (%s %s): %s", g.Job.Number, g.Job.Op.Kind, g.Job.Op.Target.FullName, why)
	return &marketops.Refusal{Code: c.Code, What: what, Checks: g.Checks}
}

// withRefusal is the gated job with the answer that the claim got instead of the gate's; nil
// unless err is a refusal under a code of the gate. Others say that something is out of order.
func (g *Gated) withRefusal(err error) *Gated {
	var r *marketops.Refusal
	if !errors.As(err, &r) || !g.Checks.Has(r.Code) {
		return nil
	}
	answer := marketops.Check{Code: r.Code, Status: marketops.Fail, Detail: r.What}
	return &Gated{Job: g.Job, Checks: g.Checks.With(answer), record: g.record, mode: g.mode}
}

// Gate asks every question about a job and sends nothing. In dry_run all but the first are asked
// all the same. The error is about not being able to ask; the job is then not gated at all.
func (p *Publisher) Gate(ctx context.Context, mode marketops.Mode, j *Job) (*Gated, error) {
	tree, err := p.Log.Latest()
	if err != nil {
		return nil, err
	}
	ask := gate.Query{Mode: marketops.Prod, Run: j.Run, Op: j.Op, Host: p.Host, Content: j.Measured,
		Publisher: p.Signer.Public().ID(), Now: p.Now()}
	record, checks := gate.Check(ask, j.evidence(tree), p.Trust)
	g := &Gated{Job: j, mode: mode, record: record}
	answers, err := p.askCore(ctx, j, record)
	if err != nil {
		return nil, err
	}
	for _, code := range gate.SharedCodes {
		if c := answers.Find(code); c.Status == marketops.Fail {
			checks = checks.With(c)
		}
	}
	g.Checks = append(checks.With(gate.CheckMode(mode)), answers.Select(gate.CoreCodes, "not asked, an earlier check did not pass")...)
	_, failed := g.Checks.FirstFailure()
	g.passed = !failed && record != nil && mode == marketops.Prod
	return g, nil
}

// askCore returns the Core's answers; without a receipt there is nothing to ask about.
func (p *Publisher) askCore(ctx context.Context, j *Job, record *receipt.Record) (marketops.Checks, error) {
	if record == nil {
		return nil, nil
	}
	return p.Core.Check(ctx, p.claimRequest(j, record.Body.(*receipt.Receipt)))
}
