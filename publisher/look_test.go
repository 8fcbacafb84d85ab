package publisher_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/receipt"
)

// unclaimed demands that a receipt is unused, that nothing was written to GitHub, and that the log is as long as before.
func (r *run) unclaimed(size uint64, writes int) {
	r.Helper()
	state, err := r.Client("pub").ClaimState(context.Background(), r.plan.Receipt(0).ReceiptID)
	if err != nil || state.State != "none" || r.published() != size || len(r.hub.Mutations()) != writes {
		r.Errorf("the claim is %+v, %v; %d leaves, want %d; %v", state, err, r.published(), size, r.hub.Mutations())
	}
}

// TestLookBeforeClaim: what is in the way on GitHub is a refusal before the claim, which uses up nothing. The control
// is the same receipt once it is out of the way.
func TestLookBeforeClaim(t *testing.T) {
	s := newStage(t)
	for name, c := range map[string]struct {
		spoil, repair func(op marketops.Operation)
		code          marketops.Code
	}{
		"tag": {
			func(op marketops.Operation) { s.ok(s.repo.SetRef("refs/tags/"+op.Tag.Name, s.commit)) },
			func(op marketops.Operation) { s.ok(s.repo.DeleteRef("refs/tags/" + op.Tag.Name)) }, marketops.GitHubConflict,
		},
		"archived": {
			func(marketops.Operation) { s.repo.Set(func(r *githubtest.RepoSpec) { r.Archived = true }) },
			func(marketops.Operation) { s.repo.Set(func(r *githubtest.RepoSpec) { r.Archived = false }) }, marketops.GitHubDenied,
		},
	} {
		op := s.tagOp()
		r := s.authorised(op, s.tagOp())
		dir, size, writes := r.folder(), s.published(), len(s.hub.Mutations())
		c.spoil(op)
		results, err := r.publish("pub", dir)
		var refused *marketops.Refusal
		if err != nil || results[0].Status != publisher.Refused || !errors.As(results[0].Err, &refused) || refused.Code != c.code || refused.State == "" || results[1].Status != publisher.NotAttempted {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
		r.unclaimed(size, writes)
		c.repair(op)
		if results, err = r.publish("pub", dir); err != nil || results[0].Status != receipt.Success || results[1].Status != receipt.Success {
			t.Errorf("%s, control: %+v, %v", name, results, err)
		}
		r.shipped(0)
	}
}

// TestLookUnreached: where no GitHub answers nothing is claimed either. What is not answered later the port reads again.
func TestLookUnreached(t *testing.T) {
	s := newStage(t)
	op := s.tagOp()
	r := s.authorised(op)
	dir, size := r.folder(), s.published()
	s.hub.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*", Action: githubtest.StatusBefore, Status: 502, Times: 50})
	results, err := r.publish("pub", dir)
	if err != nil || results[0].Status != publisher.Open || marketops.CodeOf(results[0].Err) != marketops.GitHubUnreachable {
		t.Errorf("%+v, %v", results[0], err)
	}
	r.unclaimed(size, 0)
	s.hub.ClearFaults()
	s.hub.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*/git/matching-refs/**", Action: githubtest.StatusBefore, Status: 502, Times: 4})
	if results, err = r.publish("pub", dir); err != nil || results[0].Status != receipt.Success || results[0].Looks.Passed() {
		t.Errorf("control: %+v, %v", results[0], err)
	}
	r.shipped(0)
	s.lawful()
}

// TestLookTooLate: a receipt that ends before the writes of its operation can is not claimed.
func TestLookTooLate(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	dir, size := r.folder(), s.published()
	p := r.sit("pub", dir)
	o := s.portOptions()
	o.Pacing.Limiter = slow{counted{used: &r.used}}
	port, err := github.New(o)
	s.ok(err)
	p.Port = port
	for mode, want := range map[marketops.Mode]receipt.Status{marketops.Prod: publisher.Refused, marketops.DryRun: publisher.Refused} {
		results, err := p.Run(context.Background(), mode, p.jobs)
		if err != nil || results[0].Status != want {
			t.Errorf("%s: %+v, %v", mode, results[0], err)
		}
		world.WantCode(t, results[0].Err, marketops.ReceiptTooShort)
	}
	p.leave()
	r.unclaimed(size, 0)
	if results, err := r.publish("pub", dir); err != nil || results[0].Status != receipt.Success {
		t.Errorf("control: %+v, %v", results[0], err)
	}
	r.shipped(0)
}

// slow is a limiter of a credential that has written much.
type slow struct{ counted }

func (slow) Takes(context.Context, time.Time, int) (time.Duration, error) {
	return 2*time.Hour - 30*time.Second, nil
}

// TestTrialRun: "would publish" is said only where all of GitHub was looked at and is as planned.
func TestTrialRun(t *testing.T) {
	s := newStage(t)
	taken := s.tagOp()
	s.ok(s.repo.SetRef("refs/tags/"+taken.Tag.Name, s.commit))
	reading := func(token string) publisher.SideEffectPort {
		o := s.portOptions()
		o.ReadOnly, o.Token = true, func(context.Context) (string, error) { return token, nil }
		return publisher.Null{Looks: must(github.New(o)).Look}
	}
	for name, c := range map[string]struct {
		op   marketops.Operation
		port publisher.SideEffectPort
		want receipt.Status
		code marketops.Code
	}{
		"control":             {s.tagOp(), reading(secret), publisher.WouldPublish, ""},
		"rights are not seen": {s.tagOp(), reading(readSecret), publisher.GatePassed, ""},
		"a bad token":         {s.tagOp(), reading("gho_nobody0123456789"), publisher.Refused, marketops.TokenMissing},
		"no look at all":      {s.tagOp(), publisher.Null{}, publisher.GatePassed, ""},
		"an empty look":       {s.tagOp(), publisher.Null{Looks: func(context.Context, marketops.Operation, []int64, time.Duration) publisher.Looks { return nil }}, publisher.GatePassed, ""},
		"the tag is taken":    {taken, reading(secret), publisher.Refused, marketops.GitHubConflict},
		"taken, and not seen": {taken, reading(readSecret), publisher.Refused, marketops.GitHubConflict},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.authorised(c.op)
			size := s.published()
			p := r.sit("pub", r.folder())
			p.Port = c.port
			results, err := p.Run(context.Background(), marketops.DryRun, p.jobs)
			p.leave()
			if err != nil || results[0].Status != c.want || marketops.CodeOf(results[0].Err) != c.code || (results[0].Err == nil) != (c.code == "") {
				t.Errorf("%+v, %v", results[0], err)
			}
			r.unclaimed(size, 0)
		})
	}
}

// TestLookContinues: what an earlier attempt under the receipt left on GitHub is in nothing's way: a trial run says that
// it did not look, publishing continues, and afterwards both say that it is published.
func TestLookContinues(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	dir := r.folder()
	p := r.sit("pub", dir)
	p.tracked(&track{at: point{"outcome", 1, true}, strike: cut})
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	if err != nil || results[0].Status != publisher.Open || len(s.visible(r.plan.Ops[0])) != 1 {
		t.Fatalf("%+v, %v", results[0], err)
	}
	p.leave()
	for _, want := range []receipt.Status{publisher.GatePassed, receipt.Success} {
		p = r.sit("pub", dir)
		if results, err = p.Run(context.Background(), marketops.DryRun, p.jobs); err != nil || results[0].Status != want || results[0].Err != nil {
			t.Errorf("%+v, %v; want %s", results[0], err, want)
		}
		p.leave()
		if results, err = r.publish("pub", dir); err != nil || results[0].Status != receipt.Success {
			t.Errorf("%+v, %v", results[0], err)
		}
	}
	r.shipped(0)
}
