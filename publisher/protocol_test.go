package publisher_test

import (
	"context"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// TestWholeProtocol takes a tag and a release from S0 to S8 and then asks again.
func TestWholeProtocol(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp(), s.releaseOp())
	dir := r.folder()
	p := r.sit("pub", dir)
	w := &witness{Core: p.Core, stage: s, published: map[string]uint64{}}
	p.Core = w
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	p.leave()
	for i, res := range results {
		if res.Status != "success" || res.Err != nil || res.Already || res.URL == "" || res.Number != i+1 {
			t.Errorf("result %+v", res)
		}
		o := r.shipped(i)
		if len(o.Effects) != i+1 || o.RetryCount != 0 || o.Epoch != 1 || o.Code != "" || o.Response.IsZero() {
			t.Errorf("outcome %+v", o)
		}
		answer, err := s.Client("bob").Evidence(context.Background(), o.Response)
		if err != nil || o.Salted(answer) != o.Response {
			t.Errorf("the answer of GitHub is not kept: %v", err)
		}
		st := r.told(i)
		if !slices.Equal(st.names, []string{"claim", "intent", "outcome"}) {
			t.Errorf("leaves %q", st.names)
		}
		if res.Entry.Digest != st.entries[2].Digest {
			t.Error("the result names another outcome")
		}
		// Both positions were public before the door was opened, and nothing had been sent.
		if at := w.published[string(o.ReceiptID)]; at <= o.Intent.Index {
			t.Errorf("the door was opened when %d leaves were public; the intent is leaf %d", at, o.Intent.Index)
		}
		r.sawTheLog(o)
	}
	if w.writes[0] != 0 || s.asked.Load() == 0 {
		t.Errorf("%v writes before each door", w.writes)
	}
	if p.ready != len(results) || p.Outbox.Pending() != 0 {
		t.Errorf("ready asked %d times, %d records wait", p.ready, p.Outbox.Pending())
	}
	s.lawful()
	r.again(dir)
}

// again publishes once more, in a new process: nothing happens, and the leaves are named.
func (r *run) again(dir string) {
	r.Helper()
	before := len(r.hub.Requests())
	p := r.sit("pub", dir)
	defer p.leave()
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	r.ok(err)
	for i, res := range results {
		if res.Status != "success" || !res.Already || res.Entry.Digest != r.told(i).entries[2].Digest || res.Err != nil {
			r.Errorf("the second time: %+v", res)
		}
	}
	if n := len(r.hub.Requests()); n != before || p.ready != 0 {
		r.Errorf("the second time %d requests were sent and the credential was asked for %d times", n-before, p.ready)
	}
}

// sawTheLog demands that the root that an outcome quotes is the log's own at that size.
func (r *run) sawTheLog(o *receipt.Outcome) {
	r.Helper()
	now := r.Tree(uint64(o.Checkpoint.Size))
	then := &log.Checkpoint{Origin: world.Origin, Size: uint64(o.Checkpoint.Size), Root: o.Checkpoint.Root}
	hashes, err := now.Consistency(then)
	if err == nil {
		err = log.VerifyConsistency(then, now.Checkpoint(), hashes)
	}
	if err != nil {
		r.Errorf("the checkpoint that was seen is not the log's: %v", err)
	}
}

// witness notes what is public, and what was written to GitHub, when the door is about to be opened.
type witness struct {
	publisher.Core
	stage     *stage
	published map[string]uint64
	writes    []int
}

func (w *witness) Execute(ctx context.Context, f api.Fence) (api.Lease, error) {
	w.published[string(f.Receipt)] = w.stage.published()
	w.writes = append(w.writes, len(w.stage.hub.Mutations()))
	return w.Core.Execute(ctx, f)
}

// TestDryRun asks everything and does nothing.
func TestDryRun(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	size := s.published()
	results, err := p.Run(context.Background(), marketops.DryRun, p.jobs)
	s.ok(err)
	if results[0].Status != "would-publish" || results[0].Err != nil || len(results[0].Checks) != len(allCodes) {
		t.Errorf("%+v", results[0])
	}
	p.jobs[0].Measured = nil
	results, err = p.Run(context.Background(), marketops.DryRun, p.jobs)
	s.ok(err)
	if results[0].Status != "refused" {
		t.Errorf("%+v", results[0])
	}
	world.WantCode(t, results[0].Err, marketops.ContentMismatch)
	state, err := s.Client("pub").ClaimState(context.Background(), r.plan.Receipt(0).ReceiptID)
	s.ok(err)
	if state.State != "none" || s.published() != size || len(s.hub.Mutations()) != 0 || p.ready != 0 || p.Outbox.Pending() != 0 {
		t.Errorf("a dry run left traces: %+v", state)
	}
}

// TestFirstFailureStops: GitHub refuses the first operation; the second is not attempted and its
// receipt stays good.
func TestFirstFailureStops(t *testing.T) {
	s := newStage(t)
	taken := s.tagOp()
	r := s.authorised(taken, s.tagOp())
	dir := r.folder()
	p := r.sit("pub", dir)
	p.Port = &greedy{SideEffectPort: p.Port, stage: s, before: func() { s.ok(s.repo.SetRef("refs/tags/"+taken.Tag.Name, s.commit)) }}
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	p.leave()
	s.ok(err)
	if results[0].Status != "rejected" || results[1].Status != "not-attempted" {
		t.Fatalf("%+v", results)
	}
	world.WantCode(t, results[0].Err, marketops.GitHubConflict)
	o := r.outcome(0)
	if o.Status != "rejected" || o.Code != marketops.GitHubConflict || len(o.Effects) != 1 || o.Effects[0].State != "absent" {
		t.Errorf("outcome %+v", o)
	}
	text, err := s.Client("bob").Evidence(context.Background(), o.Error)
	if err != nil || o.Salted(text) != o.Error {
		t.Errorf("the error's text is not kept: %v", err)
	}
	if len(s.visible(taken)) != 0 {
		t.Error("something became visible")
	}
	// Again: the failure is reported and not repeated, and it still stops the rest.
	before := len(s.hub.Requests())
	results, err = r.publish("pub", dir)
	s.ok(err)
	if results[0].Status != "rejected" || !results[0].Already || results[1].Status != "not-attempted" || len(s.hub.Requests()) != before {
		t.Errorf("%+v", results)
	}
	world.WantCode(t, results[0].Err, marketops.GitHubConflict)
	state, err := s.Client("pub").ClaimState(context.Background(), r.plan.Receipt(1).ReceiptID)
	if err != nil || state.State != "none" {
		t.Errorf("%+v %v", state, err)
	}
	s.lawful()
}
