package publisher_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// order notes which records are handed over, and can answer in the Core's place.
type order struct {
	publisher.Core
	calls  []string
	refuse error // of Refuse and Outcome; nil asks the Core
}

func (o *order) Check(ctx context.Context, w api.ClaimWanted) (marketops.Checks, error) {
	o.calls = append(o.calls, "check")
	return o.Core.Check(ctx, w)
}

func (o *order) Claim(ctx context.Context, w api.ClaimWanted) (api.Claimed, error) {
	o.calls = append(o.calls, "claim")
	return o.Core.Claim(ctx, w)
}

func (o *order) Refuse(ctx context.Context, d api.Decided) (api.Entry, error) {
	o.calls = append(o.calls, "refuse")
	if o.refuse != nil {
		return api.Entry{}, o.refuse
	}
	return o.Core.Refuse(ctx, d)
}

func (o *order) Outcome(ctx context.Context, d api.Decided) (api.Entry, error) {
	o.calls = append(o.calls, "outcome")
	if o.refuse != nil {
		return api.Entry{}, o.refuse
	}
	return o.Core.Outcome(ctx, d)
}

func files(t *testing.T, o publisher.Outbox) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(o.Dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestOutboxRefusal: the Core goes away between the gate's answers and the refusal's record. It
// waits, signed, and is the first thing handed over when the Core is back.
func TestOutboxRefusal(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	dir := r.folder()
	p := r.sit("pub", dir)
	p.jobs[0].Measured = nil
	g, err := p.Gate(context.Background(), marketops.Prod, p.jobs[0])
	s.ok(err)
	s.Stop()
	if entry, err := p.Refuse(context.Background(), g); marketops.CodeOf(err) != marketops.CoreUnreachable || len(entry.Envelope) != 0 {
		t.Fatalf("%+v, %v", entry, err)
	}
	names := files(t, p.Outbox)
	if p.Outbox.Pending() != 1 || len(names) != 1 || !strings.HasPrefix(names[0], "refusal-") {
		t.Fatalf("outbox %q", names)
	}
	p.leave()
	s.Pass(2e9) // requests signed before the Core's own start are not taken
	s.Start()

	p = r.sit("pub", dir)
	defer p.leave()
	o := &order{Core: p.Core}
	p.Core = o
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if !slices.Equal(o.calls, []string{"refuse", "check", "claim", "outcome"}) || results[0].Status != "success" {
		t.Errorf("%q, %+v", o.calls, results[0])
	}
	st := r.told(0)
	if !slices.Equal(st.names, []string{"refusal", "claim", "intent", "outcome"}) {
		t.Errorf("leaves %q", st.names)
	}
	if b := st.refusals[0].Body.(*receipt.Refusal); b.Code != marketops.ContentMismatch || !strings.Contains(names[0], st.refusals[0].Digest.Hex()) {
		t.Errorf("%q holds %+v", names[0], b)
	}
	if len(files(t, p.Outbox)) != 0 {
		t.Errorf("outbox %q", files(t, p.Outbox))
	}
}

// TestOutboxOvertaken: GitHub refuses, and before the publisher can say so its receipt expires and the ledger ends it.
// The publisher's outcome comes too late and is set aside, and the operation is published under another receipt.
func TestOutboxOvertaken(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	dir := r.folder()
	p := r.sit("pub", dir)
	p.tracked(&track{at: point{"outcome", 1, true}, strike: cut})
	s.hub.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/git/tags", Action: githubtest.StatusBefore, Status: 422})
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status != "open" || p.Outbox.Pending() != 1 {
		t.Fatalf("%+v, %d records wait", results[0], p.Outbox.Pending())
	}
	p.leave()
	s.Pass(3 * time.Hour)
	s.World.Core.Sweep(context.Background())
	if o := r.outcome(0); o.Status != "rejected" || o.Code != marketops.Expired {
		t.Fatalf("%s %s", o.Status, o.Code)
	}
	r.authorize()
	results, err = r.publish("pub", dir)
	s.ok(err)
	if results[0].Status != "success" {
		t.Errorf("%+v", results[0])
	}
	if names := files(t, p.Outbox); len(names) != 1 || !strings.HasSuffix(names[0], ".refused") {
		t.Errorf("outbox %q", names)
	}
	s.lawful()
}

// TestOutboxAnswers: what the Core refuses for good is set aside, what it does not take now
// stays, and what cannot be read is set aside too; nothing is ever lost.
func TestOutboxAnswers(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	for name, c := range map[string]struct {
		answer error
		stays  bool
	}{
		"overtaken":     {marketops.Refuse(marketops.OperationInFlight, "epoch 2"), false},
		"differs":       {marketops.Refuse(marketops.Consumed, "another"), false},
		"disk":          {marketops.Refuse(marketops.DiskFull, "4 MiB"), true},
		"clock is off":  {marketops.Refuse(marketops.KeyOutsideValidity, "ten years ago"), true},
		"restarted":     {marketops.Refuse(marketops.Stale, "signed before"), true},
		"unreachable":   {errCut, true},
		"ledger failed": {&marketops.Failure{Code: marketops.LedgerUnavailable}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := r.sit("pub", r.folder())
			defer p.leave()
			p.jobs[0].Measured = nil
			g, err := p.Gate(context.Background(), marketops.Prod, p.jobs[0])
			s.ok(err)
			o := &order{Core: p.Core, refuse: c.answer}
			p.Core = o
			if _, err := p.Refuse(context.Background(), g); err == nil {
				t.Fatal("recorded")
			}
			before := files(t, p.Outbox)
			kept := must(os.ReadFile(filepath.Join(p.Outbox.Dir, before[0])))
			_, err = p.Run(context.Background(), marketops.Prod, p.jobs)
			after := files(t, p.Outbox)
			if c.stays {
				world.WantCode(t, err, marketops.CodeOf(c.answer))
				if !slices.Equal(before, after) || p.Outbox.Pending() != 1 || slices.Contains(o.calls[1:], "claim") {
					t.Errorf("outbox %q, then %q after %q", before, after, o.calls)
				}
				o.refuse = nil
				s.ok(p.Flush(context.Background()))
				if p.Outbox.Pending() != 0 {
					t.Error("still waiting")
				}
				return
			}
			aside := before[0] + ".refused"
			if err != nil || !slices.Contains(after, aside) {
				t.Fatalf("outbox %q, %v", after, err)
			}
			if got := must(os.ReadFile(filepath.Join(p.Outbox.Dir, aside))); string(got) != string(kept) {
				t.Error("what was set aside is not what was kept")
			}
		})
	}
	t.Run("torn", func(t *testing.T) {
		p := r.sit("pub", r.folder())
		defer p.leave()
		s.ok(os.MkdirAll(p.Outbox.Dir, 0o700))
		s.ok(os.WriteFile(filepath.Join(p.Outbox.Dir, "outcome-00.json"), []byte(`{"epoch":1,`), 0o600))
		s.ok(p.Flush(context.Background()))
		if got := files(t, p.Outbox); !slices.Equal(got, []string{"outcome-00.json.refused"}) {
			t.Errorf("outbox %q", got)
		}
	})
}

