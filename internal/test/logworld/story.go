package logworld

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
)

// Policy is the digest of the policy in force.
var Policy = marketops.DigestOf([]byte("policy"))

// Refs names the operations of the run.
func (w *World) Refs() (out []receipt.OperationRef) {
	for n := range w.Ops {
		out = append(out, receipt.RefTo(&w.Ops[n], w.Digest(n)))
	}
	return out
}

// PlanBytes returns the plan of the run: [World.Plan] or, where that is nil, the one of its operations.
func (w *World) PlanBytes() []byte {
	if w.Plan != nil {
		return w.Plan
	}
	p := document.New(w.Ops[0].Target.Host)
	for n := range w.Ops {
		var after []int
		for _, i := range w.After[n] {
			after = append(after, i+1)
		}
		p.Add(&w.Ops[n], w.Digest(n), after...)
	}
	return must(canon.Encode(p)) // of operations that no plan may have, too
}

// Digest returns the digest of operation n.
func (w *World) Digest(n int) marketops.Digest {
	d, err := w.Ops[n].Digest()
	check(err)
	return d
}

// Submit lets Bob ask for everything.
func (w *World) Submit() Entry {
	h, p := w.Head(), marketops.DigestOf(w.PlanBytes())
	return w.Add(&receipt.Submission{Header: h, RunID: w.Run, Requester: "bob", Plan: p, Operations: w.Refs(),
		Findings: w.Evident(h, "no findings"), NotShipped: w.Evident(h, "nothing was left out")}, Bob)
}

// Vote lets a person approve or reject a submission.
func (w *World) Vote(sub Entry, by *crypto.PrivateKey, verdict receipt.Verdict) Entry {
	s := sub.Record.Body.(*receipt.Submission)
	h := w.Head()
	return w.Add(&receipt.Approval{Header: h, Verdict: verdict, RunID: s.RunID, Submission: sub.Record.Digest, Requester: s.Requester,
		Plan: s.Plan, Operations: s.Operations, Policy: Policy, NotBefore: h.IssuedAt, ExpiresAt: h.IssuedAt + 3600}, by)
}

// Authorize issues the receipt for operation n on these approvals.
func (w *World) Authorize(n int, sub Entry, votes ...Entry) Entry {
	return w.Add(w.NewReceipt(n, sub, votes...), Authority, receipt.Files(&w.Ops[n])...)
}

// NewReceipt returns the body of the receipt for operation n.
func (w *World) NewReceipt(n int, sub Entry, votes ...Entry) *receipt.Receipt {
	s, h := sub.Record.Body.(*receipt.Submission), w.Head()
	r := &receipt.Receipt{Header: h, ReceiptID: marketops.NewReceiptID([16]byte{byte(w.nonce), byte(w.nonce >> 8), byte(w.nonce >> 16)}), RunID: w.Run,
		OperationKind: w.Ops[n].Kind, Operation: w.Digest(n), Plan: s.Plan, Policy: Policy, Trust: w.InForce().Ref(),
		Target: w.Ops[n].Target, Audience: []crypto.KeyID{Publisher.Public().ID(), Other.Public().ID()}, Mode: marketops.Prod, Enforceable: true,
		NotBefore: h.IssuedAt, ExpiresAt: h.IssuedAt + 7200, Submission: sub.Record.Digest, Approvals: []marketops.Digest{}}
	for _, v := range votes {
		r.Approvals = append(r.Approvals, v.Record.Digest)
	}
	return r
}

// Claim spends a receipt, or takes over from an earlier claim of it.
func (w *World) Claim(rec Entry, by *crypto.PrivateKey, earlier ...Entry) Entry {
	r := rec.Record.Body.(*receipt.Receipt)
	c := &receipt.Claim{Header: w.Head(), RunID: r.RunID, ReceiptID: r.ReceiptID, Receipt: rec.Record.Digest, Operation: r.Operation,
		Publisher: by.Public().ID(), Epoch: int64(len(earlier)) + 1}
	if len(earlier) > 0 {
		c.Previous = &earlier[len(earlier)-1].Record.Digest
	}
	return w.Add(c, Ledger)
}

