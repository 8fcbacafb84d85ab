package publisher_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/publisher"
)

// point is one moment of one publication: before or after the n-th call of a name to the Core,
// to the log, to the journal.
type point struct {
	name   string
	n      int
	before bool
}

func (p point) String() string {
	when := "after"
	if p.before {
		when = "before"
	}
	return fmt.Sprintf("%s-%s-%d", when, p.name, p.n)
}

// track sees every step of one publication, and strikes at one.
type track struct {
	at     point
	strike func() error // at the point; what it returns is the call's error

	mu    sync.Mutex
	count map[string]int
	seen  []point
	hit   bool
}

var errCut = &marketops.Failure{Code: marketops.CoreUnreachable, What: "the line was cut"}

func cut() error { return errCut }

// killed ends the goroutine of the publication as a signal would end its process: what it holds
// in memory is gone, nothing more is sent.
func killed() error { runtime.Goexit(); return nil }

func (t *track) pass(p point) error {
	t.mu.Lock()
	t.seen = append(t.seen, p)
	struck := t.strike != nil && p == t.at
	t.hit = t.hit || struck
	t.mu.Unlock()
	if struck {
		return t.strike()
	}
	return nil
}

// around runs one call between two points.
func around[V any](t *track, name string, call func() (V, error)) (V, error) {
	var none V
	t.mu.Lock()
	if t.count == nil {
		t.count = map[string]int{}
	}
	t.count[name]++
	n := t.count[name]
	t.mu.Unlock()
	if err := t.pass(point{name, n, true}); err != nil {
		return none, err
	}
	v, err := call()
	if cut := t.pass(point{name, n, false}); cut != nil {
		return none, cut
	}
	return v, err
}

// tracked puts a track under everything that a publisher process talks to.
func (s *seat) tracked(t *track) {
	s.Core, s.Log = trackedCore{s.Core, t}, trackedLog{s.Log, t}
	for _, j := range s.jobs {
		j.Journal = trackedJournal{j.Journal, t}
	}
}

type trackedCore struct {
	publisher.Core
	t *track
}

func (c trackedCore) Check(ctx context.Context, w api.ClaimWanted) (marketops.Checks, error) {
	return around(c.t, "check", func() (marketops.Checks, error) { return c.Core.Check(ctx, w) })
}

func (c trackedCore) Claim(ctx context.Context, w api.ClaimWanted) (api.Claimed, error) {
	return around(c.t, "claim", func() (api.Claimed, error) { return c.Core.Claim(ctx, w) })
}

func (c trackedCore) Intent(ctx context.Context, e []byte) (api.Entry, error) {
	return around(c.t, "intent", func() (api.Entry, error) { return c.Core.Intent(ctx, e) })
}

func (c trackedCore) Execute(ctx context.Context, f api.Fence) (api.Lease, error) {
	return around(c.t, "execute", func() (api.Lease, error) { return c.Core.Execute(ctx, f) })
}

func (c trackedCore) Renew(ctx context.Context, f api.Fence) (api.Lease, error) {
	return around(c.t, "renew", func() (api.Lease, error) { return c.Core.Renew(ctx, f) })
}

func (c trackedCore) NoteDraft(ctx context.Context, r api.Renewal) (api.Lease, error) {
	return around(c.t, "note draft", func() (api.Lease, error) { return c.Core.NoteDraft(ctx, r) })
}

func (c trackedCore) Attempt(ctx context.Context, f api.Effect) (api.Lease, error) {
	return around(c.t, "attempt", func() (api.Lease, error) { return c.Core.Attempt(ctx, f) })
}

func (c trackedCore) Outcome(ctx context.Context, d api.Decided) (api.Entry, error) {
	return around(c.t, "outcome", func() (api.Entry, error) { return c.Core.Outcome(ctx, d) })
}

type trackedLog struct {
	publisher.Log
	t *track
}

func (l trackedLog) Covering(ctx context.Context, index uint64) (*log.Tree, error) {
	return around(l.t, "covering", func() (*log.Tree, error) { return l.Log.Covering(ctx, index) })
}

type trackedJournal struct {
	publisher.Journal
	t *track
}

func (j trackedJournal) Record(key, value string) error {
	_, err := around(j.t, "record", func() (struct{}, error) { return struct{}{}, j.Journal.Record(key, value) })
	return err
}

// Call is reached after GitHub has answered, so that before it is after the effect.
func (j trackedJournal) Call(e publisher.CallEvidence) error {
	name := "read"
	if e.Method != "GET" {
		name = "write"
	}
	_, err := around(j.t, name, func() (struct{}, error) { return struct{}{}, j.Journal.Call(e) })
	return err
}
