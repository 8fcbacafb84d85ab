package core_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

func rejection(a *receipt.Approval) { a.Verdict = receipt.Reject }

// stages are how far a publisher has come, and the step that it takes next.
var stages = []struct {
	name  string
	reach func(s *world.Run) func() error
	none  bool // there is no claim yet
}{
	{"before the claim", func(s *world.Run) func() error {
		return func() error { return errOf(s.Claim(0, "pub")) }
	}, true},
	{"before the intent", func(s *world.Run) func() error {
		c := got(s.Claim(0, "pub"))(s)
		return func() error { return errOf(s.Intend(0, "pub", c)) }
	}, false},
	{"before the execution", func(s *world.Run) func() error {
		got(s.Intend(0, "pub", got(s.Claim(0, "pub"))(s)))(s)
		return func() error { return errOf(s.Client("pub").Execute(context.Background(), s.Fence(0, 1))) }
	}, false},
	{"before the first attempt", func(s *world.Run) func() error {
		s.Execute(0, "pub")
		return func() error { return errOf(s.Client("pub").Attempt(context.Background(), s.Effect(0, 1))) }
	}, false},
	{"in the second epoch, before the first attempt", func(s *world.Run) func() error {
		s.Execute(0, "pub")
		got(s.Intend(0, "pub", got(s.Claim(0, "pub"))(s)))(s)
		return func() error { return errOf(s.Client("pub").Execute(context.Background(), s.Fence(0, 2))) }
	}, false},
}

// TestVetoStopsEachStep: a rejection stops the next step until the first attempt, and ends the claim.
// Control: a person whom the minimum does not list stops nothing.
func TestVetoStopsEachStep(t *testing.T) {
	t.Parallel()
	for _, c := range stages {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			s, control := w.Ready(), w.Ready()
			next, free := c.reach(s), c.reach(control)
			epoch := s.State(0).Epoch
			wantCode(t, errOf(control.VoteAs("mallory", rejection)), marketops.ApproverUnknown)
			recordVote(control, "mallory")
			must(t, free())
			veto := got(s.VoteAs("carol", rejection))(t)
			err := next()
			wantCode(t, err, marketops.RejectedByApprover)
			p, _ := api.ProblemOf(err)
			if p.State == "" || p.Next == "" {
				t.Errorf("people are told nothing more: %+v", p)
			}
			wantCode(t, errOf(s.Claim(0, "pub")), marketops.RejectedByApprover)
			state := s.State(0)
			if c.none {
				if state.State != api.StateNone {
					t.Errorf("%+v", state)
				}
				return
			}
			if state.State != api.StateClosed || state.Outcome != receipt.Rejected || state.Epoch != epoch+1 {
				t.Errorf("%+v", state)
			}
			for name, err := range map[string]error{"renew": errOf(w.Client("pub").Renew(context.Background(), s.Fence(0, epoch))), "check": answer(s, 0)} {
				if marketops.CodeOf(err) != marketops.RejectedByApprover {
					t.Errorf("%s: %v", name, err)
				}
			}
			out := s.EntryOf("outcome")
			rec := w.Proved(w.Tree(out.Position.Index), out)
			o := rec.Body.(*receipt.Outcome)
			if o.Code != marketops.RejectedByApprover || o.Status != receipt.Rejected || o.Epoch != epoch+1 || rec.By != w.Keys["ledger"].Public().ID() || out.Position.Index <= veto.Position.Index {
				t.Errorf("outcome %+v at %d, the rejection is at %d", o, out.Position.Index, veto.Position.Index)
			}
			if o.Intent != nil || len(o.Effects) != 0 {
				t.Errorf("the outcome says more than the ledger knows: %+v", o)
			}
			must(t, w.Core.Seal(context.Background(), s.ID))
			audited(w)
			if _, names := w.Records(s.ID); names[len(names)-1] != "run-closed" {
				t.Errorf("records %q", names)
			}
		})
	}
}

// recordVote has a rejection recorded that the trust file does not let the person give now, as an earlier one may have.
func recordVote(s *world.Run, by string) {
	s.Helper()
	vote := s.Vote(by, rejection)
	s.Freeze(vote)
	got(s.Core.Append(context.Background(), vote))(s)
}

