package verifier

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
)

// summarise lists operations and refusals. It describes what the records say, whatever the verdict.
func (v *verification) summarise() {
	if v.tracker == nil {
		return
	}
	for _, s := range v.tracker.Receipts() {
		v.report.Operations = append(v.report.Operations, v.operation(s))
	}
	for _, e := range v.entries {
		if f, ok := RefusalOf(e.Record, e.Position.Index, e.Holder); ok {
			v.report.Refusals = append(v.report.Refusals, f)
		}
	}
}

// RefusalOf describes a refusal record; it is false for any other.
func RefusalOf(r *receipt.Record, index uint64, by trust.Holder) (Refusal, bool) {
	f, ok := r.Body.(*receipt.Refusal)
	if !ok {
		return Refusal{}, false
	}
	return Refusal{Index: index, Code: f.Code, Run: f.RunID, Receipt: f.ReceiptID, Operation: f.OperationID, Kind: f.OperationKind, By: by.Name, At: f.IssuedAt}, true
}

func (v *verification) operation(s *lifecycle.ReceiptHistory) Operation {
	r := s.Receipt
	o := Operation{
		Receipt: s.ID, Operation: s.Operation, Kind: r.OperationKind, Repository: r.Target.FullName, Target: r.Target.ID(),
		Status: s.Status(), Approvers: v.approvers(s), Authority: s.Authorities, Positions: v.places(s), Effects: []Effect{},
	}
	if i, ok := v.byDigest[r.Submission]; ok {
		o.Requester = v.entries[i].Holder.Name
	}
	if op := v.docs[s.Operation]; op != nil {
		o.Resource = op.Resource()
		if t := op.Tag; t != nil && t.Existing != nil {
			o.FoundTag = t.Existing.Object
		}
	}
	if len(s.Claims) > 0 {
		publisher := s.Claims[len(s.Claims)-1].Publisher
		h, _ := v.trust.Listing(publisher).Holder(publisher)
		o.Publisher = h.Name
	}
	if s.Resolution != nil {
		o.Resolver = s.Resolution.Person
	}
	if s.Outcome != nil {
		o.Code = s.Outcome.Body.Code
		o.URL = v.url(s)
		o.Effects = effectsOf(s.Outcome.Body, v.receiptID)
	}
	return o
}

// effectsOf lists the effects of an outcome. idOf names the receipt of a digest.
func effectsOf(body *receipt.Outcome, idOf func(marketops.Digest) marketops.ReceiptID) []Effect {
	out := []Effect{}
	for _, e := range body.Effects {
		shown := Effect{Name: e.Name, State: e.State, Attempts: e.Attempts}
		if e.Earlier != nil {
			shown.Earlier = idOf(*e.Earlier)
		}
		out = append(out, shown)
	}
	return out
}

// receiptID returns the id of a receipt that the pack holds, or "".
func (v *verification) receiptID(d marketops.Digest) marketops.ReceiptID {
	if i, ok := v.byDigest[d]; ok {
		if r, ok := v.entries[i].Record.Body.(*receipt.Receipt); ok {
			return r.ReceiptID
		}
	}
	return ""
}

// url returns where a person can look: what GitHub said, or for a tag and a release that
// succeeded on github.com, where it must be.
func (v *verification) url(s *lifecycle.ReceiptHistory) string {
	for _, id := range s.Outcome.Body.GitHub {
		if (id.Name == "url" || id.Name == "html_url") && (strings.HasPrefix(id.Value, "https://") || strings.HasPrefix(id.Value, "http://")) {
			return id.Value
		}
	}
	op := v.docs[s.Operation]
	if op == nil || op.Tag == nil || s.Status() != receipt.Success || op.Target.Host != "github.com" {
		return ""
	}
	path := "tree"
	if op.Release != nil {
		path = "releases/tag"
	}
	return fmt.Sprintf("https://github.com/%s/%s/%s", op.Target.FullName, path, op.Tag.Name)
}

// places lists where the records of one receipt stand.
func (v *verification) places(s *lifecycle.ReceiptHistory) []Place {
	out := []Place{}
	for _, e := range v.entries {
		if v.concerns(e, s) {
			out = append(out, Place{e.Record.Body.Kind(), e.Position.Index})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Index < out[j].Index })
	return out
}

