package lifecycle

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// Grace is how long after its expiry a receipt with an intent may stay without an outcome.
const Grace = marketops.Time(24 * 60 * 60) // seconds

// outcomes judges outcomes.
type outcomes struct{ *records }

func (o outcomes) outcome(e Entry, body *receipt.Outcome) {
	o.checkRoot(e, body)
	h := o.change(e, body.Receipt)
	if h == nil {
		o.reportMissing(Order, e, "receipt", body.Receipt, trust.RoleAuthority)
		o.orphans[e.Record.Digest] = true
		return
	}
	if h.Outcome != nil {
		if h.Outcome.Leaf == e.Leaf {
			h.Outcome.Again = append(h.Outcome.Again, e.Position.Index)
		} else {
			o.broken(outcomeOnce, string(h.ID), nil, nil, "%s at %d and %s at %d", h.Outcome.Status, h.Outcome.Index, body.Status, e.Position.Index)
		}
		return
	}
	o.repeats(e, h, body.OperationID)
	o.checkDate(e, h.issued, h.By[0])
	equal(o.records, outcomeKind, e.subject(), h.Receipt.OperationKind, body.OperationKind)
	o.checkEffects(e, h, body)
	o.checkAdopted(e, h, body)
	o.checkSigner(e, h, body)
	o.checkIntent(e, h, body)
	o.checkStatus(h, body)
	h.Outcome = &Outcome{Digest: e.Record.Digest, Leaf: e.Leaf, Index: e.Position.Index, Epoch: body.Epoch, Status: body.Status, By: e.Record.By, Time: body.IssuedAt, Body: body}
	h.complete = body.IsComplete()
	if body.Status != receipt.Success {
		h.tried, h.absent = triedIn(body)
	}
	if body.Status == receipt.Unknown {
		o.outcomes[e.Record.Digest] = h
	}
	o.end(h)
}

// checkEffects compares the effects with the document, where it is at hand: a kind can have two forms.
func (o outcomes) checkEffects(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	op := o.document(h.Operation)
	if op == nil || body.Intent == nil {
		return
	}
	var names []string
	for _, effect := range body.Effects {
		names = append(names, effect.Name)
	}
	if want := op.Effects(); !slices.Equal(want, names) {
		o.broken(outcomeEffects, e.subject(), want, names, "")
	}
}

// checkAdopted demands of each effect that an outcome adopts that an earlier receipt of the operation tried it.
func (o outcomes) checkAdopted(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	for _, effect := range body.Effects {
		if effect.Earlier == nil {
			continue
		}
		from := o.receipt(*effect.Earlier)
		if from == nil {
			o.reportMissing(Order, e, "receipt", *effect.Earlier, trust.RoleAuthority)
			continue
		}
		o.checkDate(e, from.issued, from.By[0])
		switch {
		case from == h || from.run != h.run || from.Operation != h.Operation:
			o.broken(outcomeAdopts, e.subject(), nil, nil, "%s is of %s", effect.Name, from.ID)
		case from.Outcome == nil:
			o.needsEnd(outcomeAdopts, e.subject(), from)
		case !slices.Contains(from.tried, effect.Name):
			o.broken(outcomeAdopts, e.subject(), nil, nil, "%s was not tried under %s", effect.Name, from.ID)
		default:
			if gone := o.absentSince(from, effect.Name); gone != nil {
				o.broken(outcomeAdopts, e.subject(), nil, nil, "the outcome of %s calls %s absent", gone.ID, effect.Name)
			}
		}
	}
}

// triedIn lists what a later receipt may adopt, because it was tried and may be there, and what is absent.
func triedIn(body *receipt.Outcome) (tried, absent []string) {
	for _, e := range body.Effects {
		if e.State == receipt.EffectAbsent {
			absent = append(absent, e.Name)
		} else if e.Attempts > 0 {
			tried = append(tried, e.Name)
		}
	}
	return tried, absent
}

// absentSince returns the receipt of an outcome above that of from which calls an effect of the operation absent, or nil.
func (o outcomes) absentSince(from *ReceiptHistory, effect string) *ReceiptHistory {
	for _, n := range from.run.records {
		if n.kind != receipt.KindReceipt {
			continue
		}
		h := o.receipt(n.digest)
		if h != nil && h.Operation == from.Operation && h.Outcome != nil && h.Outcome.Index > from.Outcome.Index && slices.Contains(h.absent, effect) {
			return h
		}
	}
	return nil
}

