package logworld

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// histories are attacks on what may follow what: vetoes, revocations, dates, and what the ledger says.
var histories = []Attack{
	{"a publisher that rejects and names no intent, though it announced one", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Begin()
		w.Edit["outcome"] = func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Code, o.Effects, o.Intent, o.Checkpoint = "rejected", marketops.Expired, []receipt.Effect{}, nil, nil
		}
		w.Finish(l.Intent, Publisher)
	}},
	{"veto below the claim", Codes{"rejected-by-approver"}, nil, func(w *World) {
		l := w.Allow()
		w.Vote(l.Submission, Dave, "reject")
		w.Finish(w.Announce(w.Claim(l.Receipt, Publisher), Publisher), Publisher)
	}},
	{"veto between claim and intent", Codes{"rejected-by-approver"}, nil, func(w *World) {
		l := w.Allow()
		c := w.Claim(l.Receipt, Publisher)
		w.Vote(l.Submission, Dave, "reject")
		w.Finish(w.Announce(c, Publisher), Publisher)
	}},
	{"veto while the other operation is published", Codes{"rejected-by-approver"}, nil, func(w *World) {
		w.Ops = append(w.Ops, Release("v1.4.1"))
		l := w.Allow()
		second := w.Authorize(1, l.Submission, l.First, l.Other)
		n := w.Announce(w.Claim(l.Receipt, Publisher), Publisher)
		w.Vote(l.Submission, Dave, "reject")
		w.Finish(n, Publisher)
		w.Finish(w.Announce(w.Claim(second, Publisher), Publisher), Publisher)
	}},
	{"a rejection named as approval", Codes{"approval-missing"}, nil, func(w *World) {
		sub := w.Submit()
		w.Claim(w.Authorize(0, sub, w.Vote(sub, Alice, "approve"), w.Vote(sub, Carol, "approve"), w.Vote(sub, Bob, "reject")), Publisher)
	}},
	{"approval for another requester", Codes{"approval-missing"}, nil, edit("approval", func(a *receipt.Approval) { a.Requester = "dave" })},
	{"a second submission of the run", Codes{"run-mismatch"}, nil, func(w *World) {
		w.Live()
		w.Submit()
	}},
	{"authority's key ended before the claim", Codes{"key-outside-validity"}, nil, func(w *World) {
		w.File.Authorities[0].NotAfter = Start + 5
		w.Live()
	}},

	{"claim after the revocation", Codes{"revoked"}, nil, func(w *World) {
		l := w.Allow()
		revoke(w, l.Receipt)
		w.Claim(l.Receipt, Publisher)
	}},
	{"intent after the revocation", Codes{"outcome-missing", "revoked"}, nil, func(w *World) {
		l := w.Allow()
		c := w.Claim(l.Receipt, Publisher)
		revoke(w, l.Receipt)
		w.Announce(c, Publisher)
	}},
	{"revoked twice", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Allow()
		revoke(w, l.Receipt)
		revoke(w, l.Receipt)
	}},
	{"revoked after it was rejected", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Begin()
		w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt
		reject(w, l, Ledger, marketops.Expired)
		revoke(w, l.Receipt)
	}},
	{"revoked for a person who may not", Codes{"key-unknown"}, nil, func(w *World) {
		w.Edit["revocation"] = func(b receipt.Body) { b.(*receipt.Revocation).By = "bob" }
		revoke(w, w.Allow().Receipt)
	}},
	{"revoked for a person not listed", Codes{"key-unknown"}, nil, func(w *World) {
		w.Edit["revocation"] = func(b receipt.Body) { b.(*receipt.Revocation).By = "zoe" }
		revoke(w, w.Allow().Receipt)
	}},
	{"revocation of another run", Codes{"run-mismatch"}, nil, func(w *World) {
		w.Edit["revocation"] = func(b receipt.Body) { b.(*receipt.Revocation).RunID = foreign }
		revoke(w, w.Allow().Receipt)
	}},
	{"revocation under another id", Codes{"receipt-reused"}, nil, func(w *World) {
		w.Edit["revocation"] = func(b receipt.Body) {
			b.(*receipt.Revocation).ReceiptID = marketops.NewReceiptID([16]byte{9})
		}
		revoke(w, w.Allow().Receipt)
	}},
	{"revocation by a date before its receipt", Codes{"order-violation"}, nil, func(w *World) {
		w.Edit["revocation"] = func(b receipt.Body) { b.(*receipt.Revocation).IssuedAt = Start }
		revoke(w, w.Allow().Receipt)
	}},

	{"rejected as revoked without a revocation", Codes{"record-withheld"}, Codes{"key-unknown"}, func(w *World) { reject(w, w.Begin(), Ledger, marketops.Revoked) }},
	{"rejected for a veto that is not there", Codes{"record-withheld"}, Codes{"key-unknown"}, func(w *World) { reject(w, w.Begin(), Ledger, marketops.RejectedByApprover) }},
	{"rejected as expired two hours early", Codes{"order-violation"}, nil, func(w *World) { reject(w, w.Begin(), Ledger, marketops.Expired) }},
	{"ledger's outcome of an epoch too late", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Begin()
		revoke(w, l.Receipt)
		l.Intent.Record.Body.(*receipt.Intent).Epoch++ // what the outcome is made of
		reject(w, l, Ledger, marketops.Revoked)
	}},

	{"intent after the outcome, of an earlier epoch", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Allow()
		first := w.Claim(l.Receipt, Publisher)
		second := w.Claim(l.Receipt, Other, first)
		w.Finish(w.Announce(second, Other), Other)
		w.Announce(first, Publisher)
	}},
	{"intent of a claim that was overtaken", Codes{"outcome-missing", "receipt-reused"}, nil, func(w *World) {
		l := w.Allow()
		first := w.Claim(l.Receipt, Publisher)
		w.Claim(l.Receipt, Other, first)
		w.Announce(first, Publisher)
	}},
	{"outcome of an epoch that was overtaken", Codes{"audience-mismatch"}, nil, func(w *World) {
		l := w.Begin()
		w.Claim(l.Receipt, Other, l.Claim)
		w.Finish(l.Intent, Publisher)
	}},
	{"outcome that names an older intent", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Begin()
		second := w.Claim(l.Receipt, Other, l.Claim)
		w.Announce(second, Other)
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Epoch = 2 }
		w.Finish(l.Intent, Other)
	}},
	{"outcome of other effects", Codes{"operation-mismatch"}, nil, func(w *World) {
		w.Ops = []marketops.Operation{Pull("next")}
		w.Edit["outcome"] = func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Effects = append([]receipt.Effect{{Name: marketops.EffectBranch, State: "applied", Attempts: 1}}, o.Effects...)
		}
		w.Live()
	}},

	{"approval dated before the submission", Codes{"order-violation"}, nil, edit("approval", func(a *receipt.Approval) { a.IssuedAt = Start - 600 })},
	{"receipt dated before the submission", Codes{"approval-missing", "order-violation"}, nil, edit("receipt", func(r *receipt.Receipt) { r.IssuedAt, r.NotBefore = Start-600, Start-600 })},
	{"claim dated before the receipt", Codes{"not-yet-valid", "order-violation"}, nil, edit("claim", func(c *receipt.Claim) { c.IssuedAt = Start - 600 })},
	{"intent dated before the claim", Codes{"order-violation"}, nil, edit("intent", func(n *receipt.Intent) { n.IssuedAt = Start - 600 })},
	{"outcome dated before its own publisher's intent", Codes{"order-violation"}, nil, edit("outcome", func(o *receipt.Outcome) { o.IssuedAt -= 2 })},
	{"second claim dated before the first", Codes{"order-violation", "outcome-missing"}, nil, func(w *World) {
		l := w.Begin()
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).IssuedAt -= 10 }
		w.Claim(l.Receipt, Other, l.Claim)
	}},
	{"resolution dated before the outcome", Codes{"order-violation"}, nil, func(w *World) {
		Unknown(w)
		out := w.Publish().Outcome
		w.Edit["resolution"] = func(b receipt.Body) { b.(*receipt.Resolution).IssuedAt -= 600 }
		Resolve(w, out, Alice)
	}},
}

