package logworld

import (
	"maps"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// This file is about several receipts for one operation, one after the other, on the same approvals.

func init() { maps.Copy(Stories, repeated) }

// repeated are such runs as they may be.
var repeated = map[string]func(*World){
	"finished under another receipt": func(w *World) {
		l := w.Begin()
		w.end(l, half)
		w.end(w.again(l), adopt(l.Receipt, 1))
		w.Close()
	},
	"finished under a third receipt": func(w *World) {
		l := w.Begin()
		w.end(l, half)
		second := w.again(l)
		w.end(second, func(o *receipt.Outcome) {
			half(o)
			adopt(l.Receipt, 1)(o)
		})
		w.end(w.again(second), adopt(l.Receipt, 1))
	},
	"refused before any attempt, and published under another receipt": func(w *World) {
		l := w.Begin()
		w.end(l, untried)
		w.Finish(w.again(l).Intent, Publisher)
	},
	"lapsed, and published under another receipt": func(w *World) {
		lasting(w)
		l := w.Allow()
		w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt - 60
		w.Finish(w.again(l).Intent, Publisher)
	},
	"resolved as failed, and adopted under another receipt": func(w *World) {
		l := w.Begin()
		out := w.end(l, func(o *receipt.Outcome) {
			o.Status, o.Code = "unknown", marketops.OutcomeUnknown
			setEffects(o, "unknown")
		})
		w.Edit["resolution"] = func(b receipt.Body) { b.(*receipt.Resolution).Verdict = "failed" }
		Resolve(w, out, Alice)
		w.end(w.again(l), adopt(l.Receipt, 2))
	},
}

// repetitions are attacks on what approvals may serve, and on what an outcome may adopt.
var repetitions = []Attack{
	{"approvals serve another receipt while the first one lasts", Codes{"approval-spent"}, nil, func(w *World) {
		lasting(w)
		l := w.Allow()
		w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt - 70
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"approvals serve another receipt after a revocation", Codes{"approval-spent"}, nil, func(w *World) {
		l := w.Allow()
		revoke(w, l.Receipt)
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"approvals serve another receipt after the revocation of a claim", Codes{"approval-spent"}, nil, func(w *World) {
		l := w.Begin()
		revoke(w, l.Receipt)
		reject(w, l, Ledger, marketops.Revoked)
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"approvals serve another receipt after the last effect", Codes{"approval-spent"}, nil, func(w *World) {
		l := w.Begin()
		w.end(l, func(o *receipt.Outcome) {
			o.Status, o.Code, o.Effects[0].State = "failed", marketops.GitHubConflict, "absent"
		})
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"approvals serve another receipt after an unknown outcome", Codes{"approval-spent"}, nil, func(w *World) {
		l := w.Begin()
		w.end(l, func(o *receipt.Outcome) {
			o.Status, o.Code = "unknown", marketops.OutcomeUnknown
			setEffects(o, "unknown")
		})
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"approvals serve another receipt while the first one is claimed", Codes{"outcome-missing", "record-withheld"}, Codes{"approval-spent", "outcome-missing"}, func(w *World) {
		lasting(w)
		l := w.Begin()
		w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"adopts what was not tried", Codes{"operation-mismatch"}, nil, func(w *World) {
		l := w.Begin()
		w.end(l, half)
		w.end(w.again(l), adopt(l.Receipt, 2))
	}},
	{"adopts what was found absent", Codes{"operation-mismatch"}, nil, func(w *World) {
		l := w.Begin()
		w.end(l, func(o *receipt.Outcome) {
			o.Status, o.Code = "failed", marketops.GitHubDenied
			setEffects(o, "absent")
		})
		w.end(w.again(l), adopt(l.Receipt, 1))
	}},
	{"adopts what a newer outcome calls absent", Codes{"operation-mismatch"}, nil, func(w *World) {
		l := w.Begin()
		w.end(l, half)
		second := w.again(l)
		w.end(second, func(o *receipt.Outcome) {
			o.Status, o.Code = "failed", marketops.GitHubDenied
			setEffects(o, "absent")
		})
		w.end(w.again(second), adopt(l.Receipt, 1))
	}},
	{"adopts from its own receipt", Codes{"operation-mismatch"}, nil, func(w *World) {
		l := w.Begin()
		w.end(l, half)
		l = w.again(l)
		w.end(l, adopt(l.Receipt, 1))
	}},
	{"adopts from a receipt of another operation", Codes{"operation-mismatch"}, nil, func(w *World) {
		w.Ops = append(w.Ops, Release(w.Ops[0].Tag.Name+"-more"))
		l := w.Begin()
		w.end(l, half)
		second := Life{Submission: l.Submission, First: l.First, Other: l.Other, Receipt: w.Authorize(1, l.Submission, l.First, l.Other)}
		second = w.announce(second)
		w.end(second, adopt(l.Receipt, 1))
	}},
	{"adopts from a receipt that is not there", Codes{"record-withheld"}, Codes{"order-violation"}, func(w *World) {
		l := w.Begin()
		l.Receipt.Record = &receipt.Record{Digest: marketops.DigestOf([]byte("elsewhere"))}
		w.end(l, adopt(l.Receipt, 1))
	}},
	{"adopts from a receipt that is in use", Codes{"operation-in-flight", "outcome-missing", "record-withheld"}, Codes{"approval-spent", "operation-in-flight", "operation-mismatch", "outcome-missing"}, func(w *World) {
		l := w.Begin()
		w.end(w.again(l), adopt(l.Receipt, 1))
	}},
}

// lasting makes approvals that outlast a receipt.
func lasting(w *World) {
	w.Edit["approval"] = func(b receipt.Body) { b.(*receipt.Approval).ExpiresAt += 7200 }
}

// end logs what became of a receipt.
func (w *World) end(l Life, change func(*receipt.Outcome)) Entry {
	o := w.NewOutcome(l.Intent)
	change(o)
	return w.Add(o, Publisher)
}

// again issues another receipt on the same approvals, which is claimed and announced.
func (w *World) again(l Life) Life {
	l.Receipt = w.Authorize(0, l.Submission, l.First, l.Other)
	return w.announce(l)
}

func (w *World) announce(l Life) Life {
	l.Claim = w.Claim(l.Receipt, Publisher)
	l.Intent = w.Announce(l.Claim, Publisher)
	return l
}

// half: the receipt ended before the last effect.
func half(o *receipt.Outcome) {
	o.Status, o.Code = "failed", marketops.Expired
	o.Effects[len(o.Effects)-1] = receipt.Effect{Name: o.Effects[len(o.Effects)-1].Name, State: "absent"}
}

func untried(o *receipt.Outcome) {
	o.Status, o.Code = "rejected", marketops.GitHubDenied
	for i := range o.Effects {
		o.Effects[i].State, o.Effects[i].Attempts = "absent", 0
	}
}

// adopt: the first n effects are taken over from a receipt.
func adopt(from Entry, n int) func(*receipt.Outcome) {
	return func(o *receipt.Outcome) {
		for i := range n {
			o.Effects[i] = receipt.Effect{Name: o.Effects[i].Name, State: "adopted", Earlier: &from.Record.Digest}
		}
	}
}
