package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
)

// pack asks what a pack must be beside a list of records: of one run, with its plan and its documents.
func (j *judge) pack() {
	receipts, about := 0, 0
	for _, r := range j.recs {
		if run := r.Body.Refs().Run; run != "" {
			j.must(run == j.Run, marketops.RunMismatch)
		}
		if b, ok := r.Body.(*receipt.Receipt); ok {
			receipts++
			j.must(j.Documents[b.Operation] != nil, marketops.RecordWithheld)
		} else if !j.receiptOf(r).IsZero() {
			about++
		}
	}
	if receipts == 0 && len(j.codes) == 0 {
		j.must(about == 0, marketops.RecordWithheld)
		j.must(about > 0, marketops.NothingToVerify)
	}
	j.planned()
}

// planned: plan, documents and what persons signed fit together.
func (j *judge) planned() {
	p, err := document.Parse(j.Plan)
	if err != nil {
		j.say(marketops.PlanMismatch)
		return
	}
	for _, r := range j.recs {
		refs := r.Body.Refs()
		j.must(refs.Plan.IsZero() || refs.Plan == marketops.DigestOf(j.Plan), marketops.PlanMismatch)
		j.must(refs.Signed == nil || slices.Equal(lines(refs.Signed), planLines(p)), marketops.PlanMismatch)
	}
	for d, op := range j.Documents {
		n := slices.IndexFunc(p.Operations, func(o document.Operation) bool { return o.Operation == d })
		j.must(n >= 0 && fitsLine(&p.Operations[n], op, p.Host), marketops.PlanMismatch)
	}
}

// line is what a plan says of an operation as persons sign it.
type line struct {
	operation marketops.Digest
	kind      marketops.Kind
	target    marketops.Target
}

func lines(refs []receipt.OperationRef) (out []line) {
	for _, r := range refs {
		out = append(out, line{r.Operation, r.Kind, r.Target})
	}
	return out
}

func planLines(p *document.Plan) (out []line) {
	for _, o := range p.Operations {
		target := marketops.Target{Type: "github", Host: p.Host, RepositoryID: o.RepositoryID, FullName: o.Repository}
		out = append(out, line{o.Operation, o.Kind, target})
	}
	return out
}

func fitsLine(o *document.Operation, op *marketops.Operation, host marketops.Host) bool {
	return o.Kind == op.Kind && o.Repository == op.Target.FullName && o.RepositoryID == op.Target.RepositoryID &&
		o.Resource == op.Resource() && op.Target.Host == host
}
