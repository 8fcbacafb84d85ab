package tessera

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
)

// run opens the log, appends leaves numbered from to to, and closes it published.
func run(t *testing.T, o Options, from, to int) {
	t.Helper()
	w := start(t, o)
	for i := from; i < to; i++ {
		push(t, w, leaf(i))
	}
	stop(t, w)
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherKeyOrOriginIsRefused(t *testing.T) {
	o := options(t.TempDir())
	run(t, o, 0, 3)
	before, err := os.ReadFile(filepath.Join(o.Dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	other := o
	other.Signer = logtest.Key(2)
	refuses(t, "another key", other, marketops.CheckpointUnsigned)
	other = o
	other.Origin = "log2.example.com"
	refuses(t, "another origin", other, marketops.CheckpointUnsigned)
	if err := os.WriteFile(filepath.Join(o.Dir, "checkpoint"), []byte("rubbish"), 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(t, "rubbish", o, marketops.CheckpointUnsigned)
	if err := os.WriteFile(filepath.Join(o.Dir, "checkpoint"), before, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, o, 3, 4)
}

func TestRestoredBackupIsRefused(t *testing.T) {
	root := t.TempDir()
	o, backup := options(root), filepath.Join(root, "backup")
	run(t, o, 0, 300)
	copyDir(t, o.Dir, backup)
	run(t, o, 300, 310)
	mark, err := os.ReadFile(o.HighWater)
	if err != nil || open1(t, mark).Size != 310 {
		t.Fatalf("mark %q, %v", mark, err)
	}
	good := filepath.Join(root, "good")
	copyDir(t, o.Dir, good)

	copyDir(t, backup, o.Dir)
	refuses(t, "an old backup", o, marketops.LogRolledBack)
	if again, err := os.ReadFile(o.HighWater); err != nil || string(again) != string(mark) {
		t.Errorf("the evidence was changed: %q, %v", again, err)
	}
	if err := os.RemoveAll(o.Dir); err != nil {
		t.Fatal(err)
	}
	refuses(t, "an empty folder", o, marketops.LogRolledBack)
	copyDir(t, good, o.Dir)
	if err := os.RemoveAll(filepath.Join(o.Dir, ".state")); err != nil {
		t.Fatal(err)
	}
	refuses(t, "without its state", o, marketops.LogRolledBack)
	if err := os.Remove(o.HighWater); err != nil {
		t.Fatal(err)
	}
	refuses(t, "without its state and mark", o, marketops.LogRolledBack)

	// Without the mark nobody can know; what is signed then must show up when it is back.
	copyDir(t, backup, o.Dir)
	run(t, o, 1000, 1010)
	if err := os.WriteFile(o.HighWater, mark, 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(t, "a fork of the same size", o, marketops.SplitView)
	if err := os.Remove(o.HighWater); err != nil {
		t.Fatal(err)
	}
	run(t, o, 1010, 1011)
	if err := os.WriteFile(o.HighWater, mark, 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(t, "a longer fork", o, marketops.ConsistencyInvalid)

	copyDir(t, good, o.Dir)
	run(t, o, 310, 311) // the control
	check(t, o)
}

func TestForeignMarkIsRefused(t *testing.T) {
	o := options(t.TempDir())
	if err := os.WriteFile(o.HighWater, logtest.New(origin, logtest.Key(2)).Checkpoint(), 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(t, "a mark by another key", o, marketops.CheckpointUnsigned)
	if err := os.WriteFile(o.HighWater, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(t, "an empty mark", o, marketops.CheckpointUnsigned)
}

// A log that is tampered with while it runs is not signed any more.
func TestTamperedTilesAreNotSigned(t *testing.T) {
	o := options(t.TempDir())
	w := start(t, o)
	for i := range 3 {
		push(t, w, leaf(i))
	}
	before := publish(t, w, 2)
	other := log.LeafHash([]byte("forged"))
	tile := filepath.Join(o.Dir, "tile/0/000.p/3")
	b, err := os.ReadFile(tile)
	if err != nil {
		t.Fatal(err)
	}
	copy(b, other[:])
	if err := os.WriteFile(tile, b, 0o644); err != nil {
		t.Fatal(err)
	}
	x := push(t, w, leaf(3))
	_, err = w.Published(context.Background(), x)
	wantCode(t, "published", err, marketops.ConsistencyInvalid)
	_, err = w.Append(context.Background(), leaf(4))
	wantCode(t, "append", err, marketops.ConsistencyInvalid)
	raw, err := w.Checkpoint()
	if err != nil || string(raw) != string(before.Raw) {
		t.Errorf("checkpoint %q, %v", raw, err)
	}
}

// The guard itself, over a log in memory that can lie.
func TestGuardSignsExtensionsOnly(t *testing.T) {
	l, fork := logtest.New(origin, logtest.Key(1)), logtest.New(origin, logtest.Key(1))
	for i := range 10 {
		l.Append(leaf(i))
		fork.Append(leaf(i + i/5))
	}
	text := func(l *logtest.Log, size uint64) []byte {
		return []byte((&log.Checkpoint{Origin: origin, Size: size, Root: l.Root(size)}).Text())
	}
	fresh := func(files log.TileReader) *guard {
		g, err := newGuard(options(t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		g.files = files
		if _, err := g.Sign(text(l, 7)); err != nil {
			t.Fatal(err)
		}
		return g
	}
	for _, tc := range []struct {
		name  string
		files log.TileReader
		text  []byte
		code  marketops.Code
	}{
		{"an extension", l, text(l, 9), ""},
		{"the same again", l, text(l, 7), ""},
		{"a smaller tree", l, text(l, 6), marketops.LogRolledBack},
		{"another root", fork, text(fork, 7), marketops.SplitView},
		{"a fork", fork, text(fork, 9), marketops.ConsistencyInvalid},
		{"tiles that do not fit", fork, text(l, 9), marketops.InclusionInvalid},
		{"another origin", l, []byte("x" + string(text(l, 9))), marketops.CheckpointUnsigned},
		{"no checkpoint", l, []byte("hello\n"), marketops.CheckpointUnsigned},
	} {
		g := fresh(tc.files)
		sig, err := g.Sign(tc.text)
		wantCode(t, tc.name, err, tc.code)
		mark, rerr := os.ReadFile(g.mark)
		if rerr != nil {
			t.Fatal(rerr)
		}
		if tc.code == "" {
			if size := open1(t, mark).Size; size < 7 {
				t.Errorf("%s: mark at %d", tc.name, size)
			}
			continue
		}
		if sig != nil || open1(t, mark).Size != 7 {
			t.Errorf("%s: signature %x, mark %q", tc.name, sig, mark)
		}
		g.files = l
		_, err = g.Sign(text(l, 9))
		wantCode(t, tc.name+", and afterwards", err, tc.code)
	}
}

func TestGuardWritesTheMarkFirst(t *testing.T) {
	l := logtest.New(origin, logtest.Key(1))
	l.Append(leaf(0))
	g, err := newGuard(options(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	g.files = l
	g.mark = filepath.Join(filepath.Dir(g.mark), "no", "such", "folder")
	text := []byte((&log.Checkpoint{Origin: origin, Size: 1, Root: l.Root(1)}).Text())
	sig, err := g.Sign(text)
	wantCode(t, "no mark", err, marketops.LogUnavailable)
	if sig != nil {
		t.Error("signed without a mark")
	}
	if err := os.MkdirAll(filepath.Dir(g.mark), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Sign(text); err != nil {
		t.Errorf("the trouble has passed: %v", err)
	}
	g.close()
	if _, err := g.Sign(text); err == nil {
		t.Error("signed after close")
	}
}
