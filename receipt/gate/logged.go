package gate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
)

// checkLogged proves that receipts, submission and approvals stand in the log, in that causal order.
func (e *examination) checkLogged() {
	if err := e.proveOrder(); err != nil {
		e.fail(marketops.ReceiptUnlogged, err)
		return
	}
	e.say(marketops.ReceiptUnlogged, true, "", "")
}

func (e *examination) proveOrder() error {
	if e.unproved != nil {
		return e.unproved
	}
	if e.facts.Submission == nil {
		return errors.New("submission: there is none")
	}
	first, submitted := Unplaced, e.facts.Submission.Index
	for _, p := range e.facts.Receipts {
		first = min(first, p.Index)
	}
	if submitted >= first {
		return errors.New("the receipt precedes the submission")
	}
	for i, p := range e.facts.Votes {
		if named := slices.Contains(e.receipt.Approvals, p.Record.Digest); named && (p.Index <= submitted || p.Index >= first) {
			return fmt.Errorf("approval %d, which the receipt names, does not stand between submission and receipt", i)
		}
	}
	return nil
}
