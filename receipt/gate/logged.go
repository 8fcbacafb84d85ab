package gate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
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
	if e.ev.Checkpoint == nil {
		return errors.New("no checkpoint")
	}
	first := uint64(1<<63 - 1)
	for _, l := range e.ev.Receipts {
		if _, err := e.prove(l); err != nil {
			return fmt.Errorf("receipt: %w", err)
		}
		first = min(first, l.Proof.Index)
	}
	if _, err := e.prove(e.ev.Submission); err != nil {
		return fmt.Errorf("submission: %w", err)
	}
	submitted := e.ev.Submission.Proof.Index
	if submitted >= first {
		return errors.New("the receipt precedes the submission")
	}
	for i, l := range e.ev.Approvals {
		rec, err := e.prove(l)
		if err != nil {
			return fmt.Errorf("approval %d: %w", i, err)
		}
		named := slices.Contains(e.receipt.Approvals, rec.Digest)
		if at := l.Proof.Index; named && (at <= submitted || at >= first) {
			return fmt.Errorf("approval %d, which the receipt names, does not stand between submission and receipt", i)
		}
	}
	return nil
}

func (e *examination) prove(l receipt.LoggedEnvelope) (*receipt.Record, error) {
	if l.Proof == nil {
		return nil, errors.New("no proof")
	}
	rec, err := l.Open(e.trust.Ring())
	if err != nil {
		return rec, err
	}
	return rec, log.VerifyInclusion(rec.LeafHash(), l.Proof.Index, l.Proof.Hashes, e.ev.Checkpoint)
}
