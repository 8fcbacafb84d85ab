package logworld

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
)

// Attack is a run that bends one thing in the log itself, and the codes it must have: as a pack,
// and as a whole log where that sees something else.
type Attack struct {
	Name  string
	Pack  Codes
	Audit Codes // nil: the same
	Story func(*World)
}

// Codes are refusal codes in order of their names.
type Codes []marketops.Code

// Attacks are all of them.
var Attacks = slices.Concat(bindings, histories, repetitions, orders, versions, []Attack{
	{"receipt by a publisher's key", Codes{"key-unknown"}, Codes{"key-unknown", "order-violation"}, signed("receipt", Publisher)},
	{"receipt by the log's key", Codes{"key-unknown"}, Codes{"key-unknown", "order-violation"}, signed("receipt", LogKey)},
	{"receipt by a stranger (I3)", Codes{"key-unknown"}, Codes{"key-unknown", "order-violation"}, signed("receipt", Stranger)},
	{"approval by a stranger", Codes{"key-unknown"}, Codes{"key-unknown", "order-violation"}, signed("approval", Stranger)},
	{"claim by an authority", Codes{"key-unknown"}, Codes{"key-unknown", "order-violation"}, signed("claim", Authority)},
	{"intent by the ledger", Codes{"key-unknown"}, Codes{"key-unknown", "order-violation"}, signed("intent", Ledger)},
	{"seal by an authority", Codes{"key-unknown"}, nil, signed("run-closed", Authority)},
	{"submission by another person", Codes{"approval-missing", "key-unknown"}, nil, signed("submission", Dave)},

	{"receipt not enforceable", Codes{"not-enforceable"}, nil, edit("receipt", func(r *receipt.Receipt) { r.Enforceable = false })},
	{"receipt for a dry run", Codes{"not-enforceable"}, nil, edit("receipt", func(r *receipt.Receipt) { r.Mode = marketops.DryRun })},
	{"receipt of another kind", Codes{"approval-missing", "kind-mismatch", "operation-mismatch"}, nil, func(w *World) {
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).OperationKind = marketops.TagRepo }
		w.Edit["outcome"] = func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.OperationKind, o.Effects = marketops.TagRepo, o.Effects[:1]
		}
		w.Live()
	}},
	{"receipt for another repository of the same name", Codes{"approval-missing", "repository-mismatch"}, nil, edit("receipt", func(r *receipt.Receipt) { r.Target.RepositoryID = 43 })},
	{"receipt that lives too long", Codes{"lifetime-excessive"}, nil, edit("receipt", func(r *receipt.Receipt) { r.ExpiresAt = r.NotBefore + 86401 })},
	{"receipt longer than trust allows", Codes{"lifetime-excessive"}, nil, func(w *World) {
		w.File.MaxLifetime = 3600
		w.Live()
	}},
	{"receipt from the future", Codes{"not-yet-valid"}, nil, edit("receipt", func(r *receipt.Receipt) { r.NotBefore += 600 })},
	{"receipt claimed after it expired", Codes{"expired", "order-violation"}, nil, edit("claim", func(c *receipt.Claim) { c.IssuedAt += 7200 })},
	{"receipt claimed within the clocks' difference of its end", Codes{"expired", "order-violation"}, nil, edit("claim", func(c *receipt.Claim) { c.IssuedAt += 7150 })},
	{"receipt stale", Codes{"expired", "lifetime-excessive", "order-violation", "stale"}, nil, func(w *World) {
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt += 86400 }
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).IssuedAt += 2 * 86400 }
		w.Live()
	}},
	{"publisher outside the audience", Codes{"audience-mismatch"}, nil, edit("receipt", func(r *receipt.Receipt) { r.Audience = r.Audience[1:] })},
	{"receipt vouches for a foreign file", Codes{"operation-mismatch"}, nil, func(w *World) {
		sub := w.Submit()
		a, b := w.Vote(sub, Alice, "approve"), w.Vote(sub, Carol, "approve")
		w.Add(w.NewReceipt(0, sub, a, b), Authority, receipt.SubjectOf("evil.tar.gz", marketops.DigestOf([]byte("evil"))))
	}},
	{"one authority where two are demanded", Codes{"threshold-unmet"}, nil, func(w *World) {
		w.File.AuthorityRules[0].Threshold = 2
		w.Live()
	}},
	{"second authority after the claim", Codes{"threshold-unmet"}, nil, func(w *World) {
		w.File.AuthorityRules[0].Threshold = 2
		sub := w.Submit()
		a, b := w.Vote(sub, Alice, "approve"), w.Vote(sub, Carol, "approve")
		body := w.NewReceipt(0, sub, a, b)
		rec := w.Add(body, Authority, receipt.Files(&w.Ops[0])...)
		w.Claim(rec, Publisher)
		w.Add(body, Second, receipt.Files(&w.Ops[0])...)
	}},

	{"one approval where two are demanded", Codes{"approval-missing"}, nil, func(w *World) {
		sub := w.Submit()
		w.Authorize(0, sub, w.Vote(sub, Alice, "approve"))
	}},
	{"one person with two keys", Codes{"approval-missing", "duplicate-person"}, nil, func(w *World) {
		sub := w.Submit()
		w.Authorize(0, sub, w.Vote(sub, Alice, "approve"), w.Vote(sub, AliceToo, "approve"))
	}},
	{"requester approves", Codes{"approval-missing", "self-approval"}, nil, func(w *World) {
		w.File.Persons[0].Groups = []string{"release"}
		sub := w.Submit()
		w.Authorize(0, sub, w.Vote(sub, Alice, "approve"), w.Vote(sub, Bob, "approve"))
	}},
	{"veto before the receipt", Codes{"rejected-by-approver"}, nil, func(w *World) {
		sub := w.Submit()
		a, b := w.Vote(sub, Alice, "approve"), w.Vote(sub, Carol, "approve")
		w.Vote(sub, Dave, "reject")
		w.Authorize(0, sub, a, b)
	}},
	{"no floor for the target", Codes{"approval-missing"}, nil, func(w *World) {
		w.File.Approvals[0].Targets = []string{"github.com#1"}
		w.Live()
	}},
	{"approvals of another policy (E4, I5)", Codes{"approval-missing"}, nil, edit("approval", func(a *receipt.Approval) { a.Policy = marketops.DigestOf([]byte("looser")) })},
	{"approvals that expired", Codes{"approval-missing"}, nil, edit("approval", func(a *receipt.Approval) { a.NotBefore, a.ExpiresAt = 1, 2 })},
	{"approval of another submission (E3)", Codes{"approval-missing", "run-mismatch"}, nil, func(w *World) {
		one, two := w.Submit(), w.Submit()
		w.Authorize(0, two, w.Vote(one, Alice, "approve"), w.Vote(two, Carol, "approve"))
	}},
	{"approval serves two receipts", Codes{"approval-spent"}, nil, func(w *World) {
		l := w.Publish()
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},

	{"approval after the receipt", Codes{"order-violation", "receipt-unlogged"}, nil, func(w *World) {
		sub := w.Submit()
		a := w.Vote(sub, Alice, "approve")
		late := withheldVote(w, sub)
		w.Authorize(0, sub, a, late)
		w.Append(late.Record)
	}},
	{"submission after the receipt", Codes{"order-violation", "receipt-unlogged"}, nil, func(w *World) {
		l := w.Allow()
		reorder(w, 3, 0, 1, 2)
		_ = l
	}},
	{"claim before the receipt", Codes{"order-violation"}, nil, func(w *World) {
		w.Claim(w.Allow().Receipt, Publisher)
		reorder(w, 0, 1, 2, 4, 3)
	}},
	{"intent before the claim", Codes{"order-violation", "outcome-missing"}, nil, func(w *World) {
		w.Begin()
		reorder(w, 0, 1, 2, 3, 5, 4)
	}},
	{"outcome before the intent", Codes{"order-violation"}, nil, func(w *World) {
		w.Publish()
		reorder(w, 0, 1, 2, 3, 4, 6, 5)
	}},
	{"a request in the log", Codes{"order-violation"}, nil, func(w *World) {
		w.Live()
		h := w.Head()
		w.Add(&receipt.Request{Header: h, Method: "POST /v1/claim", Body: Policy, Core: "core.example", ExpiresAt: h.IssuedAt + 60}, Bob)
	}},
	{"an answer in the log", Codes{"order-violation"}, nil, func(w *World) {
		w.Live()
		w.Add(&receipt.Answer{Header: w.Head(), Request: Policy, Status: 200, Body: Policy}, Ledger)
	}},

	{"two claims for one epoch", Codes{"audience-mismatch", "receipt-reused"}, nil, func(w *World) {
		l := w.Begin()
		w.Claim(l.Receipt, Other)
		w.Finish(l.Intent, Publisher)
	}},
	{"a broken claim chain", Codes{"audience-mismatch", "receipt-reused"}, nil, func(w *World) {
		l := w.Begin()
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).Previous = &l.Receipt.Record.Digest }
		w.Claim(l.Receipt, Other, l.Claim)
		w.Finish(l.Intent, Publisher)
	}},
	{"an epoch is left out", Codes{"audience-mismatch", "receipt-reused"}, nil, func(w *World) {
		l := w.Begin()
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).Epoch = 3 }
		w.Claim(l.Receipt, Other, l.Claim)
		w.Finish(l.Intent, Publisher)
	}},
	{"claim of another operation", Codes{"operation-mismatch"}, nil, func(w *World) {
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).Operation = Policy }
		w.Claim(w.Allow().Receipt, Publisher)
	}},
	{"two receipts with one id", Codes{"approval-spent", "receipt-reused"}, nil, func(w *World) {
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).ReceiptID = marketops.NewReceiptID([16]byte{9}) }
		l := w.Allow()
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"two live receipts for one tag", Codes{"plan-mismatch"}, Codes{"operation-in-flight"}, func(w *World) {
		other := Release("v1.4.0")
		other.Release.Body = "Other notes"
		w.Ops = append(w.Ops, other)
		l := w.Allow()
		second := w.Authorize(1, l.Submission, l.First, l.Other)
		w.Claim(l.Receipt, Publisher)
		w.Claim(second, Other)
	}},
	{"one operation succeeds under two receipts", Codes{"receipt-reused"}, nil, func(w *World) {
		l := w.Publish()
		a, b := w.Vote(l.Submission, Alice, "approve"), w.Vote(l.Submission, Carol, "approve")
		again := w.Authorize(0, l.Submission, a, b)
		w.Finish(w.Announce(w.Claim(again, Publisher), Publisher), Publisher)
	}},

	{"intent by another publisher", Codes{"audience-mismatch"}, nil, func(w *World) {
		l := w.Allow()
		w.Finish(w.Announce(w.Claim(l.Receipt, Publisher), Other), Publisher)
	}},
	{"two intents for one epoch", Codes{"order-violation", "receipt-reused"}, nil, func(w *World) {
		l := w.Begin()
		w.Announce(l.Claim, Publisher)
		w.Finish(l.Intent, Publisher)
	}},
	{"intent of another epoch", Codes{"receipt-reused"}, nil, func(w *World) {
		w.Edit["intent"] = func(b receipt.Body) { b.(*receipt.Intent).Epoch = 2 }
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Epoch = 1 }
		w.Live()
	}},
	{"claim after the outcome", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Publish()
		w.Claim(l.Receipt, Other, l.Claim)
	}},

	{"outcome by another publisher", Codes{"audience-mismatch"}, nil, signed("outcome", Other)},
	{"success by the ledger", Codes{"key-unknown", "order-violation"}, nil, func(w *World) {
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Checkpoint = nil }
		w.Finish(w.Begin().Intent, Ledger)
	}},
	{"failed by the ledger", Codes{"key-unknown", "order-violation"}, nil, func(w *World) {
		w.Edit["outcome"] = func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Code, o.Checkpoint = "failed", marketops.GitHubDenied, nil
			setEffects(o, "absent")
		}
		w.Finish(w.Begin().Intent, Ledger)
	}},
	{"given up by the ledger too early", Codes{"key-unknown"}, nil, func(w *World) { giveUp(w, w.Begin()) }},
	{"rejected by the ledger for another reason", Codes{"key-unknown"}, nil, func(w *World) {
		reject(w, w.Begin(), Ledger, marketops.GitHubDenied)
	}},
	{"two outcomes", Codes{"receipt-reused"}, nil, func(w *World) {
		w.Finish(w.Publish().Intent, Publisher)
	}},
	{"outcome of another kind", Codes{"kind-mismatch", "operation-mismatch"}, nil, edit("outcome", func(o *receipt.Outcome) { o.OperationKind, o.Effects = marketops.TagRepo, o.Effects[:1] })},
	{"outcome names the claim as its intent", Codes{"order-violation"}, nil, edit("outcome", func(o *receipt.Outcome) { o.Intent.Index-- })},
	{"outcome names an intent of another log", Codes{"order-violation"}, nil, edit("outcome", func(o *receipt.Outcome) { o.Intent.Origin = "other.example.com" })},
	{"outcome saw a checkpoint without its intent", Codes{"order-violation"}, nil, func(w *World) {
		edit("outcome", func(o *receipt.Outcome) {
			o.Checkpoint.Size--
			o.Checkpoint.Root = w.Log.Root(uint64(o.Checkpoint.Size))
		})(w)
	}},
	{"outcome saw a checkpoint of the future", Codes{"order-violation"}, nil, edit("outcome", func(o *receipt.Outcome) { o.Checkpoint.Size += 9 })},
	{"outcome saw no checkpoint", Codes{"order-violation"}, nil, edit("outcome", func(o *receipt.Outcome) { o.Checkpoint = nil })},
	{"success after a revocation", Codes{"revoked"}, nil, func(w *World) {
		l := w.Begin()
		revoke(w, l.Receipt)
		w.Finish(l.Intent, Publisher)
	}},
	{"revocation after a success", Codes{"order-violation"}, nil, func(w *World) { revoke(w, w.Publish().Receipt) }},
	{"resolution of a success", Codes{"order-violation"}, nil, func(w *World) { Resolve(w, w.Publish().Outcome, Alice) }},
	{"resolution by somebody who may not", Codes{"key-unknown"}, nil, func(w *World) {
		Unknown(w)
		Resolve(w, w.Publish().Outcome, Bob)
	}},
	{"two resolutions", Codes{"order-violation"}, nil, func(w *World) {
		Unknown(w)
		l := w.Publish()
		Resolve(w, l.Outcome, Alice)
		Resolve(w, l.Outcome, Carol)
	}},
	{"resolution of another place", Codes{"order-violation"}, nil, func(w *World) {
		Unknown(w)
		l := w.Publish()
		w.Edit["resolution"] = func(b receipt.Body) { b.(*receipt.Resolution).Position.Index-- }
		Resolve(w, l.Outcome, Alice)
	}},
	{"no outcome", Codes{"outcome-missing"}, nil, func(w *World) { w.Begin() }},

	{"seal leaves a record out", Codes{"order-violation"}, nil, edit("run-closed", func(c *receipt.RunClosed) { c.Records = c.Records[1:] })},
	{"seal in another order", Codes{"order-violation"}, nil, edit("run-closed", func(c *receipt.RunClosed) { slices.Reverse(c.Records) })},
	{"seal dated before a claim by the same ledger", Codes{"order-violation"}, nil, edit("run-closed", func(c *receipt.RunClosed) { c.IssuedAt -= 5 })},
	{"intent dated before the receipt, and within a minute of the claim", Codes{"order-violation"}, nil, func(w *World) {
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).IssuedAt -= 40 }
		w.Edit["intent"] = func(b receipt.Body) { b.(*receipt.Intent).IssuedAt -= 80 }
		w.Live()
	}},
	{"seal counts wrongly", Codes{"order-violation"}, nil, edit("run-closed", func(c *receipt.RunClosed) { c.Counts[0].Count++ })},
	{"seal counts nothing", Codes{"order-violation"}, nil, edit("run-closed", func(c *receipt.RunClosed) { c.Counts = []receipt.Count{} })},
	{"seal names a record that is nowhere", Codes{"record-withheld"}, Codes{"order-violation"}, edit("run-closed", func(c *receipt.RunClosed) { c.Records = append(c.Records, Policy) })},
	{"second seal does not name the first", Codes{"order-violation"}, nil, func(w *World) {
		w.Live()
		w.Close()
	}},

	{"record of another run (cross-run)", Codes{"run-mismatch"}, Codes{}, func(w *World) {
		w.Live()
		w.Edit["refusal"] = func(b receipt.Body) { b.(*receipt.Refusal).RunID = string(marketops.NewRunID([16]byte{2})) }
		w.Refuse(marketops.Expired)
	}},
	{"plan of another run", Codes{"plan-mismatch"}, Codes{}, func(w *World) {
		w.Live()
		w.Plan = must(document.New("github.com").Encode())
	}},
	{"plan not canonical", Codes{"plan-mismatch"}, Codes{}, func(w *World) {
		w.Plan = append([]byte(" "), w.PlanBytes()...)
		w.Live()
	}},
	{"advisory in place of the receipt (D1)", Codes{"nothing-to-verify"}, Codes{}, func(w *World) {
		sub := w.Submit()
		h := w.Head()
		w.Add(&receipt.Advisory{Header: h, ReceiptID: marketops.NewReceiptID([16]byte{3}), RunID: w.Run, OperationKind: w.Ops[0].Kind, Operation: w.Digest(0),
			Plan: sub.Record.Body.(*receipt.Submission).Plan, Target: w.Ops[0].Target, Mode: marketops.Prod, Decision: "denied", Codes: []marketops.Code{}}, Advisory)
	}},
	{"refusals only", Codes{"nothing-to-verify"}, Codes{}, func(w *World) {
		w.Submit()
		w.Refuse(marketops.ReceiptMissing)
	}},

	{"authority revoked from the receipt's place on (I1)", Codes{"key-revoked"}, Codes{"key-revoked", "order-violation"}, func(w *World) {
		w.File.Authorities[0].RevokedFrom = []log.Position{{Origin: Origin, Index: 3}}
		w.Live()
	}},
	{"authority retired before (I2)", Codes{"key-outside-validity"}, Codes{"key-outside-validity", "order-violation"}, func(w *World) {
		w.File.Authorities[0].NotAfter = Start + 1
		w.Live()
	}},
	{"receipt backdated under a retired key", Codes{"key-outside-validity"}, Codes{"key-outside-validity", "order-violation"}, func(w *World) {
		w.File.Authorities[0].NotAfter = Start
		l := w.Publish()
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).IssuedAt = Start - 10 }
		w.Authorize(0, l.Submission, w.Vote(l.Submission, Alice, "approve"), w.Vote(l.Submission, Carol, "approve"))
	}},
	{"publisher's key not in use yet", Codes{"key-outside-validity"}, Codes{"key-outside-validity", "order-violation"}, func(w *World) {
		w.File.Publishers[0].NotBefore = Start + 1000
		w.Live()
	}},
	{"record dated after the cosignatures", Codes{"order-violation"}, nil, func(w *World) {
		Witness(w)
		w.Edit["run-closed"] = func(b receipt.Body) { b.(*receipt.RunClosed).IssuedAt += 600 }
		w.Live()
		w.Now += 600
	}},
	{"a checkpoint that trust.json knows otherwise (H1)", Codes{"split-view"}, nil, func(w *World) {
		w.Live()
		w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: Origin, Size: int64(w.Log.Size()), Root: log.Hash{1}}}
	}},
})

// withheldVote signs an approval by Carol and does not log it.
func withheldVote(w *World, sub Entry) Entry {
	s, h := sub.Record.Body.(*receipt.Submission), w.Head()
	rec, err := receipt.Seal(&receipt.Approval{Header: h, Verdict: "approve", RunID: s.RunID, Submission: sub.Record.Digest, Requester: s.Requester, Plan: s.Plan,
		Operations: s.Operations, Policy: Policy, NotBefore: h.IssuedAt, ExpiresAt: h.IssuedAt + 3600}, Carol)
	if err != nil {
		panic(err)
	}
	return Entry{Record: rec}
}

// reorder logs the same records in another order.
func reorder(w *World, order ...int) {
	old := w.Entries
	w.Entries, w.Log = nil, logtest.New(Origin, LogKey)
	for _, i := range order {
		w.Append(old[i].Record)
	}
}
