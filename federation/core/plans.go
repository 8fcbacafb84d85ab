package core

import (
	"sync/atomic"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/plan/document"
)

// plans reads the plans that were submitted. The last one is at hand: it is asked for several times in a row.
type plans struct {
	documents store
	last      atomic.Pointer[openedPlan]
}

type openedPlan struct {
	digest marketops.Digest
	*document.Plan
}

// open reads a plan by its digest.
func (p *plans) open(d marketops.Digest) (*document.Plan, error) {
	if last := p.last.Load(); last != nil && last.digest == d {
		return last.Plan, nil
	}
	data, err := p.documents.read(d, document.MaxPlan)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "plan " + d.Short() + " cannot be read", Err: err}
	}
	if marketops.DigestOf(data) != d {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "plan " + d.Short() + " was changed on disk"}
	}
	opened, err := document.Parse(data)
	if err != nil {
		return nil, err
	}
	p.last.Store(&openedPlan{d, opened})
	return opened, nil
}

// prerequisites lists what must have succeeded before a receipt is claimed. Where the plan cannot be read nothing is.
func (p *plans) prerequisites(i issued) (out []claims.Prerequisite, err error) {
	plan, err := p.open(i.body.Plan)
	if err != nil {
		return nil, err
	}
	for _, o := range plan.Prerequisites(i.body.Operation) {
		out = append(out, claims.Prerequisite{Operation: o.Operation, Title: o.Reference()})
	}
	return out, nil
}
