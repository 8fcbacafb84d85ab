package sigstore

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/pack"
)

// entry is a record of the pack that opened under the trust file.
type entry struct {
	record *receipt.Record
	proof  *log.Proof
}

// book is the records of a verified pack, in log order.
type book struct {
	trust   *trust.Trust
	entries []entry
}

func open(p *pack.Pack, t *trust.Trust) (*book, error) {
	b := &book{trust: t}
	for name, envelope := range p.Records {
		rec, err := receipt.Open(envelope, t.Ring())
		if err != nil {
			return nil, err
		}
		proof, err := log.ParseProof(p.Proofs[name])
		if err != nil {
			return nil, err
		}
		b.entries = append(b.entries, entry{rec, proof})
	}
	slices.SortFunc(b.entries, func(x, y entry) int { return cmp.Compare(x.proof.Index, y.proof.Index) })
	return b, nil
}

// receipts returns the envelopes of the receipt that counts for an operation, one per authority.
func (b *book) receipts(operation marketops.Digest) (out []entry, err error) {
	var last, claimed marketops.Digest
	for _, e := range b.entries {
		switch r := e.record.Body.(type) {
		case *receipt.Receipt:
			if r.Operation == operation {
				last = e.record.Digest
			}
		case *receipt.Claim:
			if r.Operation == operation {
				claimed = r.Receipt
			}
		}
	}
	if !claimed.IsZero() {
		last = claimed
	}
	for _, e := range b.entries {
		if _, ok := e.record.Body.(*receipt.Receipt); ok && e.record.Digest == last {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, marketops.Refuse(marketops.ReceiptMissing, "the pack holds no receipt for the operation")
	}
	return out, nil
}

// about returns the envelopes of the record that is wanted about a receipt. A verified pack holds
// at most one outcome of it.
func (b *book) about(receipts []entry, what Subject) ([]entry, error) {
	if what == Receipt {
		return receipts, nil
	}
	if what != Outcome {
		return nil, marketops.Refuse(marketops.RecordUnknown, fmt.Sprintf("a record %.40q cannot be exported", what))
	}
	for _, e := range b.entries {
		if o, ok := e.record.Body.(*receipt.Outcome); ok && o.Receipt == receipts[0].record.Digest {
			return []entry{e}, nil
		}
	}
	return nil, marketops.Refuse(marketops.OutcomeMissing, "the receipt has no outcome in the pack")
}
