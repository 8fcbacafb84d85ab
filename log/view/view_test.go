package view_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
)

const origin = "log.test"

// book serves a log and counts what is read; it can lie.
type book struct {
	mu          sync.Mutex
	log         *logtest.Log
	checkpoint  func() ([]byte, error) // in place of the log's own; nil is the log's own
	missing     bool                   // no tile is there
	checkpoints int
}

func newBook(leaves int) *book {
	b := &book{log: logtest.New(origin, logtest.Key(1))}
	b.grow(leaves, "leaf")
	return b
}

func (b *book) grow(n int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		b.log.Append([]byte(text + string(rune('a'+b.log.Size()%26))))
	}
}

func (b *book) ReadFile(name string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if name == log.CheckpointPath {
		b.checkpoints++
		if b.checkpoint != nil {
			return b.checkpoint()
		}
	} else if b.missing {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return b.log.ReadFile(name)
}

func (b *book) view(dir string) *view.View { return view.New(b, b.log.Policy(), dir) }

// names lists the files of a memory.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// evidence returns the one evidence file, "" if there is none.
func evidence(t *testing.T, dir string) string {
	t.Helper()
	for _, name := range names(t, dir) {
		if strings.HasSuffix(name, ".evidence") {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
	}
	return ""
}

func latest(t *testing.T, v *view.View, size uint64) {
	t.Helper()
	tree, err := v.Latest()
	if err != nil {
		t.Fatal(err)
	}
	if got := tree.Checkpoint().Size; got != size {
		t.Errorf("size %d, want %d", got, size)
	}
}

// refused demands a code, no tree, and that the memory stays as it was.
func refused(t *testing.T, v *view.View, dir string, code marketops.Code) {
	t.Helper()
	before := remembered(t, dir)
	for range 2 { // and from then on
		tree, err := v.Latest()
		if !errors.Is(err, code) || tree != nil {
			t.Errorf("got %v, %v; want %s", tree, err, code)
		}
	}
	if after := remembered(t, dir); !bytes.Equal(before, after) {
		t.Errorf("the memory changed to\n%s", after)
	}
}

func remembered(t *testing.T, dir string) []byte {
	t.Helper()
	for _, name := range names(t, dir) {
		if strings.HasSuffix(name, ".checkpoint") {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	return nil
}

// TestGrowth: a log that only grows is accepted, by one process and by the next.
func TestGrowth(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "memory")
	b := newBook(3)
	v := b.view(dir)
	latest(t, v, 3)
	latest(t, v, 3)
	for _, n := range []int{1, 5, 300} {
		b.grow(n, "more")
		latest(t, v, b.log.Size())
		latest(t, b.view(dir), b.log.Size())
	}
	if got := remembered(t, dir); !bytes.Equal(got, b.log.Checkpoint()) || len(names(t, dir)) != 1 {
		t.Errorf("memory %q holds\n%s", names(t, dir), got)
	}
}

// TestMisbehaviour: what a log may not do is refused, across processes, and leaves evidence of
// both checkpoints where a log's operator does not reach.
func TestMisbehaviour(t *testing.T) {
	fork := newBook(3)
	fork.grow(4, "other")
	for _, c := range []struct {
		name string
		code marketops.Code
		now  func(b *book) ([]byte, error)
	}{
		{"rolled back", marketops.LogRolledBack, func(b *book) ([]byte, error) { return b.log.CheckpointAt(2), nil }},
		{"rolled back to nothing", marketops.LogRolledBack, func(b *book) ([]byte, error) { return b.log.CheckpointAt(0), nil }},
		{"split view", marketops.SplitView, func(b *book) ([]byte, error) { return b.log.SignRoot(5, log.Hash{1}), nil }},
		{"fork that grew", marketops.ConsistencyInvalid, func(*book) ([]byte, error) { return fork.log.Checkpoint(), nil }},
		{"root of nothing", marketops.ConsistencyInvalid, func(b *book) ([]byte, error) {
			b.grow(2, "more")
			return b.log.SignRoot(7, log.Hash{2}), nil
		}},
	} {
		for _, next := range []string{"the same process", "the next one"} {
			t.Run(c.name+"/"+next, func(t *testing.T) {
				dir := t.TempDir()
				b := newBook(5)
				v := b.view(dir)
				latest(t, v, 5)
				known := string(b.log.Checkpoint())
				if next == "the next one" {
					v = b.view(dir)
				}
				lie, _ := c.now(b)
				b.checkpoint = func() ([]byte, error) { return lie, nil }
				if c.name == "fork that grew" {
					b.log = fork.log // its tiles too
				}
				refused(t, v, dir, c.code)
				if got := evidence(t, dir); !strings.Contains(got, known) || !strings.Contains(got, string(lie)) {
					t.Errorf("evidence\n%s", got)
				}
				if _, err := v.Covering(context.Background(), 0); !errors.Is(err, c.code) {
					t.Errorf("waiting: %v", err)
				}
			})
		}
	}
}

// TestHonestAgain is the control: after a lie was refused the true log is still accepted.
func TestHonestAgain(t *testing.T) {
	dir := t.TempDir()
	b := newBook(5)
	v := b.view(dir)
	latest(t, v, 5)
	lie := b.log.CheckpointAt(2)
	b.checkpoint = func() ([]byte, error) { return lie, nil }
	refused(t, v, dir, marketops.LogRolledBack)
	b.checkpoint = nil
	latest(t, v, 5)
	b.grow(1, "more")
	latest(t, v, 6)
}

// TestForeign: checkpoints of other keys, other origins or no form are refused without a trace.
func TestForeign(t *testing.T) {
	b := newBook(5)
	other := logtest.New(origin, logtest.Key(2))
	other.Append([]byte("x"))
	elsewhere := logtest.New("log.example.com", logtest.Key(1))
	elsewhere.Append([]byte("x"))
	flipped := bytes.Replace(b.log.Checkpoint(), []byte("\n5\n"), []byte("\n6\n"), 1)
	for name, raw := range map[string][]byte{
		"another key": other.Checkpoint(), "another origin": elsewhere.Checkpoint(), "another size": flipped, "nothing": {}, "a page": []byte("<html>"),
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			dir := t.TempDir()
			v := b.view(dir)
			b.checkpoint = func() ([]byte, error) { return raw, nil }
			refused(t, v, dir, marketops.CheckpointUnsigned)
			if len(names(t, dir)) != 0 {
				t.Errorf("memory %q", names(t, dir))
			}
			b.checkpoint = nil
			latest(t, v, 5)
			b.checkpoint = func() ([]byte, error) { return raw, nil }
			refused(t, v, dir, marketops.CheckpointUnsigned)
			if evidence(t, dir) != "" {
				t.Error("a stranger's checkpoint is no evidence against the log")
			}
		})
	}
}

// TestMissing: a log without checkpoint or tiles is unavailable, which accuses nobody.
func TestMissing(t *testing.T) {
	dir := t.TempDir()
	b := newBook(5)
	v := b.view(dir)
	b.checkpoint = func() ([]byte, error) { return nil, fs.ErrNotExist }
	refused(t, v, dir, marketops.LogUnavailable)
	b.checkpoint = nil
	latest(t, v, 5)
	b.grow(300, "more")
	b.missing = true
	refused(t, v, dir, marketops.LogUnavailable)
	if evidence(t, dir) != "" {
		t.Error("evidence of nothing")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := v.Covering(ctx, 300); !errors.Is(err, marketops.LogUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: %v", err)
	}
	b.missing = false
	latest(t, v, 305)
}

// TestUnreachable: what is not LogUnavailable is not waited for.
func TestUnreachable(t *testing.T) {
	b := newBook(1)
	b.checkpoint = func() ([]byte, error) { return nil, &marketops.Failure{Code: marketops.CoreUnreachable} }
	if _, err := b.view(t.TempDir()).Covering(context.Background(), 9); !errors.Is(err, marketops.CoreUnreachable) || b.checkpoints != 1 {
		t.Errorf("%v after %d reads", err, b.checkpoints)
	}
}

// TestMemoryIsTheUsers: the operator puts an old copy of the state folder back, the log with it.
// The memory lies elsewhere, and nothing is ever written beside the log.
func TestMemoryIsTheUsers(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	b := newBook(5)
	old := b.log
	grown := newBook(5)
	grown.grow(4, "leaf")
	latest(t, grown.view(dir), 9)
	b.log = old
	refused(t, b.view(dir), dir, marketops.LogRolledBack)
	if len(names(t, state)) != 0 {
		t.Errorf("state %q", names(t, state))
	}
	// A user without memory cannot know: the memory is what makes the difference.
	latest(t, b.view(t.TempDir()), 5)
}

// TestMemoryGone: deleting the file does not make a running process forget, and a broken file is
// not taken for none.
func TestMemoryGone(t *testing.T) {
	dir := t.TempDir()
	b := newBook(5)
	v := b.view(dir)
	latest(t, v, 5)
	path := filepath.Join(dir, names(t, dir)[0])
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	b.checkpoint = func() ([]byte, error) { return b.log.CheckpointAt(2), nil }
	if _, err := v.Latest(); !errors.Is(err, marketops.LogRolledBack) {
		t.Errorf("forgotten: %v", err)
	}
	b.checkpoint = nil
	b.grow(1, "more")
	latest(t, v, 6)
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.grow(1, "more")
	for _, v := range []*view.View{v, b.view(dir)} {
		if _, err := v.Latest(); !errors.Is(err, marketops.CheckpointUnsigned) {
			t.Errorf("a broken memory: %v", err)
		}
	}
}

// TestTwoProcesses: between reading a checkpoint and looking into the memory, another process
// of the same user remembers a newer one. Nobody is accused.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	b := newBook(5)
	latest(t, b.view(dir), 5)
	v := b.view(dir)
	b.grow(1, "more")
	stale := b.log.Checkpoint()
	b.grow(1, "more")
	once := true
	b.checkpoint = func() ([]byte, error) {
		if !once {
			return b.log.Checkpoint(), nil
		}
		once = false
		b.mu.Unlock() // the other process reads the same log
		latest(t, b.view(dir), 7)
		b.mu.Lock()
		return stale, nil
	}
	latest(t, v, 7)
	if evidence(t, dir) != "" {
		t.Errorf("accused: %s", evidence(t, dir))
	}
}

// TestMemoryIsNotLowered: who read longer ago does not overwrite what a faster process remembers.
func TestMemoryIsNotLowered(t *testing.T) {
	dir := t.TempDir()
	b := newBook(5)
	v := b.view(dir)
	latest(t, v, 5)
	b.grow(4, "more")
	latest(t, b.view(dir), 9)
	b.checkpoint = func() ([]byte, error) { return b.log.CheckpointAt(7), nil }
	refused(t, v, dir, marketops.LogRolledBack)
	if cp, err := b.log.Policy().Open(remembered(t, dir)); err != nil || cp.Size != 9 {
		t.Errorf("remembered %+v, %v", cp, err)
	}
}

// TestNoMemory: a user who cannot remember is told so and gets no tree.
func TestNoMemory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if tree, err := newBook(1).view(filepath.Join(file, "memory")).Latest(); err == nil || tree != nil {
		t.Errorf("%v, %v", tree, err)
	}
}

