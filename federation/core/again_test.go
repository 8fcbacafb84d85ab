package core_test

import (
	"context"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// These tests are about several receipts for one operation, one after the other, on the same approvals.

// authorizeAgain demands another receipt on the same approvals.
func authorizeAgain(t *testing.T, s *world.Run) {
	t.Helper()
	before := s.Receipt(0)
	s.Authorize()
	after := s.Receipt(0)
	if after.ReceiptID == before.ReceiptID || len(after.Approvals) != 1 || after.Approvals[0] != before.Approvals[0] {
		t.Fatalf("%s on %v follows %s on %v", after.ReceiptID, after.Approvals, before.ReceiptID, before.Approvals)
	}
}

func denied(t *testing.T, s *world.Run, code marketops.Code) {
	t.Helper()
	if d := s.Decide(); d.Authorized || d.Decisions[0].Code != code {
		t.Errorf("authorized %t, code %s, %q, want %s", d.Authorized, d.Decisions[0].Code, d.Decisions[0].WhyNot, code)
	}
}

// waits demands that nothing is missing but the end of an earlier receipt.
func waits(t *testing.T, s *world.Run, code marketops.Code) {
	t.Helper()
	denied(t, s, code)
	if d := s.Decide().Decisions[0]; len(d.Missing) != 0 || len(d.WhyNot) != 1 {
		t.Errorf("%s: missing %q, why not %q", code, d.Missing, d.WhyNot)
	}
}

// ended hands in an outcome of operation 0 by pub, in its first epoch, with effects in these states.
func ended(t *testing.T, s *world.Run, intent api.Entry, status receipt.Status, code marketops.Code, states ...receipt.EffectState) {
	t.Helper()
	got(s.Client("pub").Outcome(context.Background(), s.OutcomeOf(0, "pub", 1, intent.Position, func(o *receipt.Outcome) {
		o.Status, o.Code = status, code
		for i, state := range states {
			o.Effects[i].State = state
		}
	})))(t)
}

// TestRefusedBeforeAttempt: what was refused before the first attempt uses up no approval.
func TestRefusedBeforeAttempt(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	_, intent := s.Execute(0, "pub")
	ended(t, s, intent, receipt.Rejected, marketops.GitHubDenied, receipt.EffectAbsent)
	if c := s.State(0); c.State != api.StateClosed || c.Outcome != receipt.Rejected {
		t.Fatalf("%+v", c)
	}
	authorizeAgain(t, s)
	s.Publish(0, "pub")
}

// TestFinishedUnderAnother: an operation whose receipt ended half-way is finished under the next one, which adopts
// what the first one made, and nothing else.
func TestFinishedUnderAnother(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.Ready(world.ReleaseOp("v1.0.0"))
	claimed, intent := s.Execute(0, "pub")
	got(w.Client("pub").Attempt(ctx, s.Effect(0, claimed.Claim.Epoch)))(t)
	ended(t, s, intent, receipt.Failed, marketops.Expired, receipt.EffectApplied, receipt.EffectAbsent)
	first := s.Receipts[0].Digest
	authorizeAgain(t, s)

	claimed, intent = s.Execute(0, "pub")
	want := api.Earlier{Effect: marketops.EffectTag, Receipt: first, There: true}
	if e := claimed.Claim.Earlier; len(e) != 1 || e[0] != want || len(claimed.Claim.Attempts) != 0 {
		t.Fatalf("%+v, want %+v", claimed.Claim, want)
	}
	outcome := func(change func(tag, release *receipt.Effect)) error {
		return errOf(w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 1, intent.Position, func(o *receipt.Outcome) {
			o.Effects[0] = receipt.Effect{Name: marketops.EffectTag, State: receipt.EffectAdopted, Earlier: &first}
			change(&o.Effects[0], &o.Effects[1])
		})))
	}
	wantCode(t, outcome(func(_, release *receipt.Effect) {
		*release = receipt.Effect{Name: marketops.EffectRelease, State: receipt.EffectAdopted, Earlier: &first}
	}), marketops.OperationMismatch)
	got(w.Client("pub").Attempt(ctx, api.Effect{Fence: s.Fence(0, 1), Effect: marketops.EffectRelease}))(t)
	own := s.Receipts[0].Digest
	wantCode(t, outcome(func(tag, release *receipt.Effect) { tag.Earlier, release.Attempts = &own, 1 }), marketops.OperationMismatch)
	must(t, outcome(func(_, release *receipt.Effect) { release.Attempts = 1 })) // the control
	s.Authorize()
	if s.Receipts[0].Digest != own {
		t.Error("the receipt of a success was not answered again")
	}
}

// taken is a GitHub on which every tag exists.
type taken struct{}

func (taken) Observe(context.Context, marketops.Operation) federation.Seen {
	return federation.Seen{Facts: policy.Observed{DefaultBranch: "main", CommitOnBranch: true}}
}

