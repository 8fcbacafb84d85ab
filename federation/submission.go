package federation

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// AdmitSubmission checks that a submission, its plan and the operation documents are of one
// piece, and returns the operations in the plan's order. Codes: [marketops.PlanMismatch],
// [marketops.PlanStale] and [marketops.NotYetValid] for its date.
func AdmitSubmission(rec *receipt.Record, plan []byte, docs [][]byte, now marketops.Time) ([]marketops.Operation, error) {
	sub, ok := rec.Body.(*receipt.Submission)
	if !ok {
		return nil, mismatch("the record is a %s, not a submission", rec.Body.Kind())
	}
	if d := marketops.DigestOf(plan); sub.Plan != d {
		return nil, mismatch("the submission is of plan %s, the plan is %s", sub.Plan, d)
	}
	p, err := document.Parse(plan)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(sub.Operations, p.Refs()) {
		return nil, mismatch("plan and submission list different operations")
	}
	if err := datedWithin(sub.IssuedAt, now, MaxSubmission); err != nil {
		return nil, err
	}
	return p.Open(docs)
}

func mismatch(format string, args ...any) error {
	return marketops.Refuse(marketops.PlanMismatch, fmt.Sprintf(format, args...))
}

func datedWithin(issued, now, age marketops.Time) error {
	if issued > now+gate.Epsilon {
		return marketops.Refuse(marketops.NotYetValid, fmt.Sprintf("signed at %s, it is %s", issued, now))
	}
	if now-issued > age {
		return marketops.Refuse(marketops.PlanStale, fmt.Sprintf("submitted at %s, it is %s", issued, now))
	}
	return nil
}
