package recorder

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
)

// TestAppendedOnce: many callers that append one record get one place, and the log has one leaf.
func TestAppendedOnce(t *testing.T) {
	r, _ := newRecorder(t)
	rec := newRecord(t, 1)
	must(t, r.Freeze(context.Background(), rec))
	places := make([]log.Position, 32)
	var callers sync.WaitGroup
	for i := range places {
		callers.Go(func() {
			e, err := r.Append(context.Background(), Frozen(rec), rec)
			if err != nil {
				t.Error(err)
			}
			places[i] = e.Position
		})
	}
	callers.Wait()
	for _, p := range places {
		if p != places[0] {
			t.Errorf("places %v and %v", places[0], p)
		}
	}
	cp, err := r.Settle(context.Background())
	must(t, err)
	if cp.Size != 1 {
		t.Errorf("the log has %d leaves", cp.Size)
	}
}

// TestCallerGone: an append that was begun is finished, although its caller went away.
func TestCallerGone(t *testing.T) {
	var f inflight
	ctx, leave := context.WithCancel(context.Background())
	begun, finish := make(chan struct{}), make(chan struct{})
	go func() { <-begun; leave() }()
	_, err := f.do(ctx, [32]byte{1}, func(bool) (uint64, error) { close(begun); <-finish; return 7, nil })
	if !errors.Is(err, marketops.LogUnavailable) {
		t.Errorf("the caller gets %v", err)
	}
	p := f.begin([32]byte{1}, func(bool) (uint64, error) { t.Error("it runs a second time"); return 8, nil })
	close(finish)
	if <-p.done; p.index != 7 || p.err != nil {
		t.Errorf("index %d, %v", p.index, p.err)
	}
}

// TestFailedIsRemembered: the next append of a leaf is told that an earlier one failed, until one
// succeeds.
func TestFailedIsRemembered(t *testing.T) {
	var f inflight
	errDisk := errors.New("the disk failed")
	for _, c := range []struct {
		err  error
		want bool // an earlier append failed
	}{{errDisk, false}, {errDisk, true}, {nil, true}, {nil, false}} {
		_, err := f.do(context.Background(), [32]byte{1}, func(failed bool) (uint64, error) {
			if failed != c.want {
				t.Errorf("told %v, want %v", failed, c.want)
			}
			return 0, c.err
		})
		if err != c.err {
			t.Errorf("got %v, want %v", err, c.err)
		}
	}
}