// Announce logs the intent of a claim.
func (w *World) Announce(claim Entry, by *crypto.PrivateKey) Entry {
	c := claim.Record.Body.(*receipt.Claim)
	return w.Add(&receipt.Intent{Header: w.Head(), RunID: c.RunID, ReceiptID: c.ReceiptID, Claim: claim.Record.Digest, Receipt: c.Receipt,
		Operation: c.Operation, Epoch: c.Epoch}, by)
}

// NewOutcome returns a successful outcome of an intent, under the checkpoint that holds it.
func (w *World) NewOutcome(intent Entry) *receipt.Outcome {
	n, h := intent.Record.Body.(*receipt.Intent), w.Head()
	size := w.Log.Size()
	op := w.Documents()(n.Operation)
	if op == nil { // of an operation that is not the run's
		op = &w.Ops[0]
	}
	out := &receipt.Outcome{Header: h, OperationID: n.Operation, RunID: n.RunID, ReceiptID: n.ReceiptID, Receipt: n.Receipt,
		OperationKind: op.Kind, Epoch: n.Epoch, Intent: &log.Position{Origin: Origin, Index: intent.Index}, Status: "success",
		Response: w.Evident(h, "201 Created"),
		GitHub:   []receipt.GitHubID{{Name: "release_id", Value: "77"}}, Checkpoint: &receipt.CheckpointRef{Origin: Origin, Size: int64(size), Root: w.Log.Root(size)}}
	for _, name := range op.Effects() {
		out.Effects = append(out.Effects, receipt.Effect{Name: name, State: receipt.EffectApplied, Attempts: 1})
	}
	return out
}

// Finish logs the outcome of an intent.
func (w *World) Finish(intent Entry, by *crypto.PrivateKey) Entry {
	o := w.NewOutcome(intent)
	return w.Add(o, by)
}

// Refuse logs a refusal by the publisher.
func (w *World) Refuse(code marketops.Code) Entry {
	h, op := w.Head(), w.Digest(0)
	return w.Add(&receipt.Refusal{Header: h, OperationID: op, RunID: string(w.Run), OperationKind: w.Ops[0].Kind, Request: op, Code: code,
		Checks: []receipt.CheckResult{{Code: code, Status: marketops.Fail}}, Evidence: w.Evident(h, "why")}, Publisher)
}

// Close seals the run.
func (w *World) Close(previous ...Entry) Entry {
	p := marketops.DigestOf(w.PlanBytes())
	c := &receipt.RunClosed{Header: w.Head(), RunID: w.Run, Plan: p, Records: []marketops.Digest{}}
	counts := map[receipt.Kind]int64{}
	for _, e := range w.Entries {
		if kind := e.Record.Body.Kind(); kind == receipt.KindRunClosed || kind == receipt.KindTrustAdopted {
			continue
		}
		counts[e.Record.Body.Kind()]++
		c.Records = append(c.Records, e.Record.Digest)
	}
	for kind, n := range counts {
		c.Counts = append(c.Counts, receipt.Count{Name: kind, Count: n})
	}
	slices.SortFunc(c.Counts, func(a, b receipt.Count) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	if len(previous) > 0 {
		c.Previous = &previous[0].Record.Digest
	}
	return w.Add(c, Ledger)
}

// Life is one whole life, in log order.
type Life struct{ Submission, First, Other, Receipt, Claim, Intent, Outcome Entry }

// Live plays the whole life of operation 0 and closes the run.
func (w *World) Live() Life {
	l := w.Publish()
	w.Close()
	return l
}

// Publish plays the whole life of operation 0.
func (w *World) Publish() (l Life) {
	l = w.Begin()
	l.Outcome = w.Finish(l.Intent, Publisher)
	return l
}

// Begin plays the life of operation 0 up to its intent.
func (w *World) Begin() (l Life) {
	l = w.Allow()
	l.Claim = w.Claim(l.Receipt, Publisher)
	l.Intent = w.Announce(l.Claim, Publisher)
	return l
}

// Allow plays the life of operation 0 up to its receipt.
func (w *World) Allow() (l Life) {
	l.Submission = w.Submit()
	l.First, l.Other = w.Vote(l.Submission, Alice, "approve"), w.Vote(l.Submission, Carol, "approve")
	l.Receipt = w.Authorize(0, l.Submission, l.First, l.Other)
	return l
}
