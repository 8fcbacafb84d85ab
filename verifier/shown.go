package verifier

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
)

// What a bundle shows of its record. Publication is shown by a pack alone.
const (
	shownByReceipt = "authorised; a receipt does not show that it was published"
	shownByOutcome = "an outcome says %s; it does not show who approved"
)

// fates says in words how far an operation came under a receipt, as the records show.
var fates = map[receipt.Status]string{
	receipt.Authorized: "authorised, not published when this pack was made",
	receipt.Revoked:    "authorised, revoked, not published",
	receipt.Claimed:    "authorised, claimed, not published when this pack was made",
	receipt.Intended:   "authorised, begun, not known whether published",
	receipt.Success:    "authorised and published",
	receipt.Failed:     "authorised, publication failed",
	receipt.Rejected:   "authorised, rejected, not published",
	receipt.Unknown:    "authorised, unknown whether published",
}

// fate says in words how far an operation came under one receipt.
func (v *verification) fate(s *lifecycle.ReceiptHistory) string {
	words := fates[s.Status()]
	switch {
	case s.Resolution != nil:
		return words + ", as " + s.Resolution.Person + " resolved"
	case s.Outcome != nil && s.Outcome.Status != receipt.Success:
		words += fmt.Sprintf(" (%s)", s.Outcome.Body.Code)
	case s.Status() == receipt.Authorized && s.Receipt.ExpiresAt <= v.at:
		words += ", its receipt expired"
	}
	return words
}

// counted returns for each operation the receipt that tells most: the one under which it was published, or else the last.
func (v *verification) counted() (out []*lifecycle.ReceiptHistory) {
	place := map[marketops.Digest]int{}
	for _, s := range v.tracker.Receipts() {
		i, known := place[s.Operation]
		switch {
		case !known:
			place[s.Operation] = len(out)
			out = append(out, s)
		case out[i].Status() != receipt.Success:
			out[i] = s
		}
	}
	return out
}

// showFates says in one line what became of the operations of the plan. It says so of a verified pack alone.
func (v *verification) showFates() {
	if !v.report.Verified() {
		return
	}
	for i, s := range v.tracker.Receipts() {
		v.report.Operations[i].Fate = v.fate(s)
	}
	var words []string
	counts := map[string]int{}
	count := func(what string) {
		if counts[what]++; counts[what] == 1 {
			words = append(words, what)
		}
	}
	operations := v.counted()
	for _, s := range operations {
		count(v.fate(s))
	}
	for range len(v.plan.Operations) - len(operations) {
		count("without a receipt")
	}
	if len(v.plan.Operations) > 1 {
		for i, w := range words {
			words[i] = fmt.Sprintf("%d %s", counts[w], w)
		}
	}
	v.report.Shown = strings.Join(words, "; ")
}

// showRecord says in one line what a bundle shows.
func (x *exported) showRecord() {
	if !x.report.Verified() {
		return
	}
	x.report.Shown = shownByReceipt
	if o, ok := x.entries[0].Record.Body.(*receipt.Outcome); ok {
		x.report.Shown = fmt.Sprintf(shownByOutcome, o.Status)
	}
}
