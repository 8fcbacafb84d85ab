package verifier

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
)

// group is gate codes under the check of a report.
type group struct {
	name  string
	codes []marketops.Code
}

// groups gathers the gate's codes under the checks of a report. Two are "not covered" instead: content
// was never measured here, and a trust file that has expired still judges old evidence.
var groups = []group{
	{CheckSignature, []marketops.Code{marketops.ModeNotProd, marketops.ReceiptMissing, marketops.ReceiptMalformed, marketops.PayloadTypeWrong,
		marketops.PredicateTypeWrong, marketops.KeyUnknown, marketops.KeyOutsideValidity, marketops.KeyRevoked,
		marketops.SignatureInvalid, marketops.TrustRolledBack, marketops.ThresholdUnmet, marketops.NotEnforceable}},
	{CheckBinding, []marketops.Code{marketops.AudienceMismatch, marketops.RunMismatch, marketops.KindMismatch,
		marketops.RepositoryMismatch, marketops.OperationMismatch}},
	{CheckWindow, []marketops.Code{marketops.LifetimeExcessive, marketops.NotYetValid, marketops.Expired, marketops.Stale}},
	{CheckApprovals, []marketops.Code{marketops.ApprovalMissing, marketops.SelfApproval, marketops.DuplicatePerson, marketops.RejectedByApprover}},
	{CheckLogged, []marketops.Code{marketops.ReceiptUnlogged}},
}

// askedGroups returns the groups that the level asks for.
func (v *verification) askedGroups() []group {
	if v.report.Level != Signature {
		return groups
	}
	return slices.DeleteFunc(slices.Clone(groups), func(g group) bool { return slices.Contains(unlogged, g.name) })
}

// askGates asks the gate's questions again for every receipt.
func (v *verification) askGates() bool {
	if len(v.tracker.Receipts()) == 0 {
		v.reportNoReceipt()
		return true
	}
	v.tracker.Finish()
	for _, s := range v.tracker.Receipts() {
		v.askGate(s)
	}
	return true
}

// reportNoReceipt answers for a pack without receipts: nothing was authorised, or a receipt was used
// that the pack does not hold.
func (v *verification) reportNoReceipt() {
	code, detail := marketops.NothingToVerify, "the pack holds no receipt, so nothing in it was authorised"
	for _, e := range v.entries {
		switch e.Record.Body.Kind() {
		case receipt.KindClaim, receipt.KindIntent, receipt.KindOutcome, receipt.KindResolution, receipt.KindRevocation:
			code, detail = marketops.RecordWithheld, "the receipt was not given"
		}
	}
	for _, g := range v.askedGroups() {
		v.report.Fail(Check{Name: g.name, Code: code, Detail: detail})
	}
}

// answered is what the gate said about a receipt.
type answered struct {
	checks  marketops.Checks
	missing string
}

// askGate reports what the gate said about one receipt. What could not be asked for want of a record or a
// document is indeterminate.
func (v *verification) askGate(s *lifecycle.ReceiptHistory) {
	said := v.answers[s.Digest]
	for _, g := range v.askedGroups() {
		why := ""
		switch {
		case said.missing != "" && (g.name == CheckApprovals || g.name == CheckLogged):
			why = said.missing + " was not given"
		case v.docs[s.Operation] == nil && g.name == CheckBinding:
			why = "the operation document was not given"
		}
		if why != "" {
			v.report.Fail(Check{Name: g.name, Subject: string(s.ID), Code: marketops.RecordWithheld, Detail: why})
			continue
		}
		v.reportGroup(s, g.name, g.codes, said.checks)
	}
}

func (v *verification) reportGroup(s *lifecycle.ReceiptHistory, name string, codes []marketops.Code, answers marketops.Checks) {
	passed := true
	for _, code := range codes {
		switch a := answers.Find(code); a.Status {
		case marketops.Pass:
		case marketops.Fail:
			v.report.Fail(Check{Name: name, Subject: string(s.ID), Code: code, Expected: a.Expected, Got: a.Got, Detail: a.Detail})
			passed = false
		default:
			if passed {
				v.report.Skip(name, string(s.ID), "an earlier check did not pass")
			}
			passed = false
		}
	}
	if passed {
		v.report.Pass(name, string(s.ID), v.words(s, name))
	}
}

// words says in short what passed.
func (v *verification) words(s *lifecycle.ReceiptHistory, name string) string {
	switch name {
	case CheckSignature:
		return "by " + strings.Join(s.Authorities, ", ")
	case CheckBinding:
		return fmt.Sprintf("%s on %s", s.Receipt.OperationKind, s.Receipt.Target.FullName)
	case CheckWindow:
		if len(s.Claims) == 0 {
			return "not claimed; its window and lifetime are allowed"
		}
		return "claimed in time, as the ledger says"
	case CheckApprovals:
		need := 0
		law, _ := v.trust.Named(s.Receipt.Trust) // the gate passed
		for _, rule := range law.Minimum(s.Receipt.OperationKind, s.Receipt.Target) {
			need = max(need, rule.Threshold)
		}
		return fmt.Sprintf("%d of %d required; none is the requester", len(v.approvers(s)), need)
	}
	return "submission, approvals, receipt, in that order"
}

// approvers returns the distinct persons whose approvals the receipt names.
func (v *verification) approvers(s *lifecycle.ReceiptHistory) []string {
	out := []string{}
	for _, d := range s.Receipt.Approvals {
		i, ok := v.byDigest[d]
		if !ok {
			continue
		}
		if who := v.entries[i].Holder.Name; !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	slices.Sort(out)
	return out
}
