package tessera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

const origin = "log.example.com"

// options puts a log, its records and its mark below one folder.
func options(root string) Options {
	o := Default()
	o.Dir, o.RecordsDir, o.HighWater = filepath.Join(root, "log"), filepath.Join(root, "records"), filepath.Join(root, "mark")
	o.Origin, o.Signer = origin, logtest.Key(1)
	return o
}

func start(t testing.TB, o Options) *Writer {
	t.Helper()
	w, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(context.Background()) })
	return w
}

func stop(t testing.TB, w *Writer) {
	t.Helper()
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func refuses(t testing.TB, what string, o Options, code marketops.Code) {
	t.Helper()
	w, err := Open(context.Background(), o)
	if w != nil {
		w.Close(context.Background())
	}
	wantCode(t, what, err, code)
}

func wantCode(t testing.TB, what string, err error, code marketops.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		t.Errorf("%s: err = %v, want code %q", what, err, code)
	}
}

func leaf(i int) []byte { return fmt.Appendf(nil, "leaf %d of the test", i) }

func push(t testing.TB, w *Writer, b []byte) uint64 {
	t.Helper()
	i, err := w.Append(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func publish(t testing.TB, w *Writer, index uint64) *log.Checkpoint {
	t.Helper()
	raw, err := w.Published(context.Background(), index)
	if err != nil {
		t.Fatal(err)
	}
	return open1(t, raw)
}

func open1(t testing.TB, raw []byte) *log.Checkpoint {
	t.Helper()
	cp, err := logtest.New(origin, logtest.Key(1)).Policy().Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

func files(o Options) log.TileReader { return os.DirFS(o.Dir).(fs.ReadFileFS) }

// check reads the whole log with Tessera's own fsck.
func check(t testing.TB, o Options) {
	t.Helper()
	v, err := note.NewVerifier(log.Vkey(o.Origin, o.Signer.Public()))
	if err != nil {
		t.Fatal(err)
	}
	hasher := func(b []byte) (out [][]byte, err error) {
		var bundle api.EntryBundle
		err = bundle.UnmarshalText(b)
		for _, e := range bundle.Entries {
			out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
		}
		return out, err
	}
	if err := fsck.New(o.Origin, v, client.FileFetcher{Root: o.Dir}, hasher, fsck.Opts{N: 1}).Check(context.Background()); err != nil {
		t.Errorf("fsck: %v", err)
	}
}

func TestEmptyLogHasACheckpoint(t *testing.T) {
	w := start(t, options(t.TempDir()))
	raw, err := w.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if cp := open1(t, raw); cp.Size != 0 || cp.Root != log.EmptyRoot() {
		t.Errorf("%+v", cp)
	}
}

func TestAppendedEntriesAreProvable(t *testing.T) {
	o := options(t.TempDir())
	w := start(t, o)
	const n = 600
	index := make([]uint64, n)
	var wg sync.WaitGroup
	for g := range 60 {
		wg.Go(func() {
			for i := g; i < n; i += 60 {
				var err error
				if index[i], err = w.Append(context.Background(), leaf(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[uint64]bool{}
	for i, x := range index {
		if seen[x] || x >= n {
			t.Fatalf("leaf %d has index %d", i, x)
		}
		seen[x] = true
	}
	cp := publish(t, w, n-1)
	tree := log.NewTree(cp, files(o))
	for i, x := range index {
		got, err := tree.Entry(x)
		if err != nil || !bytes.Equal(got, leaf(i)) {
			t.Fatalf("entry %d is %q, %v; want leaf %d", x, got, err, i)
		}
		pr, err := tree.Inclusion(x)
		if err != nil {
			t.Fatal(err)
		}
		if err := pr.VerifyUnder(cp, leaf(i)); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 { // Tessera's own proof is ours
			pb, err := client.NewProofBuilder(context.Background(), cp.Size, client.FileFetcher{Root: o.Dir}.ReadTile)
			if err != nil {
				t.Fatal(err)
			}
			want, err := pb.InclusionProof(context.Background(), x)
			if err != nil || len(want) != len(pr.Hashes) {
				t.Fatalf("%d hashes, Tessera has %d, %v", len(pr.Hashes), len(want), err)
			}
			for k := range want {
				if !bytes.Equal(want[k], pr.Hashes[k][:]) {
					t.Errorf("hash %d of entry %d differs from Tessera's", k, x)
				}
			}
		}
	}
	stop(t, w)
	check(t, o)
}

func TestRestartContinues(t *testing.T) {
	o := options(t.TempDir())
	var last *log.Checkpoint
	for round := range 3 {
		w := start(t, o)
		if last != nil {
			raw, err := w.Checkpoint()
			if err != nil || !bytes.Equal(raw, last.Raw) {
				t.Fatalf("round %d: checkpoint %q, want the last one, %v", round, raw, err)
			}
		}
		for i := range 5 {
			if got := push(t, w, leaf(5*round+i)); got != uint64(5*round+i) {
				t.Fatalf("round %d: index %d", round, got)
			}
		}
		stop(t, w) // publishes
		raw, err := os.ReadFile(filepath.Join(o.Dir, "checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		cp := open1(t, raw)
		if cp.Size != uint64(5*round+5) {
			t.Fatalf("size %d after round %d", cp.Size, round)
		}
		if last != nil {
			if _, err := log.NewTree(cp, files(o)).Consistency(last); err != nil {
				t.Error(err)
			}
		}
		last = cp
	}
	check(t, o)
}

func TestPublishedWakesEveryWaiter(t *testing.T) {
	w := start(t, options(t.TempDir()))
	const n = 50
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { // some wait for entries that are not there yet
			raw, err := w.Published(context.Background(), uint64(i))
			if err != nil {
				t.Error(err)
			} else if cp := open1(t, raw); cp.Size <= uint64(i) {
				t.Errorf("size %d does not cover %d", cp.Size, i)
			}
		})
	}
	for i := range n {
		push(t, w, leaf(i))
	}
	wg.Wait()
}

func TestPublishedAlwaysEnds(t *testing.T) {
	o := options(t.TempDir())
	o.PublishTimeout = 50 * time.Millisecond
	w := start(t, o)
	_, err := w.Published(context.Background(), 0)
	wantCode(t, "nothing appended", err, marketops.LogUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v is no deadline", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = w.Published(ctx, 0)
	wantCode(t, "cancelled", err, marketops.LogUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not the cancellation", err)
	}
	stop(t, w)
	_, err = w.Published(context.Background(), 0)
	wantCode(t, "closed", err, marketops.LogUnavailable)
}

func TestCloseEndsEverything(t *testing.T) {
	o := options(t.TempDir())
	w := start(t, o)
	acked := make(chan uint64, 1000)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				x, err := w.Append(context.Background(), leaf(g*1000+i))
				if err != nil {
					wantCode(t, "append during close", err, marketops.LogUnavailable)
					return
				}
				acked <- x
			}
		})
	}
	<-acked // it runs
	stop(t, w)
	wg.Wait()
	close(acked)
	highest := uint64(0)
	for x := range acked {
		highest = max(highest, x)
	}
	raw, err := os.ReadFile(filepath.Join(o.Dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if cp := open1(t, raw); cp.Size <= highest {
		t.Errorf("closed at size %d with %d acknowledged", cp.Size, highest)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Errorf("second close: %v", err)
	}
	check(t, o)
	push(t, start(t, o), leaf(0))
}

func TestOpenRefusesOptions(t *testing.T) {
	root := t.TempDir()
	for name, edit := range map[string]func(*Options){
		"no folder":              func(o *Options) { o.Dir = "" },
		"no records":             func(o *Options) { o.RecordsDir = "" },
		"no mark":                func(o *Options) { o.HighWater = "" },
		"a mark inside the log":  func(o *Options) { o.HighWater = filepath.Join(o.Dir, "mark") },
		"no key":                 func(o *Options) { o.Signer = nil },
		"no origin":              func(o *Options) { o.Origin = "" },
		"an origin with a path":  func(o *Options) { o.Origin = "log.example.com/x" },
		"no batch size":          func(o *Options) { o.BatchSize = 0 },
		"no batch age":           func(o *Options) { o.BatchAge = 0 },
		"no checkpoint interval": func(o *Options) { o.CheckpointInterval = 0 },
		"a short interval":       func(o *Options) { o.CheckpointInterval = 99 * time.Millisecond },
		"no collection":          func(o *Options) { o.GCInterval = 0 },
		"no timeout":             func(o *Options) { o.PublishTimeout = 0 },
		"a bad policy":           func(o *Options) { o.Policy = "quorum none" },
		"another log's policy":   func(o *Options) { o.Policy = logtest.New(origin, logtest.Key(9)).PolicyText() },
		"a witness without URL": func(o *Options) {
			l := logtest.New(origin, logtest.Key(1))
			l.Witnesses = []logtest.Witness{{Name: "w", Key: logtest.Key(9), At: 1}}
			o.Policy = l.PolicyText()
		},
	} {
		o := options(root)
		edit(&o)
		refuses(t, name, o, marketops.ConfigInvalid)
	}
	start(t, options(root)) // the control
}

func BenchmarkAppend(b *testing.B) {
	w := start(b, options(b.TempDir()))
	for i := 0; b.Loop(); i++ {
		push(b, w, fmt.Appendf(nil, "%0453d", i))
	}
}
