package publisher_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// TestInterrupt cancels at every point before the first attempt is counted and at some behind it. Before that it stops:
// before the door is open nothing is sent, and behind it the operation stays open. From then on it finishes, and says so.
func TestInterrupt(t *testing.T) {
	s := newStage(t)
	points := s.points(s.tagOp())
	opened := slices.Index(points, point{"execute", 1, false})
	tried := slices.IndexFunc(points, func(p point) bool { return p.name == "attempt" })
	if tried <= opened {
		t.Fatalf("%v", points)
	}
	var endings []*ending
	for i, p := range points {
		if i <= tried+2 || i%4 == 0 {
			endings = append(endings, &ending{op: s.tagOp, at: p, how: "interrupted", key: "pub"})
		}
	}
	endings = exhaustive.Sample(t, 12, endings)
	sideBySide(endings, func(e *ending) {
		e.run = s.authorised(e.op())
		e.folder = e.run.folder()
		p := e.run.sit("pub", e.folder)
		ctx, interrupt := context.WithCancel(context.Background())
		defer interrupt()
		p.tracked(&track{at: e.at, strike: func() error { interrupt(); return nil }})
		said := make(chan string, 16)
		p.Tell = func(e publisher.Event) {
			if e.Step == "interrupted" {
				said <- e.Detail
			}
		}
		results, err := p.Run(ctx, marketops.Prod, p.jobs)
		p.leave()
		switch at := slices.Index(points, e.at); {
		case at >= tried:
			if err != nil || results[0].Status != "success" {
				s.Errorf("%s: %+v, %v", e, results, err)
			}
			return
		case at >= opened:
			if err != nil || results[0].Status != "open" || !errors.Is(results[0].Err, context.Canceled) || len(s.visible(e.run.plan.Ops[0])) != 0 || len(said) != 0 {
				s.Errorf("%s: %+v, %v", e, results, err)
			}
			return
		}
		if err == nil && (results[0].Status != "not-attempted" || results[0].Err == nil) {
			s.Errorf("%s: %+v", e, results)
		}
		if n := e.run.used.Load(); n != 0 {
			s.Errorf("%s: %d writes were begun", e, n)
		}
	})
	sideBySide(endings, func(e *ending) { e.resume(s) })
	s.lawful()
}

// TestMeasuredBytes replaces a file between the gate and the work.
func TestMeasuredBytes(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.releaseOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	path := filepath.Join(r.sources, "a.tar.gz")
	g := &greedy{SideEffectPort: p.Port, stage: s, before: func() {
		// In place and by replacement: neither the old inode nor the new name may matter.
		s.ok(os.WriteFile(path, []byte("the bytes of !"), 0o600))
		s.ok(os.WriteFile(path+".new", []byte("the bytes of ?"), 0o600))
		s.ok(os.Rename(path+".new", path))
	}}
	p.Port = g
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status != "success" {
		t.Fatalf("%+v", results[0])
	}
	r.shipped(0)
	uploads := 0
	for _, e := range s.hub.Effects() {
		if e.Kind == githubtest.AssetUploaded {
			uploads++
			if want := marketops.DigestOf([]byte(assets[e.Subject])).String(); e.Object != want {
				t.Errorf("%s is %s at GitHub, want %s", e.Subject, e.Object, want)
			}
		}
	}
	if uploads != 2 {
		t.Errorf("%d uploads", uploads)
	}
	s.lawful()
}

// lying is content that changes after it was measured.
type lying struct {
	publisher.Content
	now []byte
}

func (l lying) ReadAt(b []byte, off int64) (int, error) { return copy(b, l.now[off:]), nil }

// TestChangedContent: even content that changes under the port's hands never becomes visible.
func TestChangedContent(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.releaseOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	p.jobs[0].Content[1] = lying{p.jobs[0].Content[1], []byte("the bytes of B")}
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status == "success" {
		t.Errorf("%+v", results[0])
	}
	if got := s.visible(r.plan.Ops[0]); slices.Contains(got, "release-published") {
		t.Errorf("visible: %q", got)
	}
	for _, e := range s.hub.Effects() {
		if e.Kind == githubtest.AssetUploaded && e.Object != marketops.DigestOf([]byte(assets[e.Subject])).String() {
			t.Errorf("%s reached GitHub as %s", e.Subject, e.Object)
		}
	}
}