// TestOwnTagIsThere: a Core that observes lets an operation be finished whose tag is there because it made it. The control
// is a tag that nothing of this operation tried to make.
func TestOwnTagIsThere(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s, foreign := w.Ready(world.ReleaseOp("v1.0.0")), w.NewRun(world.ReleaseOp("v2.0.0")).Submit().Approve("alice")
	claimed, intent := s.Execute(0, "pub")
	got(w.Client("pub").Attempt(context.Background(), s.Effect(0, claimed.Claim.Epoch)))(t)
	ended(t, s, intent, receipt.Failed, marketops.Expired, receipt.EffectApplied, receipt.EffectAbsent)
	w.Stop()
	w.Options.Config.Observe, w.Options.Observer = config.ObserveGitHub, taken{}
	w.Start()
	authorizeAgain(t, s)
	denied(t, foreign, marketops.PlanStale)
}

// TestReplaced: a receipt that lapsed stays useless when the clock goes back after another one was issued.
func TestReplaced(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.Ready()
	w.Pass(w.Options.Config.ReceiptLifetime)
	old := *s
	authorizeAgain(t, s)
	w.Pass(-w.Options.Config.ReceiptLifetime)
	_, err := old.Claim(0, "pub")
	wantCode(t, err, marketops.Consumed)
	wantCode(t, errOf(w.Client("bob").Revoke(ctx, api.Revoke{Receipt: old.Receipt(0).ReceiptID, Reason: "no"})), marketops.Consumed)
	w.Pass(w.Options.Config.ReceiptLifetime)
	s.Publish(0, "pub") // the control
}

// TestAbsentSince: what the newest outcome calls absent is not adopted from an older one that made it. The newest
// is the one that was recorded last, also if the clock of another publisher dated the older one later.
func TestAbsentSince(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.Ready(world.ReleaseOp("v1.0.0"))
	tagTried := func() api.Entry {
		_, intent := s.Execute(0, "pub")
		got(w.Client("pub").Attempt(ctx, s.Effect(0, 1)))(t)
		return intent
	}
	first := s.Receipts[0].Digest
	intent := tagTried()
	got(w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 1, intent.Position, func(o *receipt.Outcome) {
		o.IssuedAt += 30
		o.Status, o.Code, o.Effects[1].State = receipt.Failed, marketops.Expired, receipt.EffectAbsent
	})))(t)
	authorizeAgain(t, s)
	ended(t, s, tagTried(), receipt.Failed, marketops.GitHubConflict, receipt.EffectAbsent, receipt.EffectAbsent)
	authorizeAgain(t, s)

	var claimed api.Claimed
	if claimed, intent = s.Execute(0, "pub"); len(claimed.Claim.Earlier) != 0 {
		t.Errorf("%+v", claimed.Claim.Earlier)
	}
	_, err := w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 1, intent.Position, func(o *receipt.Outcome) {
		o.Status, o.Code = receipt.Failed, marketops.Expired
		o.Effects[0] = receipt.Effect{Name: marketops.EffectTag, State: receipt.EffectAdopted, Earlier: &first}
		o.Effects[1].State = receipt.EffectAbsent
	}))
	wantCode(t, err, marketops.OperationMismatch)
	ended(t, s, intent, receipt.Rejected, marketops.GitHubConflict, receipt.EffectAbsent, receipt.EffectAbsent) // the control
}

// TestUsedUp: approvals serve no other receipt once the last effect is there, after a revocation, or while it is open
// how the receipt before ended.
func TestUsedUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	whole, unknown, open, revoked := w.Ready(world.ReleaseOp("v1.0.0")), w.Ready(world.TagOp("v1.1.0")), w.Ready(world.TagOp("v1.2.0")), w.Ready(world.TagOp("v1.3.0"))
	_, intent := whole.Try(0, "pub")
	ended(t, whole, intent, receipt.Failed, marketops.GitHubConflict, receipt.EffectAbsent, receipt.EffectApplied)
	denied(t, whole, marketops.ApprovalSpent)

	_, intent = unknown.Try(0, "pub")
	ended(t, unknown, intent, receipt.Unknown, marketops.OutcomeUnknown, receipt.EffectUnknown)
	waits(t, unknown, marketops.OutcomeUnknown)

	got(w.Client("bob").Revoke(ctx, api.Revoke{Receipt: revoked.Receipt(0).ReceiptID, Reason: "no"}))(t)
	denied(t, revoked, marketops.ApprovalSpent)
	revoked.Approve("alice").Authorize() // the control: a new approval

	open.Try(0, "pub")
	open.Authorize() // its receipt is answered as long as it lasts
	w.Pass(w.Options.Config.ReceiptLifetime)
	waits(t, open, marketops.OperationInFlight)
}