// answer is what a check says of a veto, as an error.
func answer(s *world.Run, i int) error {
	checks, err := s.Client("pub").Check(context.Background(), s.Wanted(i, "pub"))
	if c := checks.Find(marketops.RejectedByApprover); err == nil && c.Status != marketops.Pass {
		return marketops.Refuse(c.Code, c.Detail)
	}
	return err
}

// audited demands that an audit of the whole log finds nothing wrong: what the Core admits, verifiers accept.
func audited(w *world.World) {
	w.Helper()
	w.Core.Sweep(context.Background())
	entries, _ := w.Records(w.NewRun().Submit().ID)
	w.Tree(entries[0].Position.Index)
	requireAudit(w, w.Core.Trust())
}

// TestVetoAfterAttempt: what was begun comes to its end.
func TestVetoAfterAttempt(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	ctx := context.Background()
	s.Execute(0, "pub")
	got(w.Client("pub").Attempt(ctx, s.Effect(0, 1)))(t)
	got(s.VoteAs("carol", rejection))(t)
	w.Core.Sweep(ctx)
	got(w.Client("pub").Attempt(ctx, s.Effect(0, 1)))(t)
	c := got(s.Claim(0, "pub"))(t)
	intent := got(s.Intend(0, "pub", c))(t)
	got(w.Client("pub").Execute(ctx, s.Fence(0, 2)))(t)
	got(w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 2, intent.Position, nil)))(t)
	if s.State(0).Outcome != receipt.Success {
		t.Errorf("%+v", s.State(0))
	}
}

// TestVetoBetweenOperations: the first operation is done when a person rejects; the second is not begun.
func TestVetoBetweenOperations(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready(world.TagOp("v7.0.0"), world.TagOp("v7.0.1"))
	s.Publish(0, "pub")
	recordVote(s, "bob") // the requester is in no group of the minimum
	must(t, answer(s, 1))
	got(s.VoteAs("dora", rejection))(t)
	wantCode(t, answer(s, 1), marketops.RejectedByApprover)
	wantCode(t, errOf(s.Claim(1, "pub")), marketops.RejectedByApprover)
	if s.State(0).Outcome != receipt.Success || s.State(1).State != api.StateNone {
		t.Errorf("%+v, %+v", s.State(0), s.State(1))
	}
}

// TestVetoByNewTrust: a rejection that counts only since the trust file changed stops the next step, and the
// sweep ends the claim.
func TestVetoByNewTrust(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s, tried := w.Ready(), w.Ready()
	for _, r := range []*world.Run{s, tried} {
		r.Execute(0, "pub")
	}
	got(w.Client("pub").Attempt(ctx, tried.Effect(0, 1)))(t)
	for _, r := range []*world.Run{s, tried} {
		recordVote(r, "mallory")
	}
	w.Core.Sweep(ctx)
	if s.State(0).State != api.StateExecuting {
		t.Fatalf("control: %+v", s.State(0))
	}
	w.Core.Quiet()
	w.WriteTrust(2, func(f *trust.File) {
		i := slices.IndexFunc(f.Persons, func(p trust.Person) bool { return p.ID == "mallory" })
		f.Persons[i].Groups = []string{"approvers"}
	})
	w.Core.ReloadChanged(ctx)
	wantCode(t, errOf(w.Client("pub").Attempt(ctx, s.Effect(0, 1))), marketops.RejectedByApprover)
	if s.State(0).State != api.StateExecuting {
		t.Errorf("a refused step ended the claim: %+v", s.State(0))
	}
	w.Core.Sweep(ctx)
	if c := s.State(0); c.Outcome != receipt.Rejected || c.State != api.StateClosed {
		t.Errorf("%+v", c)
	}
	if c := tried.State(0); c.State != api.StateExecuting {
		t.Errorf("after an attempt: %+v", c)
	}
}