// lawful are histories as they may be.
var lawful = map[string]func(*World){
	"veto above the intent": func(w *World) {
		l := w.Begin()
		w.Vote(l.Submission, Dave, "reject")
		w.Finish(l.Intent, Publisher)
	},
	"veto of a person of no group": func(w *World) {
		l := w.Allow()
		w.Vote(l.Submission, Bob, "reject")
		w.Finish(w.Announce(w.Claim(l.Receipt, Publisher), Publisher), Publisher)
	},
	"rejected for a veto after the claim": func(w *World) {
		l := w.Allow()
		l.Claim = w.Claim(l.Receipt, Publisher)
		w.Vote(l.Submission, Dave, "reject")
		w.rejectClaim(l, marketops.RejectedByApprover)
	},
	"rejected for a veto after the intent": func(w *World) {
		l := w.Begin()
		w.Vote(l.Submission, Dave, "reject")
		w.rejectIntent(l, marketops.RejectedByApprover)
	},
	"rejected as expired": func(w *World) {
		l := w.Allow()
		l.Claim = w.Claim(l.Receipt, Publisher)
		w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt
		w.rejectClaim(l, marketops.Expired)
	},
	"rejected after its intent, before anything was tried": func(w *World) {
		l := w.Begin()
		revoke(w, l.Receipt)
		w.rejectIntent(l, marketops.Revoked)
	},
	"revoked before it was claimed": func(w *World) { revoke(w, w.Allow().Receipt) },
	"clocks that differ by a minute": func(w *World) {
		w.Edit["intent"] = func(b receipt.Body) { b.(*receipt.Intent).IssuedAt -= 60 }
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).IssuedAt -= 60 }
		w.Live()
	},
	"a pull request": func(w *World) {
		w.Ops = []marketops.Operation{Pull("next")}
		w.Live()
	},
	"packed after a key's end": func(w *World) {
		Witness(w)
		w.File.Publishers[0].NotAfter = Start + 40
		w.Live()
	},
}

