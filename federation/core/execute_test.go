package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

func TestIntentRefused(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s, other := w.Ready(), w.Ready()
	c, o := got(s.Claim(0, "pub"))(t), got(other.Claim(0, "pub"))(t)
	seal := func(by string, change func(*receipt.Intent)) []byte {
		i := s.IntentOf(0, "pub", c).Body.(*receipt.Intent)
		change(i)
		rec, err := receipt.Seal(i, w.Keys[by])
		must(t, err)
		return rec.Envelope
	}
	cases := []struct {
		name, by string
		code     marketops.Code
		envelope []byte
	}{
		{"claim of another receipt", "pub", marketops.OperationInFlight, seal("pub", func(i *receipt.Intent) { i.Claim = o.Entry.Digest })},
		{"epoch that was not granted", "pub", marketops.OperationInFlight, seal("pub", func(i *receipt.Intent) { i.Epoch = 2 })},
		{"another operation", "pub", marketops.OperationMismatch, seal("pub", func(i *receipt.Intent) { i.Operation = other.Digests[0] })},
		{"another run", "pub", marketops.RunMismatch, seal("pub", func(i *receipt.Intent) { i.RunID = other.ID })},
		{"not the owner", "pub2", marketops.OperationInFlight, seal("pub2", func(*receipt.Intent) {})},
		{"signed by another key than the call", "pub2", marketops.KeyUnknown, seal("pub", func(*receipt.Intent) {})},
		{"control", "pub", "", seal("pub", func(*receipt.Intent) {})},
		{"a second one", "pub", marketops.OperationInFlight, seal("pub", func(i *receipt.Intent) { i.Nonce = s.Head().Nonce })},
	}
	for _, c := range cases {
		if _, err := w.Client(c.by).Intent(context.Background(), c.envelope); marketops.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %q", c.name, err, c.code)
		}
	}
}

// TestDoor: no execution without an intent in the log, none twice, none after what was
// withdrawn since the claim. The sweep of a slow machine may have rejected an expired claim before.
func TestDoor(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("no intent", func(t *testing.T) {
		t.Parallel()
		w := world.New(t)
		s := w.Ready()
		c := got(s.Claim(0, "pub"))(t)
		_, err := w.Client("pub").Execute(ctx, s.Fence(0, 1))
		wantCode(t, err, marketops.ReceiptUnlogged)
		got(s.Intend(0, "pub", c))(t)
		_, err = w.Client("pub2").Execute(ctx, s.Fence(0, 1))
		wantCode(t, err, marketops.OperationInFlight)
		_, err = w.Client("pub").Attempt(ctx, s.Effect(0, 1))
		wantCode(t, err, marketops.OperationInFlight)
		got(w.Client("pub").Execute(ctx, s.Fence(0, 1)))(t)
		_, err = w.Client("pub").Execute(ctx, s.Fence(0, 1))
		wantCode(t, err, marketops.OperationInFlight)
	})
	withdrawn := []struct {
		name   string
		codes  []marketops.Code
		change func(*world.World, *world.Run)
	}{
		{"expired", []marketops.Code{marketops.Expired, marketops.OperationInFlight}, func(w *world.World, _ *world.Run) { w.Pass(w.Options.Config.ReceiptLifetime) }},
		{"revoked", []marketops.Code{marketops.Revoked}, func(w *world.World, s *world.Run) {
			got(w.Client("bob").Revoke(ctx, api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "stop"}))(w)
		}},
		{"publisher's key revoked", []marketops.Code{marketops.KeyRevoked}, func(w *world.World, _ *world.Run) {
			w.WriteTrust(2, func(f *trust.File) { f.Publishers[0].RevokedFrom = []log.Position{{Origin: world.Origin, Index: 0}} })
			w.Core.Sweep(ctx)
		}},
		{"authority's key revoked", []marketops.Code{marketops.KeyRevoked}, func(w *world.World, _ *world.Run) {
			w.WriteTrust(2, func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Origin: world.Origin, Index: 0}} })
			w.Core.Sweep(ctx)
		}},
	}
	for _, c := range withdrawn {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			s := w.Ready()
			claimed := got(s.Claim(0, "pub"))(t)
			got(s.Intend(0, "pub", claimed))(t)
			c.change(w, s)
			_, err := w.Client("pub").Execute(ctx, s.Fence(0, 1))
			if !slices.Contains(c.codes, marketops.CodeOf(err)) {
				t.Errorf("got %v, want one of %q", err, c.codes)
			}
			row, _, err := w.Ledger.Get(ctx, s.Receipt(0).ReceiptID)
			must(t, err)
			if row.State == claims.Executing {
				t.Error("the door was opened")
			}
		})
	}
}

