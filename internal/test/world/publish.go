package world

import (
	"context"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
)

// Wanted is the claim that a publisher asks for.
func (r *Run) Wanted(i int, by string) api.ClaimWanted {
	body := r.Receipt(i)
	return api.ClaimWanted{Receipt: body.ReceiptID, Run: body.RunID, Operation: body.Operation, Publisher: r.Keys[by].Public().ID(), Trust: r.File.Version}
}

// Claim asks for the receipt of operation i.
func (r *Run) Claim(i int, by string) (api.Claimed, error) {
	return r.Client(by).Claim(context.Background(), r.Wanted(i, by))
}

// IntentOf is the intent under a claim.
func (r *Run) IntentOf(i int, by string, c api.Claimed) *receipt.Record {
	r.Helper()
	body := r.Receipt(i)
	return Got(receipt.Seal(&receipt.Intent{Header: r.Head(), RunID: body.RunID, ReceiptID: body.ReceiptID, Claim: c.Entry.Digest, Receipt: r.Receipts[i].Digest,
		Operation: body.Operation, Epoch: c.Claim.Epoch}, r.Keys[by]))(r)
}

// Intend hands in that intent.
func (r *Run) Intend(i int, by string, c api.Claimed) (api.Entry, error) {
	r.Helper()
	return r.Client(by).Intent(context.Background(), r.IntentOf(i, by, c).Envelope)
}

// Fence names an epoch.
func (r *Run) Fence(i int, epoch int64) api.Fence {
	return api.Fence{Receipt: r.Receipt(i).ReceiptID, Epoch: epoch}
}

// Effect names the tag of operation i as an effect that is about to be tried.
func (r *Run) Effect(i int, epoch int64) api.Effect {
	return api.Effect{Fence: r.Fence(i, epoch), Effect: marketops.EffectTag}
}

// Effects are those of operation i in one state, with the attempts that the ledger counted.
func (r *Run) Effects(i int, state receipt.EffectState) (out []receipt.Effect) {
	r.Helper()
	counts := r.State(i).Attempts
	for _, name := range r.Ops[i].Effects() {
		out = append(out, receipt.Effect{Name: name, State: state, Attempts: counts[name]})
	}
	return out
}

// OutcomeOf is an outcome with its evidence, success unless change says otherwise.
func (r *Run) OutcomeOf(i int, by string, epoch int64, intent log.Position, change func(*receipt.Outcome)) api.Decided {
	r.Helper()
	body, head := r.Receipt(i), r.Head()
	answer := []byte(`{"status":201}`)
	o := &receipt.Outcome{Header: head, OperationID: body.Operation, RunID: body.RunID, ReceiptID: body.ReceiptID, Receipt: r.Receipts[i].Digest,
		OperationKind: body.OperationKind, Epoch: epoch, Intent: &intent, Status: receipt.Success, Effects: r.Effects(i, receipt.EffectApplied),
		Response: head.Salted(answer), GitHub: []receipt.GitHubID{{Name: "tag", Value: "1"}}, Checkpoint: &receipt.CheckpointRef{Origin: Origin, Size: int64(intent.Index) + 1, Root: log.Hash{1}}}
	if change != nil {
		change(o)
	}
	rec := Got(receipt.Seal(o, r.Keys[by]))(r)
	return api.Decided{Epoch: epoch, Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: head.Salted(answer), Text: answer}}}
}

// Execute claims operation i, announces it and is allowed to change GitHub; it returns claim and intent.
func (r *Run) Execute(i int, by string) (api.Claimed, api.Entry) {
	r.Helper()
	c := Got(r.Claim(i, by))(r)
	e := Got(r.Intend(i, by, c))(r)
	Got(r.Client(by).Execute(context.Background(), r.Fence(i, c.Claim.Epoch)))(r)
	return c, e
}

// Try is Execute, and counts an attempt for each effect.
func (r *Run) Try(i int, by string) (api.Claimed, api.Entry) {
	r.Helper()
	c, e := r.Execute(i, by)
	r.Attempt(i, by, c.Claim.Epoch)
	return c, e
}

// Attempt counts an attempt for each effect of operation i.
func (r *Run) Attempt(i int, by string, epoch int64) {
	r.Helper()
	for _, name := range r.Ops[i].Effects() {
		Got(r.Client(by).Attempt(context.Background(), api.Effect{Fence: r.Fence(i, epoch), Effect: name}))(r)
	}
}

// Publish takes operation i all the way. Nothing is sent to a GitHub; the outcome stands for it.
func (r *Run) Publish(i int, by string) api.Entry {
	r.Helper()
	c, e := r.Execute(i, by)
	ctx := context.Background()
	Got(r.Client(by).Renew(ctx, r.Fence(i, c.Claim.Epoch)))(r)
	r.Attempt(i, by, c.Claim.Epoch)
	return Got(r.Client(by).Outcome(ctx, r.OutcomeOf(i, by, c.Claim.Epoch, e.Position, nil)))(r)
}

// State is what has become of the receipt for operation i.
func (r *Run) State(i int) api.ClaimState {
	r.Helper()
	return Got(r.Client("bob").ClaimState(context.Background(), r.Receipt(i).ReceiptID))(r)
}

// Records returns a run's records in log order, and their names.
func (w *World) Records(run marketops.RunID) ([]api.Entry, []string) {
	w.Helper()
	r := Got(w.Client("bob").Records(context.Background(), run))(w)
	var names []string
	for _, e := range r.Entries {
		names = append(names, string(e.Name))
	}
	return r.Entries, names
}

// EntryOf returns the first record of a kind.
func (r *Run) EntryOf(name string) api.Entry {
	r.Helper()
	entries, names := r.Records(r.ID)
	return entries[slices.Index(names, name)]
}

// Tree is the log as a reader with only the trust file sees it, once index is published.
func (w *World) Tree(index uint64) *log.Tree {
	w.Helper()
	return Got(view.New(w.Client(""), w.Trust.Log(), w.TempDir()).Covering(context.Background(), index))(w)
}

// Proved asserts that a position holds the leaf of this very envelope, and that the record
// store hands the envelope out under it.
func (w *World) Proved(tree *log.Tree, e api.Entry) *receipt.Record {
	w.Helper()
	rec := Got(receipt.Open(e.Envelope, w.Core.Trust().Ring()))(w)
	leaf := Got(tree.LeafHash(e.Position.Index))(w)
	if leaf != rec.LeafHash() || leaf != e.Leaf || rec.Digest != e.Digest || e.Position.Origin != Origin {
		w.Fatalf("%s at %d is not the record that was answered", e.Name, e.Position.Index)
	}
	stored := Got(w.Client("").ReadFile("records/" + log.RecordPath(leaf)))(w)
	if string(stored) != string(e.Envelope) {
		w.Fatalf("the record store holds another %s", e.Name)
	}
	return rec
}
