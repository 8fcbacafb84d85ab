package publisher

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// CoreCodes are the gate codes that only the Core can answer, in its order.
var CoreCodes = []marketops.Code{
	marketops.PolicySuperseded, marketops.TrustRolledBack, marketops.ClockUnsure,
	marketops.Revoked, marketops.Consumed, marketops.OperationInFlight,
}

// Gated is a job and the gate's answers. Only a gated job that passed can be published.
type Gated struct {
	Job    *Job
	Checks []marketops.Check // every gate code, once, in order
	record *receipt.Record   // nil unless gate.Check passed
	mode   marketops.Mode
	passed bool
}

// Passed reports whether every check passed and the mode was prod.
func (g *Gated) Passed() bool { return g != nil && g.passed }

// WouldPass reports whether every check but the mode's passed: the answer of a dry run.
func (g *Gated) WouldPass() bool {
	if g == nil || len(g.Checks) == 0 {
		return false
	}
	_, failed := marketops.FirstFailure(g.Checks[1:])
	return !failed && g.record != nil
}

// Refusal says which check failed first, with all of them; nil if none did.
func (g *Gated) Refusal() *marketops.Refusal {
	c, failed := marketops.FirstFailure(g.Checks)
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

// refusedAtClaim is the gated job with the answer that the claim got instead of the gate's; nil
// unless err is a refusal under a code of the gate. Others say that something is out of order.
func (g *Gated) refusedAtClaim(err error) *Gated {
	var r *marketops.Refusal
	if !errors.As(err, &r) {
		return nil
	}
	at := slices.IndexFunc(g.Checks, func(c marketops.Check) bool { return c.Code == r.Code })
	if at < 0 {
		return nil
	}
	late := &Gated{Job: g.Job, Checks: slices.Clone(g.Checks), record: g.record, mode: g.mode}
	late.Checks[at] = marketops.Check{Code: r.Code, Status: marketops.Fail, Detail: r.What}
	return late
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
	record, checks := gate.Check(ask, evidence(tree, j), p.Trust)
	checks[0] = modeCheck(mode)
	if p.Trust.Expired(p.Now()) {
		record = nil
	}
	g := &Gated{Job: j, mode: mode, record: record}
	answers, err := p.askCore(ctx, j, record)
	if err != nil {
		return nil, err
	}
	g.Checks = append(checks, answers...)
	_, failed := marketops.FirstFailure(g.Checks)
	g.passed = !failed && record != nil && mode == marketops.Prod
	return g, nil
}

func modeCheck(mode marketops.Mode) marketops.Check {
	c := marketops.Check{Code: marketops.ModeNotProd, Status: marketops.Fail, Expected: string(marketops.Prod), Got: string(mode)}
	if mode == marketops.Prod {
		c.Status = marketops.Pass
	}
	return c
}

// evidence attaches to each envelope a fresh proof under one checkpoint. What cannot be proved
// goes without, and [gate.Check] refuses it.
func evidence(tree *log.Tree, j *Job) gate.Evidence {
	ev := gate.Evidence{Checkpoint: tree.Checkpoint(), Submission: logged(tree, j.Submission)}
	for _, e := range j.Receipts {
		ev.Receipts = append(ev.Receipts, logged(tree, e))
	}
	for _, e := range j.Approvals {
		ev.Approvals = append(ev.Approvals, logged(tree, e))
	}
	return ev
}

func logged(tree *log.Tree, e api.Entry) receipt.LoggedEnvelope {
	l := receipt.LoggedEnvelope{Envelope: e.Envelope}
	if e.Position.Origin == tree.Checkpoint().Origin && e.Position.Index < tree.Checkpoint().Size {
		if proof, err := tree.Inclusion(e.Position.Index); err == nil {
			l.Proof = proof
		}
	}
	return l
}

// askCore returns the Core's answers, each once and in order. What the Core leaves out did not
// run, and without a receipt there is nothing to ask about.
func (p *Publisher) askCore(ctx context.Context, j *Job, record *receipt.Record) ([]marketops.Check, error) {
	given := map[marketops.Code]marketops.Check{}
	if record != nil {
		r := record.Body.(*receipt.Receipt)
		answers, err := p.Core.Check(ctx, p.want(j, r.ReceiptID, r.Operation))
		if err != nil {
			return nil, err
		}
		for _, c := range answers {
			given[c.Code] = c
		}
	}
	out := make([]marketops.Check, len(CoreCodes))
	for i, code := range CoreCodes {
		c, ok := given[code]
		if !ok {
			c = marketops.Check{Code: code, Status: marketops.NotRun, Detail: "not asked, an earlier check did not pass"}
		}
		out[i] = c
	}
	return p.trustExpiry(out), nil
}

// trustExpiry makes an expired trust file fail the check that is about trust.
func (p *Publisher) trustExpiry(checks []marketops.Check) []marketops.Check {
	if p.Trust.Expired(p.Now()) {
		checks[1] = marketops.Check{Code: marketops.TrustRolledBack, Status: marketops.Fail,
			Expected: "a trust file in force", Got: "one that expired at " + p.Trust.File().Expires.String()}
	}
	return checks
}
