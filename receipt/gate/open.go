package gate

import (
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// openCodes are answered by opening the receipts, in the order in which opening finds them.
var openCodes = []marketops.Code{
	marketops.ReceiptMalformed, marketops.PayloadTypeWrong, marketops.SignatureInvalid, marketops.PredicateTypeWrong,
	marketops.KeyUnknown, marketops.KeyRevoked, marketops.KeyOutsideValidity,
}

func (e *examination) openReceipts() bool {
	if !e.say(marketops.ReceiptMissing, len(e.ev.Receipts) > 0, "a receipt", fmt.Sprintf("%d", len(e.ev.Receipts))) {
		return false
	}
	if e.trust == nil {
		return e.say(marketops.KeyUnknown, false, "a trust file", "none")
	}
	authorities := map[string]bool{}
	for _, l := range e.ev.Receipts {
		rec, holder, err := e.openReceipt(l)
		if err != nil {
			e.answerOpening(rec != nil, err)
			return false
		}
		if e.record == nil {
			e.record, e.receipt = rec, rec.Body.(*receipt.Receipt)
		}
		if !crypto.EqualPayload(e.record.Opened, rec.Opened) {
			e.answerOpening(true, marketops.Refuse(marketops.ReceiptMalformed, "the authorities signed different receipts"))
			return false
		}
		authorities[holder.Name] = true
	}
	e.answerOpening(true, nil)
	need := e.trust.AuthorityThreshold(e.receipt.OperationKind, e.receipt.Target)
	return e.say(marketops.ThresholdUnmet, need > 0 && len(authorities) >= need,
		fmt.Sprintf("%d authorities", need), fmt.Sprintf("%d", len(authorities)))
}

func (e *examination) openReceipt(l receipt.LoggedEnvelope) (*receipt.Record, trust.Holder, error) {
	rec, err := l.Open(e.trust.Ring())
	if errors.Is(err, marketops.RecordUnknown) {
		return nil, trust.Holder{}, marketops.RefuseErr(marketops.PredicateTypeWrong, "not a receipt", err)
	}
	if err != nil {
		return nil, trust.Holder{}, err
	}
	if rec.Body.Kind() != receipt.KindReceipt {
		return nil, trust.Holder{}, marketops.Refuse(marketops.PredicateTypeWrong, "this is a record of type "+string(rec.Body.Kind()))
	}
	h, err := e.trust.Admit(rec, e.ask.Now, e.position(l))
	return rec, h, err
}

func (e *examination) position(l receipt.LoggedEnvelope) *log.Position {
	if l.Proof == nil || e.ev.Checkpoint == nil {
		return nil
	}
	return &log.Position{Origin: e.ev.Checkpoint.Origin, Index: l.Proof.Index}
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
