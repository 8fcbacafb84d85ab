package publisher_test

import (
	"context"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// chain is an authorised run of three tags, the second after the first.
func (s *stage) chain() *run {
	s.Helper()
	return s.authorisedPlan(s.NewRun(s.tagOp(), s.tagOp(), s.tagOp()).After(1, 0))
}

func waits(results []publisher.Result) (out [][]int) {
	for _, r := range results {
		out = append(out, r.Waits)
	}
	return out
}

// TestAfter: a prerequisite is published first, and what comes after it once it has succeeded.
func TestAfter(t *testing.T) {
	s := newStage(t)
	r := s.chain()
	results := world.Got(r.publish("pub", r.folder()))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"success", "success", "success"}) {
		t.Fatalf("%q, %v", got, waits(results))
	}
	for i := range results {
		r.shipped(i)
		if results[i].Waits != nil {
			t.Errorf("operation %d waits for %v", i+1, results[i].Waits)
		}
	}
	s.lawful()
}

// TestAfterAlone: without its prerequisite an operation is refused before it is claimed, and nothing of it is sent.
func TestAfterAlone(t *testing.T) {
	s := newStage(t)
	r := s.chain()
	p := r.sit("pub", r.folder())
	defer p.leave()
	ctx := context.Background()
	for name, publish := range map[string]func(context.Context, marketops.Mode, []*publisher.Job) ([]publisher.Result, error){"Run": p.Run, "RunEach": p.RunEach} {
		for _, mode := range []marketops.Mode{marketops.DryRun, marketops.Prod} {
			res := world.Got(publish(ctx, mode, p.jobs[1:2]))(s)[0]
			if res.Status != publisher.Refused || marketops.CodeOf(res.Err) != marketops.PrerequisiteOpen {
				t.Errorf("%s in %s: %s: %v", name, mode, res.Status, res.Err)
			}
		}
	}
	if state := r.plan.State(1).State; state != "none" || r.used.Load() != 0 {
		t.Errorf("the receipt is %s after %d writes", state, r.used.Load())
	}
	if _, names := s.Records(r.plan.ID); slices.Contains(names, "claim") || !slices.Contains(names, "refusal") {
		t.Errorf("recorded: %v", names)
	}
	control := world.Got(p.Run(ctx, marketops.Prod, p.jobs[:1]))(s)
	control = append(control, world.Got(p.Run(ctx, marketops.Prod, p.jobs[1:2]))(s)...)
	if got := statuses(control); !slices.Equal(got, []receipt.Status{"success", "success"}) {
		t.Errorf("control: %q", got)
	}
}

// TestAfterFailure: what waits for an operation that failed is not attempted, and its receipt serves later.
func TestAfterFailure(t *testing.T) {
	s := newStage(t)
	s.hub.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/git/refs", Action: githubtest.StatusBefore, Status: 422, Message: "Repository rule violations found"})
	r := s.chain()
	p := r.sit("pub", r.folder())
	defer p.leave()
	ctx := context.Background()
	results := world.Got(p.RunEach(ctx, marketops.Prod, p.jobs))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"failed", "not-attempted", "success"}) || !slices.Equal(results[1].Waits, []int{1}) || results[1].Err != nil {
		t.Fatalf("%q, %v", got, waits(results))
	}
	if state := r.plan.State(1).State; state != "none" {
		t.Errorf("the receipt is %s", state)
	}
	results = world.Got(p.Run(ctx, marketops.Prod, p.jobs[:2]))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"failed", "not-attempted"}) || !slices.Equal(results[1].Waits, []int{1}) {
		t.Errorf("again: %q, %v", got, waits(results))
	}
	r.authorize()
	q := r.sit("pub", r.folder())
	defer q.leave()
	results = world.Got(q.Run(ctx, marketops.Prod, q.jobs[:2]))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"success", "success"}) {
		t.Errorf("under another receipt: %q: %v, %v", got, results[0].Err, results[1].Err)
	}
	s.lawful()
}

// TestAfterGatedAgain: what became of a receipt while it waited is found before it is claimed.
func TestAfterGatedAgain(t *testing.T) {
	s := newStage(t)
	r := s.chain()
	p := r.sit("pub", r.folder())
	defer p.leave()
	ctx := context.Background()
	p.tracked(&track{at: point{"outcome", 1, true}, strike: func() error {
		_, err := r.Client("bob").Revoke(ctx, api.Revoke{Receipt: r.plan.Receipt(1).ReceiptID, Reason: "wrong version"})
		return err
	}})
	results := world.Got(p.Run(ctx, marketops.Prod, p.jobs))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"success", "refused", "not-attempted"}) || marketops.CodeOf(results[1].Err) != marketops.Revoked {
		t.Errorf("%q: %v", got, results[1].Err)
	}
	if n := len(s.visible(r.plan.Ops[1])); n != 0 || results[1].Entry.Name != receipt.KindRefusal {
		t.Errorf("%d effects, and the refusal is recorded as %q", n, results[1].Entry.Name)
	}
}

// TestAfterInterruption: while its prerequisite is open an operation is not attempted; the same command finishes both.
func TestAfterInterruption(t *testing.T) {
	for _, at := range []string{"claim", "intent", "attempt", "outcome"} {
		t.Run(at, func(t *testing.T) {
			s := newStage(t)
			r := s.chain()
			dir := r.folder()
			p := r.sit("pub", dir)
			p.tracked(&track{at: point{at, 1, false}, strike: cut})
			results := world.Got(p.Run(context.Background(), marketops.Prod, p.jobs[:2]))(s)
			p.leave()
			if results[0].Status == receipt.Success || results[1].Status != publisher.NotAttempted || !slices.Equal(results[1].Waits, []int{1}) {
				t.Errorf("%q, %v", statuses(results), waits(results))
			}
			q := r.sit("pub", dir)
			defer q.leave()
			results = world.Got(q.Run(context.Background(), marketops.Prod, q.jobs[:2]))(s)
			if got := statuses(results); !slices.Equal(got, []receipt.Status{"success", "success"}) {
				t.Errorf("again: %q: %v, %v", got, results[0].Err, results[1].Err)
			}
			r.shipped(0)
			r.shipped(1)
		})
	}
}

// TestAfterInTrial: a trial run says what waits for what, and what would not be attempted.
func TestAfterInTrial(t *testing.T) {
	s := newStage(t)
	r := s.chain()
	p := r.sit("pub", r.folder())
	defer p.leave()
	ctx := context.Background()
	results := world.Got(p.Run(ctx, marketops.DryRun, p.jobs))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"would-publish", "would-publish", "would-publish"}) || !slices.Equal(results[1].Waits, []int{1}) || results[2].Waits != nil {
		t.Errorf("%q, %v", got, waits(results))
	}
	p.jobs[0].Receipts = nil
	for _, mode := range []marketops.Mode{marketops.DryRun, marketops.Prod} {
		results = world.Got(p.Run(ctx, mode, p.jobs))(s)
		if got := statuses(results[:2]); !slices.Equal(got, []receipt.Status{"refused", "not-attempted"}) || !slices.Equal(results[1].Waits, []int{1}) || results[1].Err != nil {
			t.Errorf("%s: %q, %v", mode, got, waits(results))
		}
	}
	if _, names := s.Records(r.plan.ID); slices.Contains(names, "claim") {
		t.Errorf("recorded: %v", names)
	}
}
