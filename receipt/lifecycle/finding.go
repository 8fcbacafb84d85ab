package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
)

// The checks that findings belong to.
const (
	Order     = "order"      // each record stands above what it names
	Receipts  = "receipts"   // the gate's answers about what a receipt says
	Approvals = "approvals"  // the minimum of the trust file, counted over persons
	Claims    = "claims"     // chain of epochs, audience, one live receipt per resource
	Intents   = "intents"    // one per epoch, by the claim's publisher
	Outcomes  = "outcomes"   // one per receipt, by who may, after its intent
	Roots     = "roots"      // the roots that outcomes quote are the log's
	RunClosed = "run-closed" // the seal of a run names every record of it
)

// Finding is one thing that is not as it must be.
type Finding struct {
	Condition *Condition // nil for a question of the gate, and for what could not be read
	Check     string
	Subject   string
	Code      marketops.Code
	Expected  string
	Got       string
	Detail    string
}

// IsDate reports whether a record is only dated too early, so that a clock may be wrong.
func (f Finding) IsDate() bool { return f.Condition == notSoon }

// IsAgain reports whether a record would be a second one, or come after the end: what the ledger decides
// before it is asked of a log.
func (f Finding) IsAgain() bool {
	return slices.Contains([]*Condition{claimEnded, intentEnded, intentOnce, outcomeOnce, resolvesOnce}, f.Condition)
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
	f := Finding{Condition: below, Check: check, Subject: e.subject(), Code: below.Code, Detail: who + " that does not stand below it"}
	if !d.IsZero() {
		f.Expected = d.String()
	}
	partial := r.rules.Contained != nil
	if partial && !r.rules.Contained[d] || r.withheld[role] > 0 {
		f.Code, f.Detail = marketops.RecordWithheld, who+" that was not given"
	}
	r.report(f)
}

// repeats compares what every record about a receipt repeats of it.
func (r *records) repeats(e Entry, h *ReceiptHistory, operation marketops.Digest) bool {
	refs := e.Record.Body.Refs()
	return equal(r, sameRun, e.subject(), h.run.id, refs.Run) && equal(r, sameID, e.subject(), h.ID, refs.Receipt) &&
		equal(r, sameWork, e.subject(), h.Operation, operation)
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
