package lifecycle

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
)

// The checks that findings belong to.
const (
	Order     = "order"      // each record stands above what it names
	Receipts  = "receipts"   // enforceable, within its lifetime, enough authorities, claimed in time
	Approvals = "approvals"  // the minimum of the trust file, counted over persons
	Claims    = "claims"     // chain of epochs, audience, one live receipt per resource
	Intents   = "intents"    // one per epoch, by the claim's publisher
	Outcomes  = "outcomes"   // one per receipt, by who may, after its intent
	Roots     = "roots"      // the roots that outcomes quote are the log's
	RunClosed = "run-closed" // the seal of a run names every record of it
)

// Finding is one thing that is not as it must be.
type Finding struct {
	Check    string
	Subject  string
	Code     marketops.Code
	Expected string
	Got      string
	Detail   string
}

func (e Entry) subject() string { return fmt.Sprintf("leaf %d", e.Position.Index) }

// report passes a finding on. What an archived run had was reported when it was read first.
func (r *records) report(f Finding) {
	if !r.reloading {
		r.rules.Report(f)
	}
}

// reportMissing says what it means that a record is named and not known at this position.
func (r *records) reportMissing(check string, e Entry, what string, d marketops.Digest, role trust.Role) {
	who := article(e.Record.Body.Kind()) + " names " + article(what)
	f := Finding{Check: check, Subject: e.subject(), Code: marketops.OrderViolation, Detail: who + " that does not stand below it"}
	if !d.IsZero() {
		f.Expected = d.String()
	}
	partial := r.rules.Contained != nil
	if partial && !r.rules.Contained[d] || r.withheld[role] > 0 {
		f.Code, f.Detail = marketops.RecordWithheld, who+" that was not given"
	}
	r.report(f)
}

// same reports whether two values that must be equal are; if not it is a finding under code.
func same[T comparable](r *records, check string, e Entry, code marketops.Code, what string, want, got T) bool {
	if want == got {
		return true
	}
	r.report(Finding{Check: check, Subject: e.subject(), Code: code, Detail: what, Expected: fmt.Sprint(want), Got: fmt.Sprint(got)})
	return false
}

// repeats compares what every record about a receipt repeats of it.
func (r *records) repeats(check string, e Entry, h *ReceiptHistory, operation marketops.Digest) bool {
	what, refs := article(e.Record.Body.Kind())+" repeats its receipt", e.Record.Body.Refs()
	return same(r, check, e, marketops.RunMismatch, what, h.run.id, refs.Run) &&
		same(r, check, e, marketops.ReceiptReused, what, h.ID, refs.Receipt) &&
		same(r, check, e, marketops.OperationMismatch, what, h.Operation, operation)
}

// Count says how many in words: "1 record", "2 records".
func Count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func article[S ~string](noun S) string {
	if noun != "" && strings.IndexByte("aeiou", noun[0]) >= 0 {
		return "an " + string(noun)
	}
	return "a " + string(noun)
}
