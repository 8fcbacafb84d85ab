package tessera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	upstream "github.com/transparency-dev/tessera"
	"k8s.io/klog/v2"
)

// failing makes the next n entries fail with err, as the storage would.
func failing(w *Writer, n int, err error) (calls *int) {
	add := w.add
	calls = new(int)
	w.add = func(ctx context.Context, e *upstream.Entry) upstream.IndexFuture {
		if *calls++; *calls <= n {
			return func() (upstream.Index, error) { return upstream.Index{}, err }
		}
		return add(ctx, e)
	}
	return calls
}

func TestAppendWaitsForPushback(t *testing.T) {
	w := start(t, options(t.TempDir()))
	calls := failing(w, 3, fmt.Errorf("busy: %w", upstream.ErrPushback))
	if x := push(t, w, leaf(0)); x != 0 || *calls != 4 {
		t.Errorf("index %d after %d tries", x, *calls)
	}
	publish(t, w, 0)
}

func TestAppendGivesUpWithItsContext(t *testing.T) {
	w := start(t, options(t.TempDir()))
	ctx, cancel := context.WithCancel(context.Background())
	tries := 0
	w.add = func(context.Context, *upstream.Entry) upstream.IndexFuture {
		if tries++; tries == 2 {
			cancel()
		}
		return func() (upstream.Index, error) { return upstream.Index{}, upstream.ErrPushbackIntegration }
	}
	_, err := w.Append(ctx, leaf(0))
	wantCode(t, "pushback", err, marketops.LogUnavailable)
	if !errors.Is(err, context.Canceled) || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
	_, err = w.Append(ctx, leaf(0))
	if wantCode(t, "ended before", err, marketops.LogUnavailable); tries != 2 {
		t.Error("an entry was added although nobody waits")
	}
}

// A storage that never answers must not hold the caller, but it must hold the lock.
func TestStuckStorage(t *testing.T) {
	o := options(t.TempDir())
	w := start(t, o)
	release := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	w.add = func(context.Context, *upstream.Entry) upstream.IndexFuture {
		cancel()
		return func() (upstream.Index, error) { <-release; return upstream.Index{}, nil }
	}
	_, err := w.Append(ctx, leaf(0))
	wantCode(t, "append", err, marketops.LogUnavailable)
	wantCode(t, "close", w.Close(ctx), marketops.LogUnavailable)
	refuses(t, "reopen", o, marketops.CoreAlreadyRunning)
	close(release)
	w.pending.wait.Wait()
	w.lock.release()
	push(t, start(t, o), leaf(1))
}

func TestAppendCodes(t *testing.T) {
	w := start(t, options(t.TempDir()))
	full := &fs.PathError{Op: "write", Path: "tile/entries/000.p/1", Err: syscall.ENOSPC}
	failing(w, 1, full)
	_, err := w.Append(context.Background(), leaf(0))
	wantCode(t, "disk full", err, marketops.DiskFull)
	failing(w, 1, fmt.Errorf("failed to create temp file: %v", full))
	_, err = w.Append(context.Background(), leaf(0))
	wantCode(t, "disk full, as Tessera tells it", err, marketops.DiskFull)
	failing(w, 1, errors.New("tiles on fire"))
	_, err = w.Append(context.Background(), leaf(0))
	wantCode(t, "anything else", err, marketops.LogUnavailable)
	for _, n := range []int{0, log.MaxEntry + 1} {
		_, err = w.Append(context.Background(), make([]byte, n))
		wantCode(t, fmt.Sprint(n, " bytes"), err, marketops.LogUnavailable)
	}
	if x := push(t, w, make([]byte, log.MaxEntry)); x != 0 {
		t.Errorf("index %d after nothing but failures", x)
	}
}

func TestPut(t *testing.T) {
	o := options(t.TempDir())
	w := start(t, o)
	store := os.DirFS(o.RecordsDir).(fs.ReadFileFS)
	h := log.LeafHash(leaf(0))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { wantCode(t, "first", w.Put([]byte("envelope"), h), "") })
	}
	wg.Wait()
	wantCode(t, "again", w.Put([]byte("envelope"), h), "")
	wantCode(t, "other bytes", w.Put([]byte("Envelope"), h), marketops.LeafMismatch)
	if b, err := log.ReadRecord(store, h); err != nil || string(b) != "envelope" {
		t.Errorf("%q, %v", b, err)
	}
	wantCode(t, "nothing", w.Put(nil, log.LeafHash(leaf(1))), marketops.LeafMismatch)
	wantCode(t, "too long", w.Put(make([]byte, crypto.MaxEnvelope+1), log.LeafHash(leaf(1))), marketops.LeafMismatch)
	wantCode(t, "as long as allowed", w.Put(make([]byte, crypto.MaxEnvelope), log.LeafHash(leaf(1))), "")
	var names []string
	fs.WalkDir(store, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if len(names) != 2 {
		t.Errorf("left over: %q", names)
	}
	// A folder that cannot be written is trouble, not success.
	if err := os.WriteFile(filepath.Join(o.RecordsDir, log.LeafHash(leaf(9)).String()[:2]), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "no folder", w.Put([]byte("envelope"), log.LeafHash(leaf(9))), marketops.LogUnavailable)
}

// recorder keeps what slog's default handler gets.
type recorder struct {
	slog.Handler
	mu   sync.Mutex
	seen []slog.Record
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, rec)
	return nil
}

func (r *recorder) level(text string) (slog.Level, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.seen {
		if strings.Contains(rec.Message, text) {
			return rec.Level, true
		}
	}
	return 0, false
}

func TestKlogGoesToSlog(t *testing.T) {
	r := &recorder{Handler: slog.DiscardHandler}
	before := slog.Default()
	slog.SetDefault(slog.New(r))
	defer slog.SetDefault(before)
	klog.Infof("some information")
	klog.Warningf("some warning")
	klog.Errorf("some error")
	for text, want := range map[string]slog.Level{"information": slog.LevelDebug, "warning": slog.LevelDebug, "error": slog.LevelError} {
		if got, ok := r.level(text); !ok || got != want {
			t.Errorf("%s came at %v, %v", text, got, ok)
		}
	}
}