// needsEnd says that the outcome of an earlier receipt is missing below; where it may have been withheld, that is all.
func (r *records) needsEnd(c *Condition, subject string, from *ReceiptHistory) {
	if r.rules.Contained == nil && r.withheld[trust.RolePublisher]+r.withheld[trust.RoleLedger] == 0 {
		r.broken(c, subject, nil, nil, "%s has no outcome", from.ID)
		return
	}
	r.report(Finding{Condition: c, Check: c.Check, Subject: subject, Code: marketops.RecordWithheld, Detail: "the outcome of " + string(from.ID) + " was not given"})
}

// checkSigner holds publishers to the newest claim, and the ledger to what it may say at all.
func (o outcomes) checkSigner(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	if len(h.Claims) == 0 {
		o.reportMissing(Order, e, "claim", marketops.Digest{}, trust.RoleLedger)
		return
	}
	newest := h.Claims[len(h.Claims)-1]
	o.checkDate(e, newest.Time, newest.By)
	if e.Holder.Role == trust.RoleLedger {
		equal(o.records, outcomeEpoch, string(h.ID), newest.Epoch+1, body.Epoch)
		o.checkLedger(e, h, body)
		return
	}
	if body.Epoch > newest.Epoch && o.mayBeWithheld(marketops.Digest{}) {
		o.reportMissing(Outcomes, e, fmt.Sprintf("claim of epoch %d", body.Epoch), marketops.Digest{}, trust.RoleLedger)
		return
	}
	if newest.Publisher != e.Record.By || newest.Epoch != body.Epoch {
		o.broken(outcomeSigner, string(h.ID), fmt.Sprintf("%s in epoch %d", newest.Publisher, newest.Epoch), fmt.Sprintf("%s in epoch %d", e.Record.By, body.Epoch), "")
	}
}

// checkLedger: the ledger did not see GitHub, and what it says must follow from the log.
func (o outcomes) checkLedger(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	wrong := ""
	switch body.Status {
	case receipt.Rejected:
		wrong = o.rejectsWrongly(h, body)
	case receipt.Unknown:
		if body.IssuedAt < h.Receipt.ExpiresAt+Grace && o.publisherCanAct(h, body.IssuedAt, e.Position) {
			wrong = "it gave up before the grace was over, and a publisher of the audience could still act"
		}
	default:
		wrong = "it cannot know that an operation is " + string(body.Status)
	}
	if body.Checkpoint != nil {
		wrong = "it quotes a checkpoint as if it had published"
	}
	if wrong != "" {
		o.broken(outcomeLedger, string(h.ID), nil, nil, "%s", wrong)
	}
}

// rejectsWrongly says what is wrong with a rejection by the ledger.
func (o outcomes) rejectsWrongly(h *ReceiptHistory, body *receipt.Outcome) string {
	switch {
	case body.Code == marketops.Expired:
		if body.IssuedAt+gate.Epsilon < h.Receipt.ExpiresAt {
			o.broken(outcomeEarly, string(h.ID), h.Receipt.ExpiresAt, body.IssuedAt, "")
		}
		return ""
	case body.Code == marketops.Revoked:
		return o.needs(h, "revocation", h.Revoked, trust.RoleAuthority)
	case body.Code == marketops.RejectedByApprover:
		return o.needs(h, "eligible rejection", votes(o).isVetoed(h), trust.RolePerson)
	}
	return fmt.Sprintf("%.40q is no reason of the ledger's", body.Code)
}

// needs says that a record is missing below; one that may have been withheld makes it uncertain instead.
func (o outcomes) needs(h *ReceiptHistory, what string, found bool, role trust.Role) string {
	switch {
	case found:
		return ""
	case o.rules.Contained != nil || o.withheld[role] > 0:
		o.report(Finding{Condition: outcomeLedger, Check: Outcomes, Subject: string(h.ID), Code: marketops.RecordWithheld, Detail: "the " + what + " that the ledger rejected for was not given"})
		return ""
	}
	return "no " + what + " stands below"
}

// publisherCanAct reports whether a key of the audience was still good.
func (o outcomes) publisherCanAct(h *ReceiptHistory, at marketops.Time, pos log.Position) bool {
	return slices.ContainsFunc(h.Receipt.Audience, func(id crypto.KeyID) bool { return o.law.Valid(id, trust.RolePublisher, at, &pos) })
}

