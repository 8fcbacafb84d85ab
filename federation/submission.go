package federation

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// AdmitSubmission checks that a submission, its plan and the operation documents are of one
// piece, and returns the operations in the plan's order. planned are the digests that the plan
// itself lists. Codes: [marketops.PlanMismatch], [marketops.RuleDenied] for two operations that
// take one resource, [marketops.PlanStale] and [marketops.NotYetValid] for its date.
func AdmitSubmission(rec *receipt.Record, plan []byte, planned []marketops.Digest, docs [][]byte, now marketops.Time) ([]marketops.Operation, error) {
	sub, ok := rec.Body.(*receipt.Submission)
	if !ok {
		return nil, mismatch("the record is a %s, not a submission", rec.Body.Kind())
	}
	if d := marketops.DigestOf(plan); sub.Plan != d || rec.About() != d {
		return nil, mismatch("the submission is of plan %s, the plan is %s", sub.Plan, d)
	}
	if !slices.Equal(sub.Operations, planned) {
		return nil, mismatch("plan and submission list different operations")
	}
	if err := datedWithin(sub.IssuedAt, now, MaxSubmission); err != nil {
		return nil, err
	}
	return operationsOf(planned, docs)
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

// operationsOf reads the documents; each must be the one that its place in the plan names.
func operationsOf(planned []marketops.Digest, docs [][]byte) ([]marketops.Operation, error) {
	if len(docs) != len(planned) || len(docs) == 0 {
		return nil, mismatch("%d documents for %d operations", len(docs), len(planned))
	}
	ops := make([]marketops.Operation, len(docs))
	takes := map[marketops.Digest]int{}
	for i, doc := range docs {
		if d := marketops.DigestOf(doc); d != planned[i] {
			return nil, mismatch("document %d is %s, the plan names %s", i+1, d, planned[i])
		}
		op, err := marketops.ParseOperation(doc)
		if err != nil {
			return nil, marketops.RefuseErr(marketops.PlanMismatch, fmt.Sprintf("document %d", i+1), err)
		}
		key, err := op.Key()
		if err != nil {
			return nil, marketops.RefuseErr(marketops.PlanMismatch, fmt.Sprintf("document %d", i+1), err)
		}
		if other, twice := takes[key]; twice {
			return nil, marketops.Refuse(marketops.RuleDenied, fmt.Sprintf("operations %d and %d both take %s", other+1, i+1, op.Resource()))
		}
		takes[key], ops[i] = i, *op
	}
	return ops, nil
}
