package lifecycle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// trusts follows which version of trust.json is in force.
type trusts struct{ *records }

// apply judges what takes a version into force, and lets the others be judged under theirs.
func (t trusts) apply(e Entry) {
	if slices.Contains(t.adopted, e.Leaf) {
		return // a crash appended it twice
	}
	if body, ok := e.Record.Body.(*receipt.TrustAdopted); ok {
		t.adopt(e, body)
		t.adopted = append(t.adopted, e.Leaf)
	}
	t.law = e.Law
	if e.Holder.Role == trust.RoleLedger {
		t.ledger = max(t.ledger, e.Record.Body.Issued())
	}
}

// adopt compares with the version below. A pack need not hold what took that into force, if none of its records
// stands between.
func (t trusts) adopt(e Entry, body *receipt.TrustAdopted) {
	var below receipt.TrustRef
	if t.law != nil {
		below = t.law.Ref()
	} else if first, err := t.rules.Trust.First(); err == nil && e.Position.Index > 0 {
		below = first.Ref()
	}
	switch {
	case t.rules.Contained != nil && e.Position.Index > 0 && (t.law == nil || t.isBetween(below, body)):
	case body.Previous != below.Digest || body.Trust.Version <= below.Version:
		t.broken(adoptsNext, e.subject(), below.Digest, body.Previous, "version %d after version %d", body.Trust.Version, below.Version)
	}
	at := e.Law.File().Effective
	if body.Effective != at || body.IssuedAt+gate.Epsilon < at {
		t.broken(adoptsInTime, e.subject(), at, body.Effective, "adopted at %s", body.IssuedAt)
	}
}

// isBetween reports whether the version before is a later one than the one below, as far as a pack holds it.
func (t trusts) isBetween(below receipt.TrustRef, body *receipt.TrustAdopted) bool {
	for _, v := range t.rules.Trust.Versions() {
		if v.Digest() == body.Previous {
			return v.Version() > below.Version && v.Version() < body.Trust.Version
		}
	}
	return false
}

// named compares the version that a receipt names. What took a later one into force may not have been given.
func (t trusts) named(e Entry, body *receipt.Receipt) {
	in := t.law.Ref()
	if body.Trust == in {
		return
	}
	if body.Trust.Version > in.Version && (t.rules.Contained != nil || t.withheld[trust.RoleLedger] > 0) {
		t.report(Finding{Condition: receiptTrust, Check: receiptTrust.Check, Subject: e.subject(), Code: marketops.RecordWithheld, Detail: "the record that took the version into force which the receipt names was not given"})
		return
	}
	equal(t.records, receiptTrust, e.subject(), in, body.Trust)
}
