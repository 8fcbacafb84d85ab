package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// name is one record that another one names.
type name struct {
	digest marketops.Digest
	place  *log.Position // instead of the digest
	kind   receipt.Kind  // empty: any
}

func named(kind receipt.Kind, digests ...marketops.Digest) (out []name) {
	for _, d := range digests {
		out = append(out, name{digest: d, kind: kind})
	}
	return out
}

// names are all records that a record names.
func names(b receipt.Body) (out []name) {
	switch b := b.(type) {
	case *receipt.Approval:
		out = named(receipt.KindSubmission, b.Submission)
	case *receipt.Receipt:
		out = append(named(receipt.KindSubmission, b.Submission), named(receipt.KindApproval, b.Approvals...)...)
	case *receipt.Claim:
		out = named(receipt.KindReceipt, b.Receipt)
		if b.Previous != nil {
			out = append(out, named(receipt.KindClaim, *b.Previous)...)
		}
	case *receipt.Intent:
		out = append(named(receipt.KindClaim, b.Claim), named(receipt.KindReceipt, b.Receipt)...)
	case *receipt.Outcome:
		out = named(receipt.KindReceipt, b.Receipt)
		if b.Intent != nil {
			out = append(out, name{place: b.Intent, kind: receipt.KindIntent})
		}
		for _, e := range b.Effects {
			if e.Earlier != nil {
				out = append(out, named(receipt.KindReceipt, *e.Earlier)...)
			}
		}
	case *receipt.Resolution:
		out = append(named(receipt.KindOutcome, b.Outcome), name{place: &b.Position, kind: receipt.KindOutcome})
	case *receipt.Revocation:
		out = named(receipt.KindReceipt, b.Receipt)
	case *receipt.RunClosed:
		out = named("", b.Records...)
		if b.Previous != nil {
			out = append(out, named(receipt.KindRunClosed, *b.Previous)...)
		}
	}
	return out
}

// find returns the lowest record that a name fits, of any kind.
func (j *judge) find(n name) *rec {
	for _, r := range j.recs {
		if n.place == nil && r.Digest == n.digest || n.place != nil && *n.place == j.place(r) {
			return r
		}
	}
	return nil
}

// away: a name fits no record, not even one by a wrong key.
func (j *judge) away(n name) bool {
	if n.place != nil && n.place.Origin != j.origin {
		return false
	}
	return j.find(n) == nil && !slices.ContainsFunc(j.refused, func(e refusal) bool {
		return n.place == nil && e.Record.Digest == n.digest || n.place != nil && n.place.Index == e.index
	})
}

// withheld: a pack may leave out what one of its records names.
func (j *judge) withheld(n name) bool { return !j.Whole && j.away(n) }

// namesBelow: every record that a record names stands below it, and is not dated much later.
func (j *judge) namesBelow(r *rec) {
	for _, n := range names(r.Body) {
		other := j.find(n)
		switch {
		case j.withheld(n):
			j.say(marketops.RecordWithheld)
		case other == nil || other.index >= r.index || n.kind != "" && other.Body.Kind() != n.kind:
			j.say(marketops.OrderViolation)
		default:
			j.dated(r, other)
		}
	}
}

// dated: a record is not dated before another one of its signer, and not long before one of another signer.
func (j *judge) dated(r, after *rec) {
	slack := marketops.Time(60)
	if after.By == r.By {
		slack = 0
	}
	j.must(r.Body.Issued()+slack >= after.Body.Issued(), marketops.OrderViolation)
}

// get returns the record of a digest and of a type, or nil.
func get[T receipt.Body](j *judge, d marketops.Digest) (T, *rec) {
	r := j.find(name{digest: d})
	if r == nil {
		var none T
		return none, nil
	}
	b, ok := r.Body.(T)
	if !ok {
		return b, nil
	}
	return b, r
}

// receiptOf returns the digest of the receipt that a record is about.
func (j *judge) receiptOf(r *rec) marketops.Digest {
	switch b := r.Body.(type) {
	case *receipt.Receipt:
		return r.Digest
	case *receipt.Claim:
		return b.Receipt
	case *receipt.Intent:
		return b.Receipt
	case *receipt.Outcome:
		return b.Receipt
	case *receipt.Revocation:
		return b.Receipt
	case *receipt.Resolution:
		if o, _ := get[*receipt.Outcome](j, b.Outcome); o != nil {
			return o.Receipt
		}
	}
	return marketops.Digest{}
}