// TestZombie: a publisher sleeps right before a visible effect, longer than its lease. Another
// takes over and publishes. When the first wakes up it changes nothing and decides nothing.
func TestZombie(t *testing.T) {
	s := newStage(t)
	for _, point := range []point{{"renew", 3, false}, {"attempt", 1, false}, {"attempt", 1, true}, {"write", 1, true}, {"write", 2, true}, {"outcome", 1, true}} {
		t.Run(point.String(), func(t *testing.T) {
			r := s.authorised(s.tagOp())
			p := r.sit("pub", r.folder())
			asleep, wake := make(chan struct{}), make(chan struct{})
			p.tracked(&track{at: point, strike: func() error { close(asleep); <-wake; return nil }})
			var first []publisher.Result
			done := make(chan struct{})
			go func() {
				defer close(done)
				first, _ = p.Run(context.Background(), marketops.Prod, p.jobs)
			}()
			<-asleep
			s.leaseEnds()
			second, err := r.publish("pub2", r.folder())
			close(wake)
			<-done
			if err != nil || second[0].Status != "success" {
				t.Fatalf("%+v, %v", second, err)
			}
			if first[0].Status != "open" {
				t.Errorf("the sleeper says %s: %v", first[0].Status, first[0].Err)
			}
			if o := r.shipped(0); o.Epoch != 2 {
				t.Errorf("the outcome is of epoch %d", o.Epoch)
			}
			s.ok(p.Flush(context.Background()))
			for _, name := range files(t, p.Outbox) {
				if filepath.Ext(name) != ".refused" {
					t.Errorf("the sleeper's %s still waits", name)
				}
			}
			p.leave()
			r.shipped(0)
		})
	}
	s.lawful()
}

// TestGitHubGone: GitHub answers nothing at all. Nothing is decided, the receipt is not burnt,
// and publishing again goes on under it.
func TestGitHubGone(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	dir := r.folder()
	for _, f := range []githubtest.Fault{
		{Action: githubtest.ResetBefore, Times: 50}, {Action: githubtest.StatusBefore, Status: 503, Times: 50},
		{Method: "POST", Action: githubtest.ResetBefore, Times: 50}, // reads work, writes vanish
	} {
		f.Path = "/repos/**"
		s.hub.Inject(f)
		results, err := r.publish("pub", dir)
		s.ok(err)
		if results[0].Status != "open" || results[0].Err == nil {
			t.Errorf("%+v", results[0])
		}
		if st := r.told(0); len(st.outcomes) != 0 {
			t.Errorf("leaves %q", st.names)
		}
		s.hub.ClearFaults()
	}
	results, err := r.publish("pub", dir)
	s.ok(err)
	if results[0].Status != "success" {
		t.Errorf("%+v", results[0])
	}
	r.shipped(0)
}

// sour is a port that does everything and then complains.
type sour struct{ publisher.SideEffectPort }

func (p sour) Apply(ctx context.Context, permit *publisher.Permit, j publisher.Journal) (publisher.Evidence, error) {
	ev, err := p.SideEffectPort.Apply(ctx, permit, j)
	return ev, errors.Join(err, &marketops.Failure{Code: marketops.GitHubConflict, What: "the weather"})
}

// TestEffectStands: where everything that was authorised is there, nothing is recorded as failed.
func TestEffectStands(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.releaseOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	p.Port = sour{p.Port}
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if o := r.outcome(0); results[0].Status != "unknown" || o.Status != "unknown" || len(o.Effects) != 2 {
		t.Errorf("%+v, recorded %+v", results[0], o)
	}
}

// TestLostForGood: two attempts vanish and GitHub, which can be read, shows nothing. That is recorded as
// unknown, for a person; where GitHub cannot be read it stays open and the receipt goes on.
func TestLostForGood(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		blind  bool
		status receipt.Status
	}{{false, "unknown"}, {true, "open"}} {
		r := s.authorised(s.tagOp())
		refs := "/repos/" + r.plan.Ops[0].Target.FullName + "/git/refs"
		s.hub.Inject(githubtest.Fault{Method: "POST", Path: refs, Action: githubtest.ResetBefore, Times: 2})
		if c.blind {
			s.hub.Inject(githubtest.Fault{Method: "GET", Path: "/**", Action: githubtest.StatusBefore, Skip: 5, Times: 40})
		}
		results, err := r.publish("pub", r.folder())
		s.ok(err)
		if results[0].Status != c.status {
			t.Errorf("blind %t: %+v", c.blind, results[0])
		}
		s.hub.ClearFaults()
		if n := len(s.visible(r.plan.Ops[0])); n != 0 {
			t.Errorf("%d visible effects", n)
		}
	}
}