// TestWaiters: 64 wait for one entry and share the reads.
func TestWaiters(t *testing.T) {
	b := newBook(5)
	v := b.view(t.TempDir())
	latest(t, v, 5)
	b.checkpoints = 0
	begun := time.Now()
	var wg sync.WaitGroup
	errs := make(chan error, 64)
	for range 64 {
		wg.Go(func() {
			tree, err := v.Covering(context.Background(), 5)
			if err == nil && tree.Checkpoint().Size <= 5 {
				err = errors.New("a tree that does not cover it")
			}
			errs <- err
		})
	}
	for b.reads() < 4 { // they are waiting
		time.Sleep(time.Millisecond)
	}
	b.grow(1, "more")
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if most := int(time.Since(begun)/(5*time.Millisecond)) + 2; b.reads() > most {
		t.Errorf("%d reads in %s, at most %d are shared ones", b.reads(), time.Since(begun), most)
	}
}

func (b *book) reads() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.checkpoints
}

// TestProve: the proof is of the very leaf at the very place, or there is none.
func TestProve(t *testing.T) {
	b := newBook(5)
	v := b.view(t.TempDir())
	leaf, err := b.log.Tree().LeafHash(3)
	if err != nil {
		t.Fatal(err)
	}
	p, cp, err := v.Prove(context.Background(), leaf, log.Position{Origin: origin, Index: 3})
	if err != nil || cp.Size != 5 || log.VerifyInclusion(leaf, p.Index, p.Hashes, cp) != nil {
		t.Errorf("%+v, %v", p, err)
	}
	for name, c := range map[string]struct {
		leaf log.Hash
		pos  log.Position
	}{
		"another leaf":  {log.Hash{1}, log.Position{Origin: origin, Index: 3}},
		"another place": {leaf, log.Position{Origin: origin, Index: 2}},
		"another log":   {leaf, log.Position{Origin: "log.example.com", Index: 3}},
	} {
		if _, _, err := v.Prove(context.Background(), c.leaf, c.pos); !errors.Is(err, marketops.InclusionInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