// TestTakeover: the next epoch goes on, the old one is fenced out, and the new one learns that
// GitHub may have changed.
func TestTakeover(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	ctx := context.Background()
	first, intent1 := s.Execute(0, "pub")
	got(w.Client("pub").NoteDraft(ctx, api.Renewal{Fence: s.Fence(0, 1), Draft: 77}))(t)
	got(w.Client("pub").Attempt(ctx, s.Effect(0, 1)))(t)
	_, err := s.Claim(0, "pub2")
	wantCode(t, err, marketops.OperationInFlight)
	w.Pass(w.Options.Config.Lease + time.Second)
	second := got(s.Claim(0, "pub2"))(t)
	if !slices.Equal(second.Claim.Drafts, []int64{77}) {
		t.Errorf("who takes over is told of the drafts %v", second.Claim.Drafts)
	}
	if second.Claim.Epoch != 2 || second.Claim.State != "executing" || second.Claim.Attempts["tag"] != 1 || second.Claim.Owner != w.Keys["pub2"].Public().ID() {
		t.Fatalf("takeover %+v", second.Claim)
	}
	rec := w.Proved(w.Tree(second.Entry.Position.Index), second.Entry)
	if body := rec.Body.(*receipt.Claim); body.Previous == nil || *body.Previous != first.Entry.Digest || body.Epoch != 2 {
		t.Errorf("claim record %+v", body)
	}
	for name, err := range map[string]error{
		"renew":   errOf(w.Client("pub").Renew(ctx, s.Fence(0, 1))),
		"attempt": errOf(w.Client("pub").Attempt(ctx, s.Effect(0, 1))),
		"outcome": errOf(w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 1, intent1.Position, nil))),
	} {
		if marketops.CodeOf(err) != marketops.OperationInFlight {
			t.Errorf("%s under the old epoch: %v", name, err)
		}
	}
	_, err = w.Client("pub2").Execute(ctx, s.Fence(0, 2))
	wantCode(t, err, marketops.ReceiptUnlogged)
	intent2 := got(s.Intend(0, "pub2", second))(t)
	got(w.Client("pub2").Execute(ctx, s.Fence(0, 2)))(t)
	got(w.Client("pub2").Attempt(ctx, s.Effect(0, 2)))(t)
	_, err = w.Client("pub2").Outcome(ctx, s.OutcomeOf(0, "pub2", 2, intent1.Position, nil))
	wantCode(t, err, marketops.ReceiptUnlogged)
	got(w.Client("pub2").Outcome(ctx, s.OutcomeOf(0, "pub2", 2, intent2.Position, nil)))(t)
}

// TestAttempts: a publisher that takes over is told of an earlier epoch's visible effects as soon as one was
// counted, though its answer was lost.
func TestAttempts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.Ready()
	s.Execute(0, "pub")
	epoch := int64(1)
	attempt := func() {
		t.Helper()
		got(w.Client("pub").Attempt(ctx, s.Effect(0, epoch)))(t)
	}
	takeOver := func(want int64) {
		t.Helper()
		c := got(s.Claim(0, "pub"))(t)
		if epoch++; c.Claim.Epoch != epoch || c.Claim.Attempts["tag"] != want {
			t.Errorf("epoch %d, want %d; attempts %v, want %d", c.Claim.Epoch, epoch, c.Claim.Attempts, want)
		}
		got(s.Intend(0, "pub", c))(t)
		got(w.Client("pub").Execute(ctx, s.Fence(0, epoch)))(t)
	}
	takeOver(0) // the door was open, and nothing was begun
	takeOver(0)
	attempt()
	if c := got(w.Client("bob").ClaimState(ctx, s.Receipt(0).ReceiptID))(t); c.Attempts["tag"] != 1 {
		t.Errorf("its own attempt: %+v", c)
	}
	stale := s.Fence(0, epoch)
	takeOver(1)
	_, err := w.Client("pub").Attempt(ctx, api.Effect{Fence: stale, Effect: "tag"}) // control: an overtaken epoch begins nothing more
	wantCode(t, err, marketops.OperationInFlight)
	takeOver(1) // once is for ever
}