// checkIntent finds an outcome whose intent does not stand where it says, or a checkpoint that
// the publisher cannot have waited for.
func (o outcomes) checkIntent(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	if body.Intent == nil {
		if len(h.Intents) > 0 && e.Holder.Role == trust.RolePublisher { // the ledger does not wait for the log
			o.broken(outcomeIntent, string(h.ID), h.Intents[len(h.Intents)-1].Index, nil, "it names none")
		}
		return
	}
	n, newest := h.intentAt(body.Intent.Index)
	if n == nil || body.Intent.Origin != e.Position.Origin {
		o.reportNoIntent(e, h, body)
		return
	}
	o.checkDate(e, n.Time, n.By)
	if !newest {
		o.broken(outcomeIntent, string(h.ID), h.Intents[len(h.Intents)-1].Index, n.Index, "")
	}
	if e.Holder.Role != trust.RoleLedger {
		o.checkCheckpoint(e, h, body)
	}
}

func (o outcomes) reportNoIntent(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	f := Finding{Condition: outcomeIntent, Check: Outcomes, Subject: string(h.ID), Code: marketops.OrderViolation,
		Detail: fmt.Sprintf("the outcome at %d names an intent at %d of %s, where none of this receipt stands", e.Position.Index, body.Intent.Index, body.Intent.Origin)}
	elsewhere := body.Intent.Origin == e.Position.Origin && body.Intent.Index < e.Position.Index
	if elsewhere && (o.rules.Contained != nil && !o.places[body.Intent.Index] || o.withheld[trust.RolePublisher] > 0) {
		f.Code, f.Detail = marketops.RecordWithheld, fmt.Sprintf("the intent at %d was not given", body.Intent.Index)
	}
	o.report(f)
}

// checkCheckpoint compares the checkpoint that the publisher verified before it acted.
func (o outcomes) checkCheckpoint(e Entry, h *ReceiptHistory, body *receipt.Outcome) {
	c := body.Checkpoint
	if c == nil || c.Origin != e.Position.Origin || c.Size <= 0 || uint64(c.Size) <= body.Intent.Index || uint64(c.Size) > e.Position.Index {
		o.broken(outcomeSeen, string(h.ID), nil, nil, "intent at %d, outcome at %d, checkpoint %+v", body.Intent.Index, e.Position.Index, c)
	}
}

// checkRoot compares the root that an outcome quotes, also of one that is wrong otherwise. It is a claim of its signer: only
// checkpoints that the log signed convict the log. What cannot be a size of the
// log below it is found by checkCheckpoint.
func (o outcomes) checkRoot(e Entry, body *receipt.Outcome) {
	c := body.Checkpoint
	if o.rules.Quoted == nil || c == nil || c.Origin != e.Position.Origin || c.Size <= 0 || uint64(c.Size) > e.Position.Index {
		return
	}
	if err := o.rules.Quoted(*c); err != nil {
		f := Finding{Condition: outcomeRoot, Check: Roots, Subject: string(body.ReceiptID), Code: marketops.CodeOf(err), Got: c.Root.String(), Detail: err.Error()}
		if f.Code == marketops.SplitView { // the log signed no such root: it is the word of who signed the outcome
			f.Code = marketops.RootDisputed
			f.Detail = fmt.Sprintf("%s %s says that it saw another root at size %d, and shows no checkpoint for it", e.Holder.Role, e.Holder.Name, c.Size)
		}
		o.report(f)
	}
}

// checkStatus finds an outcome that must not have been one.
func (o outcomes) checkStatus(h *ReceiptHistory, body *receipt.Outcome) {
	if h.Revoked && body.Status != receipt.Rejected {
		o.broken(outcomeRevoked, string(h.ID), receipt.Rejected, body.Status, "")
	}
	if body.Status == receipt.Success {
		o.succeed(h)
	}
}

// succeed finds that an operation was published twice, by whatever receipts.
func (o outcomes) succeed(h *ReceiptHistory) {
	other := o.success(h.Operation)
	if other != nil && other != h {
		o.broken(successOnce, string(h.ID), nil, nil, "it succeeded under %s", other.ID)
	}
	h.run.succeed(h.Operation)
	o.endWaits(func(w Wait) bool { return w.run == h.run && w.Prerequisite == h.Operation })
	if other == nil || !o.reloading {
		o.succeeded[h.Operation] = h
	}
}