// TestNoRoom: an outcome that cannot be kept is not handed over, and reading finds it again.
func TestNoRoom(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	dir := r.folder()
	p := r.sit("pub", dir)
	s.ok(os.WriteFile(p.Outbox.Dir, []byte("a file where the folder goes"), 0o600))
	p.Outbox.Dir = filepath.Join(p.Outbox.Dir, "below")
	jobs := p.jobs
	g, err := p.Gate(context.Background(), marketops.Prod, jobs[0])
	s.ok(err)
	res := p.Publish(context.Background(), g)
	world.WantCode(t, res.Err, marketops.DiskFull)
	if res.Status != "open" {
		t.Errorf("%+v", res)
	}
	p.leave()
	s.ok(os.Remove(filepath.Join(dir, "outbox")))
	results, err := r.publish("pub", dir)
	s.ok(err)
	if results[0].Status != "success" || results[0].Already {
		t.Errorf("%+v", results[0])
	}
	if o := r.shipped(0); o.Epoch != 2 {
		t.Errorf("epoch %d", o.Epoch)
	}
}

// forgetful says that it has logged a refusal, and names the leaf of another record.
type forgetful struct {
	publisher.Core
	entry api.Entry
}

func (f *forgetful) Refuse(context.Context, api.Decided) (api.Entry, error) { return f.entry, nil }

// TestOutboxLie: a record leaves the outbox when the log holds it, not when the Core says so.
func TestOutboxLie(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	p.jobs[0].Measured = nil
	g, err := p.Gate(context.Background(), marketops.Prod, p.jobs[0])
	s.ok(err)
	honest := p.Core
	p.Core = &order{Core: honest, refuse: errCut}
	if _, err := p.Refuse(context.Background(), g); err == nil {
		t.Fatal("recorded")
	}
	p.Core = &forgetful{honest, r.submission}
	world.WantCode(t, p.Flush(context.Background()), marketops.InclusionInvalid)
	if p.Outbox.Pending() != 1 {
		t.Fatal("a record that nobody logged is gone")
	}
	p.Core = honest
	s.ok(p.Flush(context.Background()))
	if p.Outbox.Pending() != 0 {
		t.Error("still waiting")
	}
}

// TestOutboxDryRun: a dry run hands nothing over, for it logs nothing.
func TestOutboxDryRun(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	d := api.Decided{Envelope: []byte("{}")}
	s.ok(p.Outbox.Keep("refusal", d))
	o := &order{Core: p.Core}
	p.Core = o
	if _, err := p.Run(context.Background(), marketops.DryRun, p.jobs); err != nil || slices.Contains(o.calls, "refuse") {
		t.Fatalf("%v after %q", err, o.calls)
	}
	if _, err := p.Run(context.Background(), marketops.Prod, p.jobs); err != nil || o.calls[1] != "refuse" {
		t.Errorf("the control: %v after %q", err, o.calls)
	}
}

// TestOutboxLimit: a refusal that the Core does not take because of a limit waits, and keeps nothing else from being done.
func TestOutboxLimit(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	p.jobs[0].Measured = nil
	g, err := p.Gate(context.Background(), marketops.Prod, p.jobs[0])
	s.ok(err)
	o := &order{Core: p.Core, refuse: marketops.Refuse(marketops.LimitReached, "60 a minute")}
	p.Core = o
	if _, err := p.Refuse(context.Background(), g); err == nil {
		t.Fatal("recorded")
	}
	s.ok(p.Flush(context.Background()))
	if n := p.Outbox.Pending(); n != 1 {
		t.Errorf("%d records wait", n)
	}
	o.refuse = nil
	s.ok(p.Flush(context.Background()))
	if n := p.Outbox.Pending(); n != 0 {
		t.Errorf("%d records still wait", n)
	}
}
