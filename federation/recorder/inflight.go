package recorder

import (
	"context"
	"errors"
	"sync"

	"github.com/omega/marketops"
)

// inflight lets one goroutine append a leaf while all others that want it wait.
type inflight struct {
	running sync.WaitGroup
	mu      sync.Mutex
	appends map[[32]byte]*pending
	failed  map[[32]byte]bool // leaves of which an append failed; they may be in the log
}

type pending struct {
	done  chan struct{}
	index uint64
	err   error
}

func (f *inflight) do(ctx context.Context, leaf [32]byte, run func(failed bool) (uint64, error)) (uint64, error) {
	p := f.begin(leaf, run)
	select {
	case <-p.done:
		return p.index, p.err
	case <-ctx.Done():
		return 0, &marketops.Failure{Code: marketops.LogUnavailable, What: "given up while the record was appended", Err: context.Cause(ctx), State: "the record is kept and will be in the log"}
	}
}

// begin returns the append of leaf that is under way, or starts one.
func (f *inflight) begin(leaf [32]byte, run func(failed bool) (uint64, error)) *pending {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.appends == nil {
		f.appends, f.failed = map[[32]byte]*pending{}, map[[32]byte]bool{}
	}
	p, found := f.appends[leaf]
	if !found {
		p = &pending{done: make(chan struct{})}
		f.appends[leaf] = p
		failed := f.failed[leaf]
		f.running.Go(func() { f.run(leaf, p, failed, run) })
	}
	return p
}

var errPanicked = errors.New("an append panicked")

func (f *inflight) run(leaf [32]byte, p *pending, failed bool, run func(bool) (uint64, error)) {
	p.err = errPanicked
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.appends, leaf)
		if p.err != nil {
			f.failed[leaf] = true
		} else {
			delete(f.failed, leaf)
		}
		close(p.done)
	}()
	p.index, p.err = run(failed)
}
