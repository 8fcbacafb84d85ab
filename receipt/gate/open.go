package gate

import (
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// openCodes are answered by opening the receipts, in the order in which opening finds them.
var openCodes = []marketops.Code{
	marketops.ReceiptMalformed, marketops.PayloadTypeWrong, marketops.SignatureInvalid, marketops.PredicateTypeWrong,
	marketops.KeyUnknown, marketops.KeyRevoked, marketops.KeyOutsideValidity,
}

// open turns evidence into facts. It reports false if the receipts themselves do not open.
func (e *examination) open(ev Evidence) bool {
	e.put(CheckMode(e.ask.Mode))
	e.checkTrust()
	if !e.say(marketops.ReceiptMissing, len(ev.Receipts) > 0, "a receipt", fmt.Sprintf("%d", len(ev.Receipts))) {
		return false
	}
	if e.trust == nil {
		return e.say(marketops.KeyUnknown, false, "a trust file", "none")
	}
	if ev.Checkpoint != nil {
		e.facts.Origin = ev.Checkpoint.Origin
	}
	for _, l := range ev.Receipts {
		rec, err := e.openReceipt(l)
		if err != nil {
			e.answerOpening(false, err)
			return false
		}
		e.facts.Receipts = append(e.facts.Receipts, e.place("receipt", rec, l, ev.Checkpoint))
	}
	e.openVotes(ev)
	return true
}

func (e *examination) openReceipt(l receipt.LoggedEnvelope) (*receipt.Record, error) {
	rec, err := l.Open(e.trust.Ring())
	if errors.Is(err, marketops.RecordUnknown) {
		return nil, marketops.RefuseErr(marketops.PredicateTypeWrong, "not a receipt", err)
	}
	return rec, err
}

// openVotes opens the submission and all votes; one that cannot be opened is an error, for it may be a
// veto.
func (e *examination) openVotes(ev Evidence) {
	sub, err := ev.Submission.Open(e.trust.Ring())
	if err != nil {
		e.unopened = fmt.Errorf("submission: %w", err)
		e.unproved = errors.Join(e.unproved, e.unopened)
		return
	}
	at := e.place("submission", sub, ev.Submission, ev.Checkpoint)
	e.facts.Submission = &at
	for i, l := range ev.Approvals {
		rec, err := l.Open(e.trust.Ring())
		if err != nil {
			e.unopened = fmt.Errorf("approval: %w", err)
			e.unproved = errors.Join(e.unproved, fmt.Errorf("approval %d: %w", i, err))
			return
		}
		e.facts.Votes = append(e.facts.Votes, e.place(fmt.Sprintf("approval %d", i), rec, l, ev.Checkpoint))
	}
}

// place proves that a record stands where its proof says. One without a place is taken to stand above
// everything, where a revoked key signs nothing.
func (e *examination) place(what string, rec *receipt.Record, l receipt.LoggedEnvelope, cp *log.Checkpoint) Placed {
	if l.Proof == nil || cp == nil {
		e.unproved = errors.Join(e.unproved, errors.New(what+": no proof, or no checkpoint"))
		return Placed{rec, Unplaced}
	}
	if err := log.VerifyInclusion(rec.LeafHash(), l.Proof.Index, l.Proof.Hashes, cp); err != nil {
		e.unproved = errors.Join(e.unproved, fmt.Errorf("%s: %w", what, err))
	}
	return Placed{rec, l.Proof.Index}
}

// Unplaced is the index of a record whose place was not proved: a revoked key signs nothing there.
const Unplaced = ^uint64(0)

// admit returns the holder of a record's key, valid at a time and not revoked at its place.
func (e *examination) admit(p Placed, at marketops.Time) (trust.Holder, error) {
	return e.admitUnder(e.law, p, at)
}

func (e *examination) admitUnder(law *trust.Trust, p Placed, at marketops.Time) (trust.Holder, error) {
	if p.Index == Unplaced {
		return law.Admit(p.Record, at, nil)
	}
	return law.Admit(p.Record, at, &log.Position{Origin: e.facts.Origin, Index: p.Index})
}

// admitReceipts asks for the authorities' keys, under the version of the trust file that the receipt names, and
// counts authorities.
func (e *examination) admitReceipts() bool {
	if !e.say(marketops.ReceiptMissing, len(e.facts.Receipts) > 0, "a receipt", fmt.Sprintf("%d", len(e.facts.Receipts))) {
		return false
	}
	if err := e.oneReceipt(); err != nil {
		e.answerOpening(true, err)
		return false
	}
	if !e.nameLaw() {
		return false
	}
	authorities := map[string]bool{}
	for _, p := range e.facts.Receipts {
		holder, err := e.admit(p, e.ask.Now)
		if err != nil {
			e.answerOpening(true, err)
			return false
		}
		authorities[holder.Name] = true
	}
	e.answerOpening(true, nil)
	need := e.law.AuthorityThreshold(e.receipt.OperationKind, e.receipt.Target)
	return e.say(marketops.ThresholdUnmet, need > 0 && len(authorities) >= need,
		fmt.Sprintf("%d authorities", need), fmt.Sprintf("%d", len(authorities)))
}

// oneReceipt takes the receipt that all authorities signed.
func (e *examination) oneReceipt() error {
	for _, p := range e.facts.Receipts {
		r, ok := p.Record.Body.(*receipt.Receipt)
		if !ok {
			return marketops.Refuse(marketops.PredicateTypeWrong, "this is a record of type "+string(p.Record.Body.Kind()))
		}
		if p.Record.Digest != e.facts.Receipts[0].Record.Digest {
			return marketops.Refuse(marketops.ReceiptMalformed, "the authorities signed different receipts")
		}
		e.record, e.receipt = p.Record, r
	}
	return nil
}

// nameLaw finds the version of the trust file that the receipt names. It must be at hand, and no later one may
// have been due when the receipt was issued.
func (e *examination) nameLaw() bool {
	law, err := e.trust.Named(e.receipt.Trust)
	if err == nil {
		e.law = law
		err = law.RequireInForce(max(e.receipt.IssuedAt, e.facts.Time))
	}
	if err != nil {
		e.fail(marketops.TrustRolledBack, err)
		return false
	}
	return e.say(marketops.TrustRolledBack, true, "", fmt.Sprintf("version %d", law.Version()))
}

// answerOpening turns the end of opening into answers: all passed, or those before the failure did. An
// unknown key is found in two places: before any signature held, or because of its role.
func (e *examination) answerOpening(verified bool, err error) {
	failed := marketops.CodeOf(err)
	for _, code := range openCodes {
		if !verified && failed == marketops.KeyUnknown && code == marketops.SignatureInvalid {
			code = marketops.KeyUnknown
		}
		if code == failed {
			e.fail(code, err)
			return
		}
		e.say(code, true, "", "")
	}
	if err != nil {
		e.fail(marketops.ReceiptMalformed, err)
	}
}
