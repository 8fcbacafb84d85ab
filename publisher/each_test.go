package publisher_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

func statuses(results []publisher.Result) (out []receipt.Status) {
	for _, r := range results {
		out = append(out, r.Status)
	}
	return out
}

// TestRunEach: what is refused, fails or stays open does not stop the operations after it. The control is the same
// run by Run.
func TestRunEach(t *testing.T) {
	s := newStage(t)
	s.hub.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/git/refs", Action: githubtest.StatusBefore, Status: 422, Message: "Repository rule violations found"})
	r := s.authorised(s.tagOp(), s.tagOp(), s.tagOp(), s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	p.jobs[0].Receipts = nil
	lost := p.Core
	p.Core = failing{lost, r.plan.Receipt(2).ReceiptID}
	ctx := context.Background()
	control := world.Got(p.Run(ctx, marketops.Prod, p.jobs))(s)
	if got := statuses(control); !slices.Equal(got, []receipt.Status{"refused", "not-attempted", "not-attempted", "not-attempted"}) {
		t.Errorf("control: %q", got)
	}
	results := world.Got(p.RunEach(ctx, marketops.Prod, p.jobs))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"refused", "failed", "open", "success"}) {
		t.Fatalf("%q: %+v", got, results)
	}
	for i, res := range results {
		if res.Number != i+1 {
			t.Errorf("result %d is of operation %d", i+1, res.Number)
		}
	}
	world.WantCode(t, results[0].Err, marketops.ReceiptMissing)
	world.WantCode(t, results[1].Err, marketops.GitHubDenied)
	if n := len(s.visible(r.plan.Ops[0])) + len(s.visible(r.plan.Ops[1])); n != 0 {
		t.Errorf("%d effects of the refused and the failed one", n)
	}
	r.shipped(3)
	p.Core = lost
	results = world.Got(p.RunEach(ctx, marketops.Prod, p.jobs))(s)
	if got := statuses(results); !slices.Equal(got, []receipt.Status{"refused", "failed", "success", "success"}) || !results[3].Already {
		t.Errorf("again: %q", got)
	}
	s.lawful()
}

// failing is a Core that cannot be reached for the attempts of one receipt.
type failing struct {
	publisher.Core
	of marketops.ReceiptID
}

func (f failing) Attempt(ctx context.Context, e api.Effect) (api.Lease, error) {
	if e.Receipt == f.of {
		return api.Lease{}, errCut
	}
	return f.Core.Attempt(ctx, e)
}

// TestRunEachStops: an interrupt, a log that contradicts itself and a publisher that is not ready stop the rest, and
// nothing of it is claimed.
func TestRunEachStops(t *testing.T) {
	s := newStage(t)
	for name, c := range map[string]struct {
		strike func(*seat, func())
		want   receipt.Status // of the first
		is     error          // of the whole, or of an operation
	}{
		"an interrupt": {func(p *seat, interrupt func()) {
			p.tracked(&track{at: point{"attempt", 1, false}, strike: func() error { interrupt(); return nil }})
		}, "success", context.Canceled},
		"an interrupt before the claim": {func(p *seat, interrupt func()) {
			p.tracked(&track{at: point{"check", 1, false}, strike: func() error { interrupt(); return nil }})
		}, "not-attempted", context.Canceled},
		"a fork": {func(p *seat, _ func()) {
			p.tracked(&track{at: point{"covering", 1, false}, strike: func() error { return marketops.Refuse(marketops.SplitView, "two roots") }})
		}, "not-attempted", marketops.SplitView},
		"no credential": {func(p *seat, _ func()) {
			p.Ready = func(context.Context, time.Duration) error { return &marketops.Failure{Code: marketops.TokenMissing} }
		}, "not-attempted", marketops.TokenMissing},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.authorised(s.tagOp(), s.tagOp())
			p := r.sit("pub", r.folder())
			defer p.leave()
			ctx, interrupt := context.WithCancel(context.Background())
			defer interrupt()
			c.strike(p, interrupt)
			results, err := p.RunEach(ctx, marketops.Prod, p.jobs)
			if got := statuses(results); !slices.Equal(got, []receipt.Status{c.want, "not-attempted"}) {
				t.Errorf("%q: %+v, %v", got, results, err)
			}
			if all := errors.Join(err, results[0].Err, results[1].Err); !errors.Is(all, c.is) {
				t.Errorf("%v", all)
			}
			if st := r.plan.State(1).State; st != "none" {
				t.Errorf("the second is %s", st)
			}
		})
	}
}