// TestComeBack: the same publisher gets its epoch again before it announced anything, and a
// new one at once after that.
func TestComeBack(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	first := got(s.Claim(0, "pub"))(t)
	again := got(s.Claim(0, "pub"))(t)
	if again.Claim.Epoch != 1 || again.Entry.Leaf != first.Entry.Leaf {
		t.Fatalf("the repeated claim is %+v", again.Claim)
	}
	got(s.Intend(0, "pub", first))(t)
	next := got(s.Claim(0, "pub"))(t)
	if next.Claim.Epoch != 2 || next.Claim.State != "claimed" || len(next.Claim.Attempts) != 0 {
		t.Fatalf("after the intent: %+v", next.Claim)
	}
	_, err := w.Client("pub").Execute(context.Background(), s.Fence(0, 1))
	wantCode(t, err, marketops.OperationInFlight)
	got(s.Intend(0, "pub", next))(t)
	got(w.Client("pub").Execute(context.Background(), s.Fence(0, 2)))(t)
}

func TestOutcomeRefused(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s, other := w.Ready(), w.Ready()
	ctx := context.Background()
	_, intent := s.Try(0, "pub")
	cases := []struct {
		name string
		code marketops.Code
		edit func(*receipt.Outcome)
	}{
		{"another run", marketops.RunMismatch, func(o *receipt.Outcome) { o.RunID = other.ID }},
		{"another operation", marketops.OperationMismatch, func(o *receipt.Outcome) { o.OperationID = other.Digests[0] }},
		{"another kind", marketops.KindMismatch, func(o *receipt.Outcome) { o.OperationKind, o.Effects[0].Name = marketops.OpenPR, "pull_request" }},
		{"another intent", marketops.ReceiptUnlogged, func(o *receipt.Outcome) { o.Intent = &log.Position{Origin: world.Origin, Index: 0} }},
		{"no checkpoint", marketops.ReceiptUnlogged, func(o *receipt.Outcome) { o.Checkpoint = nil }},
		{"rejected without its intent", marketops.OrderViolation, func(o *receipt.Outcome) {
			o.Status, o.Code, o.Intent, o.Effects, o.Checkpoint = "rejected", marketops.Expired, nil, nil, nil
		}},
		{"unknown code", marketops.RecordUnknown, func(o *receipt.Outcome) {
			o.Status, o.Code, o.Effects[0].State = "failed", "made-up", "absent"
		}},
		{"an attempt too many", marketops.OperationMismatch, func(o *receipt.Outcome) { o.Effects[0].Attempts++ }},
		{"evidence that is not named", marketops.PlanMismatch, func(o *receipt.Outcome) { o.Response = marketops.Digest{1} }},
	}
	for _, c := range cases {
		if _, err := w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 1, intent.Position, c.edit)); marketops.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	_, err := w.Client("pub2").Outcome(ctx, s.OutcomeOf(0, "pub2", 1, intent.Position, nil))
	wantCode(t, err, marketops.OperationInFlight)
	control := s.OutcomeOf(0, "pub", 1, intent.Position, nil)
	first := got(w.Client("pub").Outcome(ctx, control))(t)
	if again := got(w.Client("pub").Outcome(ctx, control))(t); again.Position != first.Position {
		t.Error("the same outcome again has another place")
	}
	late := s.OutcomeOf(0, "pub", 1, intent.Position, nil)
	_, err = w.Client("pub").Outcome(ctx, late)
	wantCode(t, err, marketops.Consumed)
	rec, err := receipt.Open(late.Envelope, w.Core.Trust().Ring())
	must(t, err)
	tree := w.Tree(got(other.Claim(0, "pub"))(t).Entry.Position.Index)
	must(t, tree.Entries(0, tree.Checkpoint().Size, func(at uint64, leaf []byte) error {
		if log.LeafHash(leaf) == rec.LeafHash() {
			t.Errorf("an outcome that was refused is leaf %d", at)
		}
		return nil
	}))
}

