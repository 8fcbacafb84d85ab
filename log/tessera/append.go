package tessera

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	upstream "github.com/transparency-dev/tessera"
)

// Waits between two tries while Tessera pushes back.
const (
	firstBackoff = 5 * time.Millisecond
	lastBackoff  = 250 * time.Millisecond
)

// Append adds a leaf and returns its index once that is durable: a crash afterwards does not
// lose it. While the log pushes back it tries again until ctx ends. Errors carry
// [marketops.LogUnavailable], [marketops.DiskFull], or the code for which the checkpoint key
// refuses to sign; after an error the leaf may stand in the
// log all the same, so a caller that tries again must look for it first.
func (w *Writer) Append(ctx context.Context, leaf []byte) (uint64, error) {
	if len(leaf) == 0 || len(leaf) > log.MaxEntry {
		return 0, &marketops.Failure{Code: marketops.LogUnavailable, What: fmt.Sprintf("a leaf of %d bytes, between 1 and %d", len(leaf), log.MaxEntry)}
	}
	for wait := firstBackoff; ; wait = min(2*wait, lastBackoff) {
		index, err := w.appendOnce(ctx, leaf)
		if err == nil {
			return index, nil
		}
		if !errors.Is(err, upstream.ErrPushback) {
			return 0, classify("append", err)
		}
		if !sleep(ctx, wait) {
			return 0, classify("append", errors.Join(err, context.Cause(ctx)))
		}
	}
}

// pending counts the entries that Tessera holds, each until its future resolves, however long
// its caller was willing to wait. Only without any may another writer open the log: Tessera's
// own lock does not hold between two writers of one process.
type pending struct {
	mu     sync.Mutex
	closed bool // no entry begins any more; guarded by mu
	wait   sync.WaitGroup
}

func (p *pending) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.wait.Add(1)
	}
	return !p.closed
}

// close lets no further entry begin, and reports false for every call but the first.
func (p *pending) close() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := !p.closed
	p.closed = true
	return first
}

// waitDrained reports whether every entry was resolved before ctx ended.
func (p *pending) waitDrained(ctx context.Context) bool {
	done := make(chan struct{})
	go func() {
		p.wait.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// appendOnce waits in a goroutine of its own because Tessera's future knows no context.
func (w *Writer) appendOnce(ctx context.Context, leaf []byte) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := w.guard.refusal(); err != nil {
		return 0, err
	}
	if !w.pending.begin() {
		return 0, errors.New("the log is closed")
	}
	type result struct {
		upstream.Index
		error
	}
	done := make(chan result, 1)
	future := w.add(ctx, upstream.NewEntry(leaf))
	go func() {
		defer w.pending.wait.Done()
		i, err := future()
		done <- result{i, err}
	}()
	select {
	case r := <-done:
		return r.Index.Index, r.error
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