// rejectClaim lets the ledger end a claim that has no intent.
func (w *World) rejectClaim(l Life, code marketops.Code) {
	c := l.Claim.Record.Body.(*receipt.Claim)
	w.Add(&receipt.Outcome{Header: w.Head(), OperationID: c.Operation, RunID: c.RunID, ReceiptID: c.ReceiptID, Receipt: c.Receipt,
		OperationKind: w.Ops[0].Kind, Epoch: c.Epoch + 1, Status: "rejected", Code: code, Effects: []receipt.Effect{}, GitHub: []receipt.GitHubID{}}, Ledger)
}

// rejectIntent lets the ledger end an execution of which nothing was tried.
func (w *World) rejectIntent(l Life, code marketops.Code) {
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code, o.Checkpoint, o.Epoch = "rejected", code, nil, o.Epoch+1
		for i := range o.Effects {
			o.Effects[i].State, o.Effects[i].Attempts = receipt.EffectAbsent, 0
		}
	}
	w.Finish(l.Intent, Ledger)
}

// Pull returns a pull request of octo-org/widgets from this branch.
func Pull(head string) marketops.Operation {
	op := marketops.NewOperation(marketops.OpenPR, Release("v1").Target)
	op.PullRequest = &marketops.PullRequest{Base: marketops.Ref{Branch: "main", SHA: "1111111111111111111111111111111111111111"},
		Head: marketops.Ref{Branch: head, SHA: "2222222222222222222222222222222222222222"}, Title: "Next"}
	return op
}