// TestRevoke: before the claim, after the claim, before the first attempt, and too late.
func TestRevoke(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	unspent, claimed, executing, late := w.Ready(), w.Ready(), w.Ready(), w.Ready()
	revoke := func(by string, s *world.Run) (api.Entry, error) {
		return w.Client(by).Revoke(ctx, api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "second thoughts"})
	}
	_, err := revoke("alice", unspent)
	wantCode(t, err, marketops.PolicyDenied)
	e := got(revoke("bob", unspent))(t)
	body := w.Proved(w.Tree(e.Position.Index), e).Body.(*receipt.Revocation)
	if text := got(w.Client("bob").Evidence(ctx, body.Reason))(t); string(text) != "second thoughts" || body.By != "bob" {
		t.Errorf("revocation %+v: %s", body, text)
	}
	_, err = revoke("bob", unspent)
	wantCode(t, err, marketops.Revoked)

	got(claimed.Claim(0, "pub"))(t)
	got(revoke("bob", claimed))(t)
	must(t, w.Core.Seal(ctx, claimed.ID))
	entries, names := w.Records(claimed.ID)
	if n := len(names); n < 3 || names[n-3] != "revocation" || names[n-2] != "outcome" || names[n-1] != "run-closed" {
		t.Fatalf("records %q", names)
	}
	o := w.Proved(w.Tree(entries[len(entries)-1].Position.Index), entries[len(entries)-2])
	if out := o.Body.(*receipt.Outcome); out.Status != "rejected" || out.Code != marketops.Revoked || out.Epoch != 2 || o.By != w.Keys["ledger"].Public().ID() {
		t.Errorf("outcome %+v", out)
	}

	executing.Execute(0, "pub")
	got(revoke("bob", executing))(t)
	_, err = w.Client("pub").Attempt(ctx, executing.Effect(0, 1))
	wantCode(t, err, marketops.Revoked)
	late.Try(0, "pub")
	_, err = revoke("bob", late)
	wantCode(t, err, marketops.OperationInFlight)
}

// TestRevokeUnloggedClaim: the claim that a revocation ends stands in the log before its outcome,
// also when it had not got there yet.
func TestRevokeUnloggedClaim(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, earlier := range []int64{1, 2} {
		w := world.New(t)
		s := w.Ready()
		w.Core.Quiet() // the sweep must not append what is left lying here
		for range earlier {
			s.ClaimUnlogged(0, "pub")
		}
		got(w.Client("bob").Revoke(ctx, api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "stop"}))(t)
		_, names := w.Records(s.ID)
		want := []string{"submission", "approval", "receipt", "revocation", "claim", "outcome"}
		if earlier == 2 {
			want = slices.Insert(want, 5, "claim")
		}
		if !slices.Equal(names, want) {
			t.Errorf("records %q, want %q", names, want)
		}
	}
}

// TestDecidedIsNotTakenOver: what is decided has nothing left for a publisher.
func TestDecidedIsNotTakenOver(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.Ready()
	_, intent := s.Try(0, "pub")
	outcome := got(receipt.Open(s.OutcomeOf(0, "pub", 1, intent.Position, nil).Envelope, w.Core.Trust().Ring()))(t)
	got(w.Ledger.Decide(ctx, s.Receipt(0).ReceiptID, 1, w.Keys["pub"].Public().ID(), claims.Success, recorder.Frozen(outcome)))(t)
	w.Pass(w.Options.Config.Lease + time.Second)
	for _, by := range []string{"pub", "pub2"} {
		_, err := s.Claim(0, by)
		wantCode(t, err, marketops.Consumed)
	}
	w.Core.Sweep(ctx)
	if c := got(w.Client("bob").ClaimState(ctx, s.Receipt(0).ReceiptID))(t); c.State != "closed" || c.Epoch != 1 {
		t.Errorf("%+v", c)
	}
}