func (v *verification) concerns(e entry, s *lifecycle.ReceiptHistory) bool {
	switch b := e.Record.Body.(type) {
	case *receipt.Submission, *receipt.Approval:
		return e.Record.Digest == s.Receipt.Submission || slices.Contains(s.Receipt.Approvals, e.Record.Digest)
	case *receipt.Receipt:
		return e.Record.Digest == s.Digest
	case *receipt.Claim:
		return b.Receipt == s.Digest
	case *receipt.Intent:
		return b.Receipt == s.Digest
	case *receipt.Outcome:
		return b.Receipt == s.Digest
	case *receipt.Resolution:
		return b.ReceiptID == s.ID
	case *receipt.Revocation:
		return b.Receipt == s.Digest
	}
	return false
}

// InOneHand is what no signature can show: a rehearsal, where one user holds every key, looks
// the same as four eyes.
const InOneHand = "that the keys of trust.json are in the hands of different persons"

// listUncovered says what a pack cannot say, always.
func (v *verification) listUncovered() {
	r := v.report
	r.Uncovered("single use across the whole log (marketops-verify audit)")
	r.Uncovered("a later revocation (marketops-verify audit)")
	r.Uncovered("a second outcome (marketops-verify audit)")
	r.Uncovered("that GitHub still serves these bytes")
	if v.demand.Files == nil {
		r.Uncovered("that files you hold are the published ones (marketops-verify --subject DIR)")
	}
	r.noteLowered()
	r.Uncovered(InOneHand)
	r.Uncovered("what the policy said: receipts bind its digest, the policy itself is no evidence")
	if r.Unwitnessed != "" {
		r.Uncovered("anything against the operator of the log: no witness is demanded, so " + r.Unwitnessed)
	}
	if v.tracker == nil {
		return
	}
	if sealed, later := v.tracker.Sealed(r.Run); !sealed {
		r.Uncovered("that the run has no further record, such as a veto: it was not closed when the pack was made")
	} else if later > 0 {
		r.Uncovered(fmt.Sprintf("that the run has no further record after its seal; %d came later", later))
	}
	if v.unproved {
		r.Uncovered("that the checkpoints which the publishers saw belong to this log (marketops-verify audit)")
	}
	v.listWaits()
	if v.missing > 0 {
		r.Uncovered(lifecycle.Count(v.missing, "text") + " withheld, such as reasons and answers of GitHub")
	}
	if v.trust.Expired(max(v.at, 0)) {
		r.Uncovered("new use: the trust file has expired, and judges old evidence only")
	}
	v.listWithoutReceipt()
	for _, s := range v.tracker.Receipts() {
		if s.Outcome == nil && len(s.Intents) == 0 && s.Status() != receipt.Revoked {
			r.Uncovered("what became of receipt " + string(s.ID) + ", which had not been carried out when the pack was made")
		}
	}
}

// listWaits names the receipts of which the pack does not show that what the plan puts first had succeeded.
func (v *verification) listWaits() {
	count := map[marketops.ReceiptID]int{}
	for _, w := range v.tracker.Waits() {
		count[w.Receipt]++
	}
	for _, w := range v.tracker.Waits() {
		if n := count[w.Receipt]; n > 0 {
			v.report.Uncovered(fmt.Sprintf("that %s, which the plan puts first (%s), had succeeded when receipt %s was claimed: the pack holds no such outcome",
				lifecycle.Count(n, "operation"), w.Prerequisite.Short(), w.Receipt))
		}
		delete(count, w.Receipt)
	}
}

// listWithoutReceipt names the operations of the plan that no receipt of the pack allows.
func (v *verification) listWithoutReceipt() {
	allowed := map[marketops.Digest]bool{}
	for _, s := range v.tracker.Receipts() {
		allowed[s.Operation] = true
	}
	for _, o := range v.plan.Operations {
		if !allowed[o.Operation] {
			v.report.Uncovered(fmt.Sprintf("operation %d of the plan, %s %s %s, for which the pack holds no receipt", o.Number, o.Kind, o.Repository, o.Resource))
		}
	}
}