// TestVetoCrash: a crash after the rejection was frozen leaves nothing half done, and claim, rejection and
// outcome get into the log in the order in which they became true.
func TestVetoCrash(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	crash(w, func() {
		s.ClaimUnlogged(0, "pub")
		s.VetoUnlogged("carol")
	})
	if c := s.State(0); c.State != api.StateClosed || c.Outcome != receipt.Rejected {
		t.Errorf("%+v", c)
	}
	audited(w)
	_, names := w.Records(s.ID)
	if want := []string{"submission", "approval", "receipt", "claim", "approval", "outcome", "run-closed"}; !slices.Equal(names, want) {
		t.Errorf("records %q, want %q", names, want)
	}
	wantCode(t, errOf(s.Claim(0, "pub")), marketops.RejectedByApprover)
}

// TestVetoUnloggedClaim: the same without a crash, for a claim whose append failed.
func TestVetoUnloggedClaim(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	w.Core.Quiet() // the sweep must not append what is left lying here
	s.ClaimUnlogged(0, "pub")
	got(s.VoteAs("carol", rejection))(t)
	_, names := w.Records(s.ID)
	if want := []string{"submission", "approval", "receipt", "claim", "approval", "outcome"}; !slices.Equal(names, want) {
		t.Errorf("records %q, want %q", names, want)
	}
	audited(w)
}

// TestVetoUnloggedIntent: an execution whose newest intent has no place in the log yet is ended all the same. The
// outcome then names no intent, for an older one would be the wrong one.
func TestVetoUnloggedIntent(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	s.Execute(0, "pub")
	second := got(s.Claim(0, "pub"))(t)
	w.Core.Quiet()
	s.Freeze(s.IntentOf(0, "pub", second))
	got(s.VoteAs("carol", rejection))(t)
	out := s.EntryOf("outcome")
	if o := w.Proved(w.Tree(out.Position.Index), out).Body.(*receipt.Outcome); o.Intent != nil || o.Epoch != 3 {
		t.Errorf("%+v", o)
	}
	_, names := w.Records(s.ID)
	if want := []string{"submission", "approval", "receipt", "claim", "intent", "claim", "intent", "approval", "outcome"}; !slices.Equal(names, want) {
		t.Errorf("records %q, want %q", names, want)
	}
	audited(w)
}

// TestVetoRace: a rejection and the first attempt come at one time. One of them is first, and the outcome says
// which.
func TestVetoRace(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.Options.Config.Limits.MaxReceiptsPerRepository = 1000
	w.Restart()
	for range 40 {
		s := w.Ready()
		s.Execute(0, "pub")
		vote, effect := s.Vote("carol", rejection).Envelope, s.Effect(0, 1)
		var attempted, voted error
		var both sync.WaitGroup
		both.Go(func() { _, attempted = w.Client("pub").Attempt(context.Background(), effect) })
		both.Go(func() { _, voted = w.Client("carol").Approve(context.Background(), vote) })
		both.Wait()
		must(t, voted)
		c := s.State(0)
		if began := c.Attempts[marketops.EffectTag] == 1; began != (attempted == nil) || began == (c.Outcome == receipt.Rejected) {
			t.Fatalf("attempt: %v; the claim is %+v", attempted, c)
		}
		if attempted != nil {
			wantCode(t, attempted, marketops.RejectedByApprover)
		}
		if c.State == api.StateExecuting { // let go of the tag
			s.DecideUnlogged("pub", 1, s.EntryOf("intent").Position, claims.Failed)
		}
	}
}

// TestUnreadableVote: a vote that cannot be read may be a veto, so nothing begins; what was begun is brought to an end.
func TestUnreadableVote(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s, tried := w.Ready(), w.Ready()
	tried.Execute(0, "pub")
	got(w.Client("pub").Attempt(ctx, tried.Effect(0, 1)))(t)
	for _, r := range []*world.Run{s, tried} {
		recordVote(r, "mallory")
	}
	w.WriteTrust(2, func(f *trust.File) {
		f.Persons = slices.DeleteFunc(f.Persons, func(p trust.Person) bool { return p.ID == "mallory" })
	})
	w.Core.Sweep(ctx)
	wantCode(t, errOf(s.Claim(0, "pub")), marketops.KeyUnknown)
	got(w.Client("pub").Attempt(ctx, tried.Effect(0, 1)))(t)
}