// TestSettle: what nobody finishes is decided by the ledger, and an unknown by a person, once.
func TestSettle(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	claimed, untried, executing, done := w.Ready(), w.Ready(), w.Ready(), w.Ready()
	got(claimed.Claim(0, "pub"))(t)
	untried.Execute(0, "pub")
	executing.Try(0, "pub")
	done.Publish(0, "pub")
	w.Pass(w.Options.Config.ReceiptLifetime)
	w.Core.Sweep(ctx)
	state := func(s *world.Run) api.ClaimState {
		t.Helper()
		return got(w.Client("bob").ClaimState(ctx, s.Receipt(0).ReceiptID))(t)
	}
	if c := state(claimed); c.State != "closed" || c.Outcome != "rejected" {
		t.Errorf("claimed and expired: %+v", c)
	}
	if c := state(untried); c.State != "closed" || c.Outcome != "rejected" {
		t.Errorf("executing without an attempt, and expired: %+v", c)
	}
	if c := state(executing); c.State != "executing" {
		t.Errorf("executing and expired: %+v", c)
	}
	w.Pass(24 * time.Hour)
	w.Core.Sweep(ctx)
	if c := state(executing); c.State != "closed" || c.Outcome != "unknown" {
		t.Fatalf("executing, a day later: %+v", c)
	}
	entries, names := w.Records(executing.ID)
	if names[len(names)-1] != "run-closed" {
		t.Errorf("records %q", names)
	}
	outcome := entries[len(entries)-2]
	resolve := func(by string, change func(*receipt.Resolution)) error {
		head, reason := w.Head(), []byte("I looked: it is there")
		r := &receipt.Resolution{Header: head, RunID: executing.ID, ReceiptID: executing.Receipt(0).ReceiptID, Operation: executing.Digests[0], Outcome: outcome.Digest, Position: outcome.Position,
			Verdict: "success", Reason: head.Salted(reason)}
		change(r)
		rec, err := receipt.Seal(r, w.Keys[by])
		must(t, err)
		_, err = w.Client(by).Resolve(ctx, api.Decided{Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: head.Salted(reason), Text: reason}}})
		return err
	}
	wantCode(t, resolve("alice", func(*receipt.Resolution) {}), marketops.PolicyDenied)
	wantCode(t, resolve("bob", func(r *receipt.Resolution) { r.Position.Index++ }), marketops.OperationMismatch)
	wantCode(t, resolve("bob", func(r *receipt.Resolution) { r.RunID = done.ID }), marketops.RunMismatch)
	must(t, resolve("bob", func(*receipt.Resolution) {}))
	wantCode(t, resolve("bob", func(r *receipt.Resolution) { r.Verdict = "failed" }), marketops.Consumed)
	must(t, w.Core.Seal(ctx, executing.ID))
	if c := state(executing); c.Outcome != "success" {
		t.Errorf("resolved: %+v", c)
	}
	entries, _ = w.Records(executing.ID)
	closed := w.Proved(w.Tree(entries[len(entries)-1].Position.Index), entries[len(entries)-1]).Body.(*receipt.RunClosed)
	if closed.Previous == nil || len(closed.Records) != len(entries)-1 {
		t.Errorf("the later run-closed: %+v", closed)
	}
}

// TestOrphan: what was tried is decided at once when the publishers' keys are all gone.
func TestOrphan(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	s.Try(0, "pub")
	w.Core.Sweep(context.Background())
	w.WriteTrust(2, func(f *trust.File) {
		for i := range f.Publishers {
			f.Publishers[i].RevokedFrom = []log.Position{{Origin: world.Origin, Index: 1 << 20}}
		}
	})
	w.Core.Sweep(context.Background())
	if c := got(w.Client("bob").ClaimState(context.Background(), s.Receipt(0).ReceiptID))(t); c.Outcome != "unknown" {
		t.Errorf("%+v", c)
	}
}

func TestRefusalHandedIn(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	ctx := context.Background()
	refusal := func(by string, code marketops.Code) api.Decided {
		head, text := w.Head(), []byte("dist/a.tar.gz is another file")
		rec, err := receipt.Seal(&receipt.Refusal{Header: head, OperationID: s.Digests[0], RunID: string(s.ID), ReceiptID: string(s.Receipt(0).ReceiptID), OperationKind: marketops.TagRepo,
			Request: marketops.Digest{1}, Code: code, Checks: []receipt.CheckResult{{Code: code, Status: marketops.Fail}}, Evidence: head.Salted(text)},
			w.Keys[by])
		must(t, err)
		return api.Decided{Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: head.Salted(text), Text: text}}}
	}
	e := got(w.Client("pub").Refuse(ctx, refusal("pub", marketops.ContentMismatch)))(t)
	if body := w.Proved(w.Tree(e.Position.Index), e).Body.(*receipt.Refusal); body.Code != marketops.ContentMismatch {
		t.Errorf("%+v", body)
	}
	_, err := w.Client("pub").Refuse(ctx, refusal("pub", "made-up"))
	wantCode(t, err, marketops.RecordUnknown)
	_, err = w.Client("pub").Refuse(ctx, refusal("pub2", marketops.ContentMismatch))
	wantCode(t, err, marketops.KeyUnknown)
	for range core.RefusalsPerMinute {
		_, err = w.Client("pub").Refuse(ctx, refusal("pub", marketops.ContentMismatch))
	}
	wantCode(t, err, marketops.LimitReached)
	got(w.Client("pub2").Refuse(ctx, refusal("pub2", marketops.ContentMismatch)))(t)
	if got(w.Client("bob").ClaimState(ctx, s.Receipt(0).ReceiptID))(t).State != "none" {
		t.Error("a refusal spent the receipt")
	}
}
