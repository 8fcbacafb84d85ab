package receipt

import "github.com/omega/marketops"

// Refs is what a record says it belongs to. What it does not name is zero. The ids of a refusal are
// those that the caller sent: they need not be valid.
type Refs struct {
	Run     marketops.RunID
	Receipt marketops.ReceiptID
	Epoch   int64
	Plan    marketops.Digest

	Operations []marketops.Digest // by their documents
	Signed     []OperationRef     // by what a person signs: all operations of the plan; nil in other records
	Evidence   []marketops.Digest // salted digests of the evidence files
}

// present returns the digests that are not zero.
func present(all ...marketops.Digest) (out []marketops.Digest) {
	for _, d := range all {
		if !d.IsZero() {
			out = append(out, d)
		}
	}
	return out
}

func digestsOf(refs []OperationRef) (out []marketops.Digest) {
	for _, ref := range refs {
		out = append(out, ref.Operation)
	}
	return out
}

// Refs implements [Body].
func (b *Submission) Refs() Refs {
	return Refs{Run: b.RunID, Plan: b.Plan, Operations: digestsOf(b.Operations), Signed: b.Operations, Evidence: present(b.Findings, b.NotShipped)}
}

// Refs implements [Body].
func (b *Approval) Refs() Refs {
	return Refs{Run: b.RunID, Plan: b.Plan, Operations: digestsOf(b.Operations), Signed: b.Operations}
}

// Refs implements [Body].
func (b *Receipt) Refs() Refs {
	return Refs{Run: b.RunID, Receipt: b.ReceiptID, Plan: b.Plan, Operations: present(b.Operation)}
}

// Refs implements [Body].
func (b *Advisory) Refs() Refs {
	return Refs{Run: b.RunID, Plan: b.Plan, Evidence: present(b.WhyNot), Operations: present(b.Operation)}
}

// Refs implements [Body].
func (b *Claim) Refs() Refs {
	return Refs{Run: b.RunID, Receipt: b.ReceiptID, Epoch: b.Epoch, Operations: present(b.Operation)}
}

// Refs implements [Body].
func (b *Intent) Refs() Refs {
	return Refs{Run: b.RunID, Receipt: b.ReceiptID, Epoch: b.Epoch, Operations: present(b.Operation)}
}

// Refs implements [Body].
func (b *Outcome) Refs() Refs {
	return Refs{Run: b.RunID, Receipt: b.ReceiptID, Epoch: b.Epoch, Operations: present(b.OperationID), Evidence: present(b.Error, b.Response)}
}

// Refs implements [Body].
func (b *Refusal) Refs() Refs {
	return Refs{Run: marketops.RunID(b.RunID), Receipt: marketops.ReceiptID(b.ReceiptID), Operations: present(b.OperationID), Evidence: present(b.Evidence)}
}

// Refs implements [Body].
func (b *Resolution) Refs() Refs {
	return Refs{Run: b.RunID, Receipt: b.ReceiptID, Operations: present(b.Operation), Evidence: present(b.Reason)}
}

// Refs implements [Body].
func (b *Revocation) Refs() Refs {
	return Refs{Run: b.RunID, Receipt: b.ReceiptID, Operations: present(b.Operation), Evidence: present(b.Reason)}
}

// Refs implements [Body].
func (b *RunClosed) Refs() Refs {
	return Refs{Run: b.RunID, Plan: b.Plan}
}

// Refs implements [Body].
func (*TrustAdopted) Refs() Refs { return Refs{} }

// Refs implements [Body].
func (*ShardSealed) Refs() Refs { return Refs{} }

// Refs implements [Body].
func (*ShardGenesis) Refs() Refs { return Refs{} }

// Refs implements [Body].
func (*Request) Refs() Refs { return Refs{} }

// Refs implements [Body].
func (*Answer) Refs() Refs { return Refs{} }
