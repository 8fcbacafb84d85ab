package core_test

import (
	"context"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// TestWholeLife publishes a tag and a release and reads everything back from the log.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready(world.TagOp("v3.0.0"), world.ReleaseOp("v3.0.1"))
	s.Publish(0, "pub")
	if _, names := w.Records(s.ID); slices.Contains(names, "run-closed") {
		t.Fatal("the run is sealed before its second operation")
	}
	last := s.Publish(1, "pub2")
	must(t, w.Core.Seal(context.Background(), s.ID))
	entries, names := w.Records(s.ID)
	want := []string{"submission", "approval", "receipt", "receipt", "claim", "intent", "outcome", "claim", "intent", "outcome", "run-closed"}
	if !slices.Equal(names, want) {
		t.Fatalf("records %q, want %q", names, want)
	}
	tree := w.Tree(entries[len(entries)-1].Position.Index)
	var digests []marketops.Digest
	for i, e := range entries {
		rec := w.Proved(tree, e)
		if i > 0 && e.Position.Index <= entries[i-1].Position.Index {
			t.Errorf("%s does not come after %s", e.Name, entries[i-1].Name)
		}
		if closed, ok := rec.Body.(*receipt.RunClosed); ok {
			if !slices.Equal(closed.Records, digests) || closed.Plan != s.PlanDigest() || closed.Previous != nil {
				t.Errorf("run-closed lists %v, want %v", closed.Records, digests)
			}
			if n := closed.Counts[slices.IndexFunc(closed.Counts, func(c receipt.Count) bool { return c.Name == "outcome" })].Count; n != 2 {
				t.Errorf("%d outcomes counted", n)
			}
		}
		digests = append(digests, e.Digest)
	}
	if !slices.Contains(digests, last.Digest) {
		t.Error("the last outcome is not in the run")
	}
	state, err := w.Client("bob").ClaimState(context.Background(), s.Receipt(1).ReceiptID)
	must(t, err)
	if state.State != api.State(claims.Closed) || state.Outcome != "success" || state.Epoch != 1 || state.Attempts["tag"] != 1 || len(state.Earlier) != 0 {
		t.Errorf("claim state %+v", state)
	}
	checkGate(s, 0)
}

// checkGate asks the gate's pure part about a receipt, with proofs from the log.
func checkGate(s *world.Run, i int) {
	w := s.World
	w.Helper()
	entries, _ := w.Records(s.ID)
	tree := w.Tree(entries[len(entries)-1].Position.Index)
	ev := gate.Evidence{Checkpoint: tree.Checkpoint()}
	for _, e := range entries {
		p, err := tree.Inclusion(e.Position.Index)
		must(w, err)
		l := receipt.LoggedEnvelope{Envelope: e.Envelope, Proof: p}
		switch e.Name {
		case "submission":
			ev.Submission = l
		case "approval":
			ev.Approvals = append(ev.Approvals, l)
		case "receipt":
			if e.Digest == s.Receipts[i].Digest {
				ev.Receipts = append(ev.Receipts, l)
			}
		}
	}
	content := []marketops.Digest{}
	if r := s.Ops[i].Release; r != nil {
		for _, a := range r.Assets {
			content = append(content, a.SHA256)
		}
	}
	ask := gate.Query{Mode: marketops.Prod, Run: s.ID, Op: s.Ops[i], Host: s.Ops[i].Target.Host, Content: content,
		Publisher: w.Keys["pub"].Public().ID(), Now: w.Now()}
	if rec, checks := gate.Check(ask, ev, w.Core.Trust()); rec == nil {
		c, _ := checks.FirstFailure()
		w.Errorf("the gate refuses: %+v", c)
	}
}

// TestReceiptSubjects: the operation document and each asset, for stock verifiers.
func TestReceiptSubjects(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready(world.ReleaseOp("v9.0.0"))
	subjects := s.Receipts[0].Subject
	if len(subjects) != 2 || subjects[0].Name != "operation.json" || subjects[0].Digest.SHA256 != s.Digests[0].Hex() ||
		subjects[1].Name != "a.tar.gz" || subjects[1].Digest.SHA256 != s.Ops[0].Release.Assets[0].SHA256.Hex() {
		t.Errorf("subjects %+v", subjects)
	}
	r := s.Receipt(0)
	audience := []string{string(w.Keys["pub"].Public().ID()), string(w.Keys["pub2"].Public().ID())}
	slices.Sort(audience)
	if len(r.Audience) != 2 || string(r.Audience[0]) != audience[0] || string(r.Audience[1]) != audience[1] {
		t.Errorf("audience %v", r.Audience)
	}
	if life := r.ExpiresAt - r.IssuedAt; life != marketops.Time(w.Options.Config.ReceiptLifetime.Seconds()) {
		t.Errorf("lifetime %d s", life)
	}
	checkGate(s, 0)
}

// TestAuthorizeTwice: the same receipts as long as they are good, and after they were spent.
func TestAuthorizeTwice(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	first := s.Receipts[0].Digest
	s.Authorize()
	if s.Receipts[0].Digest != first {
		t.Error("a second receipt was issued for the same approval")
	}
	s.Publish(0, "pub")
	s.Authorize()
	if s.Receipts[0].Digest != first {
		t.Error("a receipt was issued for an operation that was published")
	}
}
