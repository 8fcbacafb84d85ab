package verifier_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
)

const orderNotCovered = "which the plan puts first ("

func says(r *verifier.Report, what string) bool {
	return slices.ContainsFunc(r.NotCovered, func(line string) bool { return strings.Contains(line, what) })
}

// TestPrerequisiteElsewhere: a pack need not hold the success of what the plan puts first, and says so. One that holds
// it, above the claim or below, is judged.
func TestPrerequisiteElsewhere(t *testing.T) {
	w := logworld.New()
	logworld.Stories["one operation after the other"](w)
	if r := verifier.Verify(w.Pack(), w.Trust(), w.Now); !r.Verified() || says(r, orderNotCovered) {
		t.Fatalf("control: %s, %v", r.Verdict, r.NotCovered)
	}
	first := w.Digest(0)
	w.Entries = slices.DeleteFunc(w.Entries, func(e logworld.Entry) bool {
		switch b := e.Record.Body.(type) {
		case *receipt.RunClosed:
			return true
		case *receipt.Receipt:
			return b.Operation == first
		case *receipt.Claim:
			return b.Operation == first
		case *receipt.Intent:
			return b.Operation == first
		case *receipt.Outcome:
			return b.OperationID == first
		}
		return false
	})
	w.Ops, w.Plan = w.Ops[1:], w.PlanBytes()
	w.Evidence = nil
	r := verifier.Verify(w.Pack(), w.Trust(), w.Now)
	if !r.Verified() || !says(r, "that 1 operation, "+orderNotCovered+first.Short()+"), had succeeded") {
		t.Errorf("%s: %+v, not covered: %q", r.Verdict, r.Checks, r.NotCovered)
	}
}

// TestOtherPlan: a plan in a pack that lacks the prerequisites is another plan than the one that was signed.
func TestOtherPlan(t *testing.T) {
	w := logworld.New()
	w.Ops = append(w.Ops, logworld.Release("v1.4.1"))
	w.After = map[int][]int{1: {0}}
	l := w.Allow()
	second := w.Authorize(1, l.Submission, l.First, l.Other)
	w.Claim(second, logworld.Publisher)
	w.After = nil
	if r := verifier.Verify(w.Pack(), w.Trust(), w.Now); r.Code != marketops.PlanMismatch {
		t.Errorf("%s %s", r.Verdict, r.Code)
	}
}
