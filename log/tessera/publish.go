package tessera

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/omega/marketops/log"
)

// Published waits until a published checkpoint covers index and returns it, with cosignatures.
// It waits no longer than ctx and the publish timeout allow. Errors carry
// [marketops.QuorumUnmet] (time is up and witnesses are asked), [marketops.LogUnavailable], or
// the code for which the checkpoint key refuses to sign.
func (w *Writer) Published(ctx context.Context, index uint64) ([]byte, error) {
	var raw []byte
	err := w.board.await(ctx, w.opts.PublishTimeout, func(cp *log.Checkpoint) bool {
		raw = cp.Raw
		return cp.Size > index
	})
	if err == nil {
		return bytes.Clone(raw), nil
	}
	return nil, w.asked.quorum(err)
}

// Settled waits until the published checkpoint covers every entry that is durable, and returns it.
// Errors are those of [Writer.Published].
func (w *Writer) Settled(ctx context.Context) ([]byte, error) {
	state, err := readState(w.opts)
	if err != nil {
		return nil, err
	}
	if state.Size == 0 {
		return w.Checkpoint()
	}
	return w.Published(ctx, state.Size-1)
}

// Size returns how many entries are durable, published or not.
func (w *Writer) Size() (uint64, error) {
	state, err := readState(w.opts)
	if err != nil {
		return 0, err
	}
	return state.Size, nil
}

// Checkpoint returns the published checkpoint, which meets the policy. An empty log has one too, of
// size 0.
func (w *Writer) Checkpoint() ([]byte, error) {
	cp, err := w.board.read()
	if err != nil {
		return nil, err
	}
	return bytes.Clone(cp.Raw), nil
}

// board watches the published checkpoint for many waiters with one poller, which runs only while
// somebody waits.
type board struct {
	path   string
	guard  *guard
	policy *log.Policy // what a published checkpoint meets

	mu      sync.Mutex
	cp      *log.Checkpoint // the newest one seen; guarded by mu
	changed chan struct{}   // closed at every look that changes what waiters know; guarded by mu
	waiting int             // guarded by mu
	polling bool            // guarded by mu
	closed  chan struct{}
}

func newBoard(path string, g *guard, p *log.Policy) *board {
	return &board{path: path, guard: g, policy: p, changed: make(chan struct{}), closed: make(chan struct{})}
}

// await returns when enough says so of the newest checkpoint. enough may be called often.
func (b *board) await(ctx context.Context, limit time.Duration, enough func(*log.Checkpoint) bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	b.join()
	defer b.leave()
	for {
		cp, changed := b.now()
		if cp != nil && enough(cp) {
			return nil
		}
		if err := b.guard.refusal(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-b.closed:
			return classify("wait for a checkpoint", errors.New("the log is closed"))
		case <-ctx.Done():
			return classify("wait for a checkpoint", context.Cause(ctx))
		}
	}
}

func (b *board) now() (*log.Checkpoint, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cp, b.changed
}

func (b *board) join() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; !b.polling {
		b.polling = true
		go b.poll()
	}
}

func (b *board) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
}

func (b *board) poll() {
	t := time.NewTicker(pollInterval)
	defer t.Stop()
	for b.look() {
		select {
		case <-t.C:
		case <-b.closed:
			return
		}
	}
}

// look reads the checkpoint once and reports whether anybody still waits. An unreadable one is
// looked at again: it is replaced by rename, and every wait has an end.
func (b *board) look() bool {
	cp, err := b.read()
	refused := b.guard.refusal() != nil
	b.mu.Lock()
	defer b.mu.Unlock()
	if fresh := err == nil && (b.cp == nil || !bytes.Equal(cp.Raw, b.cp.Raw)); fresh || refused {
		if fresh {
			b.cp = cp
		}
		close(b.changed)
		b.changed = make(chan struct{})
	}
	b.polling = b.waiting > 0
	return b.polling
}

// read opens the published checkpoint; the bytes seen last are not verified again.
func (b *board) read() (*log.Checkpoint, error) {
	raw, err := os.ReadFile(b.path)
	if err != nil {
		return nil, classify("read the checkpoint", err)
	}
	if cp, _ := b.now(); cp != nil && bytes.Equal(raw, cp.Raw) {
		return cp, nil
	}
	return b.policy.Open(raw)
}

func (b *board) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
}
