package logworld

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// foreign is a run that is not the world's.
var foreign = marketops.NewRunID([16]byte{9})

// bindings are attacks on what records repeat of each other, on keys at their place in the log, and
// on the order of what ends a receipt.
var bindings = []Attack{
	{"claim of another run", Codes{"run-mismatch"}, Codes{"order-violation", "run-mismatch"}, edit("claim", func(c *receipt.Claim) { c.RunID = foreign })},
	{"claim under another id", Codes{"order-violation", "receipt-reused", "record-withheld"}, Codes{"order-violation", "receipt-reused"}, edit("claim", func(c *receipt.Claim) { c.ReceiptID = marketops.NewReceiptID([16]byte{9}) })},
	{"intent of another run", Codes{"run-mismatch"}, Codes{"order-violation", "run-mismatch"}, edit("intent", func(n *receipt.Intent) { n.RunID = foreign })},
	{"intent of another operation", Codes{"operation-mismatch"}, nil, edit("intent", func(n *receipt.Intent) { n.Operation = Policy })},
	{"outcome of another operation", Codes{"operation-mismatch"}, nil, edit("outcome", func(o *receipt.Outcome) { o.OperationID = Policy })},
	{"outcome under another id", Codes{"receipt-reused"}, nil, edit("outcome", func(o *receipt.Outcome) { o.ReceiptID = marketops.NewReceiptID([16]byte{9}) })},
	{"approval of another plan", Codes{"plan-mismatch"}, Codes{"approval-missing", "plan-mismatch"}, edit("approval", func(a *receipt.Approval) { a.Plan = Policy })},
	{"approval of another run", Codes{"run-mismatch"}, Codes{"approval-missing", "order-violation", "run-mismatch"}, edit("approval", func(a *receipt.Approval) { a.RunID = foreign })},
	{"approval of other operations", Codes{"plan-mismatch"}, Codes{"approval-missing", "plan-mismatch"}, edit("approval", func(a *receipt.Approval) {
		a.Operations = []receipt.OperationRef{{Operation: Policy, Kind: marketops.TagRepo, Target: Release("v1").Target}}
	})},
	{"receipt of another plan", Codes{"plan-mismatch"}, Codes{"approval-missing", "plan-mismatch"}, edit("receipt", func(r *receipt.Receipt) { r.Plan = Policy })},
	{"receipt of an operation that was not submitted", Codes{"plan-mismatch"}, Codes{"approval-missing"}, func(w *World) {
		w.Edit["submission"] = func(b receipt.Body) {
			b.(*receipt.Submission).Operations = []receipt.OperationRef{{Operation: Policy, Kind: marketops.TagRepo, Target: Release("v1").Target}}
		}
		w.Live()
	}},
	{"seal of another plan", Codes{"plan-mismatch"}, nil, edit("run-closed", func(c *receipt.RunClosed) { c.Plan = Policy })},
	{"revocation under another operation", Codes{"operation-mismatch"}, nil, func(w *World) {
		l := w.Allow()
		r, h := l.Receipt.Record.Body.(*receipt.Receipt), w.Head()
		w.Add(&receipt.Revocation{Header: h, Operation: Policy, RunID: r.RunID, ReceiptID: r.ReceiptID, Receipt: l.Receipt.Record.Digest, By: "alice", Reason: w.Evident(h, "withdrawn")}, Authority)
	}},
	{"first claim of epoch 2", Codes{"record-withheld"}, Codes{"receipt-reused"}, func(w *World) {
		w.Edit["claim"] = func(b receipt.Body) { c := b.(*receipt.Claim); c.Epoch, c.Previous = 2, &Policy }
		w.Claim(w.Allow().Receipt, Publisher)
	}},
	{"first seal names an earlier one", Codes{"record-withheld"}, Codes{"order-violation"}, edit("run-closed", func(c *receipt.RunClosed) { c.Previous = &Policy })},

	{"resolution before the outcome", Codes{"order-violation"}, nil, func(w *World) {
		Unknown(w)
		Resolve(w, w.Publish().Outcome, Alice)
		reorder(w, 0, 1, 2, 3, 4, 5, 7, 6)
	}},
	{"revocation before the receipt", Codes{"order-violation"}, nil, func(w *World) {
		revoke(w, w.Allow().Receipt)
		reorder(w, 0, 1, 2, 4, 3)
	}},
	{"intent and outcome without a claim", Codes{"order-violation", "record-withheld"}, Codes{"order-violation"}, func(w *World) {
		w.Publish()
		reorder(w, 0, 1, 2, 3, 5, 6)
	}},
	{"takeover before the claim", Codes{"order-violation", "receipt-reused"}, nil, func(w *World) {
		w.Edit["outcome"] = func(b receipt.Body) { // a size below which nothing moves
			o := b.(*receipt.Outcome)
			o.Checkpoint.Size, o.Checkpoint.Root = 4, w.Log.Root(4)
		}
		l := w.Begin()
		w.Claim(l.Receipt, Other, l.Claim)
		w.Finish(l.Intent, Publisher)
		reorder(w, 0, 1, 2, 3, 6, 4, 5, 7)
	}},

	{"approver revoked from the approval's place on", Codes{"key-revoked"}, Codes{"key-revoked", "order-violation"}, func(w *World) {
		w.File.Persons[1].Keys[0].RevokedFrom = []log.Position{{Origin: Origin, Index: 1}}
		w.Live()
	}},
	{"approver's key retired before the receipt", Codes{"approval-missing"}, nil, func(w *World) {
		w.File.Persons[1].Keys[0].NotAfter = Start + 4
		w.Live()
	}},
	{"ledger revoked from the claim's place on", Codes{"key-revoked"}, Codes{"key-revoked", "order-violation"}, func(w *World) {
		w.File.Ledger[0].RevokedFrom = []log.Position{{Origin: Origin, Index: 4}}
		w.Live()
	}},
	{"publisher revoked before the outcome", Codes{"key-revoked"}, Codes{"key-revoked", "order-violation", "outcome-missing"}, func(w *World) {
		w.File.Publishers[0].RevokedFrom = []log.Position{{Origin: Origin, Index: 6}}
		w.Live()
	}},
	{"resolver revoked before the resolution", Codes{"key-revoked"}, nil, func(w *World) {
		w.File.Persons[1].Keys[0].RevokedFrom = []log.Position{{Origin: Origin, Index: 7}}
		Unknown(w)
		Resolve(w, w.Publish().Outcome, Alice)
	}},
	{"intent backdated under a retired key", Codes{"key-outside-validity"}, nil, func(w *World) {
		w.File.Publishers[0].NotAfter = Start + 5
		w.Edit["intent"] = func(b receipt.Body) { b.(*receipt.Intent).IssuedAt = Start }
		w.Begin()
	}},
}
