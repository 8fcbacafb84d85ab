package log_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/transparency-dev/tessera/api/layout"
)

// liar replaces files of a log and counts what is read.
type liar struct {
	*logtest.Log
	edit map[string]func([]byte) ([]byte, error)
	mu   sync.Mutex
	read map[string]int
}

func (l *liar) ReadFile(name string) ([]byte, error) {
	l.mu.Lock()
	if l.read == nil {
		l.read = map[string]int{}
	}
	l.read[name]++
	l.mu.Unlock()
	b, err := l.Log.ReadFile(name)
	if f := l.edit[name]; f != nil && err == nil {
		return f(bytes.Clone(b))
	}
	return b, err
}

func TestPathsAreThoseOfTessera(t *testing.T) {
	for _, n := range []uint64{0, 1, 9, 255, 256, 999, 1000, 1001, 66_000, 999_999, 1_000_000, 1_234_067, 1<<32 - 1} {
		for _, w := range []int{1, 5, 255, 256} {
			p := uint8(w % 256)
			for level := range uint64(5) {
				if got, want := log.TilePath(level, n, w), layout.TilePath(level, n, p); got != want || !log.IsPath(got) {
					t.Errorf("%s, want %s (a path: %v)", got, want, log.IsPath(got))
				}
			}
			if got, want := log.EntriesPath(n, w), layout.EntriesPath(n, p); got != want || !log.IsPath(got) {
				t.Errorf("%s, want %s (a path: %v)", got, want, log.IsPath(got))
			}
		}
	}
}

func TestIsPathRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "/", ".", "checkpoint/", "/checkpoint", "Checkpoint", ".state/treeState", ".marketops.lock", "checkpoint123",
		"tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/000/", "tile/0/000.p", "tile/0/000.p/",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/1/2", "tile/0/000.p/5231713122888", "tile/0/x000/001", "tile/0/x001/1",
		"tile/0/001/001", "tile/0/x001/x001", "tile/5/000", "tile/00/000", "tile/-1/000", "tile/data/000", "tile/8/0/000",
		"tile/entries/000.p/231713122888", "tile/entries/../../.state/treeState", "tile/0/../000", "tile/0//000", "tile/0/000\n",
		"tile/0/x999/x999/x999/x999/999", "tile/0/+01", "tile/0/" + strings.Repeat("x001/", 50) + "001",
	} {
		if log.IsPath(bad) {
			t.Errorf("%q is a path", bad)
		}
	}
	if !log.IsPath("checkpoint") || !log.IsPath("tile/0/x001/234.p/5") {
		t.Error("the controls are no paths")
	}
}

func TestTreeReadsEveryEntry(t *testing.T) {
	for _, n := range []int{1, 2, 255, 256, 257, 511, 512, 700} {
		for _, collected := range []bool{false, true} {
			l := filled(n)
			cp := mustOpen(t, l)
			l.Collected = collected
			for i := range 5 { // entries behind the checkpoint must not matter
				l.Append(fmt.Appendf(nil, "late %d", i))
			}
			for l.Collected && l.Size()%256 != 0 { // until the partial tiles are gone
				l.Append([]byte("later"))
			}
			tree := log.NewTree(cp, l)
			next := uint64(0)
			err := tree.Entries(0, uint64(n), func(i uint64, leaf []byte) error {
				if i != next || !bytes.Equal(leaf, entry(i)) {
					t.Fatalf("size %d: entry %d is %q, want entry %d", n, i, leaf, next)
				}
				next++
				return nil
			})
			if err != nil || next != uint64(n) {
				t.Fatalf("size %d, collected %v: %d entries, %v", n, collected, next, err)
			}
			for _, i := range []uint64{0, uint64(n) / 2, uint64(n) - 1} {
				if leaf, err := tree.Entry(i); err != nil || !bytes.Equal(leaf, entry(i)) {
					t.Errorf("size %d: entry %d is %q, %v", n, i, leaf, err)
				}
				pr, err := tree.Inclusion(i)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := l.Policy().VerifyProof(entry(i), pr); err != nil {
					t.Error(err)
				}
			}
			_, err = tree.Entry(uint64(n))
			wantCode(t, "beyond the checkpoint", err, marketops.InclusionInvalid)
			_, err = tree.Inclusion(uint64(n))
			wantCode(t, "beyond the checkpoint", err, marketops.InclusionInvalid)
			wantCode(t, "beyond the checkpoint", tree.Entries(0, uint64(n)+1, nil), marketops.InclusionInvalid)
		}
	}
}

func TestEntriesRange(t *testing.T) {
	tree := filled(600).Tree()
	for _, r := range [][2]uint64{{0, 0}, {600, 600}, {3, 4}, {255, 257}, {256, 512}, {300, 600}, {599, 600}} {
		var got []uint64
		if err := tree.Entries(r[0], r[1], func(i uint64, _ []byte) error { got = append(got, i); return nil }); err != nil {
			t.Fatal(err)
		}
		if uint64(len(got)) != r[1]-r[0] || len(got) > 0 && (got[0] != r[0] || got[len(got)-1] != r[1]-1) {
			t.Errorf("%v gave %d entries", r, len(got))
		}
	}
	wantCode(t, "backwards", tree.Entries(4, 3, nil), marketops.InclusionInvalid)
	stop := errors.New("enough")
	calls := 0
	if err := tree.Entries(0, 600, func(uint64, []byte) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// A log large enough for tiles of level 1 to be partial, full, and left behind.
func TestTreeOverThreeLevels(t *testing.T) {
	const n = 256*256 + 300
	l := logtest.New(origin, logtest.Key(1))
	for i := range uint64(n) {
		l.Append(entry(i))
	}
	tr := &liar{Log: l}
	cp := mustOpen(t, l)
	tree := log.NewTree(cp, tr)
	count := uint64(0)
	if err := tree.Entries(0, n, func(i uint64, leaf []byte) error {
		if !bytes.Equal(leaf, entry(i)) {
			return fmt.Errorf("entry %d is %q", i, leaf)
		}
		count++
		return nil
	}); err != nil || count != n {
		t.Fatal(count, err)
	}
	if len(tr.read) > 257+2+8 {
		t.Errorf("%d files read: more than bundles and a few tiles", len(tr.read))
	}
	for _, i := range []uint64{0, 255, 256, 65535, 65536, n - 1} {
		pr, err := tree.Inclusion(i)
		if err != nil {
			t.Fatal(err)
		}
		if err := pr.VerifyUnder(cp, entry(i)); err != nil {
			t.Error(err)
		}
	}
	for _, old := range []uint64{1, 255, 256, 257, 65535, 65536, 65537, n - 1, n} {
		oldCP, err := l.Policy().Open(l.CheckpointAt(old))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tree.Consistency(oldCP); err != nil {
			t.Errorf("from %d: %v", old, err)
		}
	}
}

func TestTreeFindsLies(t *testing.T) {
	const n = 700 // two full bundles and a partial one
	flipLast := func(b []byte) ([]byte, error) { b[len(b)-1] ^= 1; return b, nil }
	cut := func(b []byte) ([]byte, error) { return b[:len(b)-1], nil }
	long := func(b []byte) ([]byte, error) { return append(b, 0), nil }
	gone := func([]byte) ([]byte, error) { return nil, fs.ErrNotExist }
	broken := func([]byte) ([]byte, error) { return nil, errors.New("disk on fire") }
	swap := func(b []byte) ([]byte, error) { // two entries of equal length
		i, j := bytes.Index(b, []byte("entry 10")), bytes.Index(b, []byte("entry 11"))
		b[i+7], b[j+7] = b[j+7], b[i+7]
		return b, nil
	}
	for _, tc := range []struct {
		name, file string
		edit       func([]byte) ([]byte, error)
		index      uint64
		code       marketops.Code
	}{
		{"control", "none", flipLast, 10, ""},
		{"an entry of a full bundle", log.EntriesPath(0, 256), flipLast, 255, marketops.LeafMismatch},
		{"two entries swapped", log.EntriesPath(0, 256), swap, 10, marketops.LeafMismatch},
		{"an entry of the partial bundle", log.EntriesPath(2, 188), flipLast, 699, marketops.LeafMismatch},
		{"bundle cut", log.EntriesPath(1, 256), cut, 300, marketops.LeafMismatch},
		{"bundle too long", log.EntriesPath(1, 256), long, 300, marketops.LeafMismatch},
		{"bundle gone", log.EntriesPath(1, 256), gone, 300, marketops.LogUnavailable},
		{"bundle unreadable", log.EntriesPath(2, 188), broken, 699, marketops.LogUnavailable},
		{"right edge tile", log.TilePath(0, 2, 188), flipLast, 699, marketops.InclusionInvalid},
		{"upper tile", log.TilePath(1, 0, 2), flipLast, 10, marketops.InclusionInvalid},
		{"tile cut", log.TilePath(1, 0, 2), cut, 10, marketops.InclusionInvalid},
		{"tile too long", log.TilePath(0, 2, 188), long, 699, marketops.InclusionInvalid},
		{"tile gone", log.TilePath(1, 0, 2), gone, 10, marketops.LogUnavailable},
		{"tile unreadable", log.TilePath(1, 0, 2), broken, 10, marketops.LogUnavailable},
	} {
		l := filled(n)
		tr := &liar{Log: l, edit: map[string]func([]byte) ([]byte, error){tc.file: tc.edit}}
		_, err := log.NewTree(mustOpen(t, l), tr).Entry(tc.index)
		wantCode(t, tc.name+", entry", err, tc.code)
		err = log.NewTree(mustOpen(t, l), tr).Entries(0, n, func(i uint64, leaf []byte) error {
			if !bytes.Equal(leaf, entry(i)) {
				t.Fatalf("%s: entry %d came as %q", tc.name, i, leaf)
			}
			return nil
		})
		wantCode(t, tc.name+", entries", err, tc.code)
	}
	// A level 0 tile matters to proofs of its entries only.
	l := filled(n)
	tr := &liar{Log: l, edit: map[string]func([]byte) ([]byte, error){log.TilePath(0, 0, 256): flipLast}}
	tree := log.NewTree(mustOpen(t, l), tr)
	_, err := tree.Inclusion(3)
	wantCode(t, "leaf tile", err, marketops.InclusionInvalid)
	_, err = tree.Inclusion(400)
	wantCode(t, "another leaf tile", err, "")
	_, err = tree.LeafHash(3)
	wantCode(t, "leaf hash", err, marketops.InclusionInvalid)
}

func TestTreeUnderAWrongRoot(t *testing.T) {
	l := filled(700)
	raw := l.SignRoot(700, log.LeafHash([]byte("no root")))
	cp, err := l.Policy().Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	tree := log.NewTree(cp, l)
	_, err = tree.Inclusion(3)
	wantCode(t, "inclusion", err, marketops.InclusionInvalid)
	_, err = tree.Entry(3)
	wantCode(t, "entry", err, marketops.InclusionInvalid)
	err = tree.Entries(0, 700, func(i uint64, _ []byte) error { t.Fatal("entry", i); return nil })
	wantCode(t, "entries", err, marketops.InclusionInvalid)
}

func TestTreeConsistencyCodes(t *testing.T) {
	l, fork := filled(300), filled(10)
	for i := range 290 {
		fork.Append(fmt.Appendf(nil, "fork %d", i))
	}
	tree := l.Tree()
	_, err := tree.Consistency(mustOpen(t, fork))
	wantCode(t, "split view", err, marketops.SplitView)
	old, err := fork.Policy().Open(fork.CheckpointAt(200))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tree.Consistency(old)
	wantCode(t, "fork", err, marketops.ConsistencyInvalid)
	l.Append([]byte("more"))
	_, err = tree.Consistency(mustOpen(t, l))
	wantCode(t, "rolled back", err, marketops.LogRolledBack)
	_, err = tree.Consistency(nil)
	wantCode(t, "nothing", err, marketops.ConsistencyInvalid)
}

func TestTreeIsSafeForGoroutines(t *testing.T) {
	tree := filled(700).Tree()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := g; i < 700; i += 37 {
				if _, err := tree.Entry(uint64(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestRecords(t *testing.T) {
	h := log.LeafHash([]byte("leaf"))
	if got, want := log.RecordPath(h), h.String()[:2]+"/"+h.String()+".json"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	store := fstest.MapFS{log.RecordPath(h): {Data: []byte("envelope")}}
	for _, r := range []log.TileReader{store, onlyReadFile{store}} {
		if b, err := log.ReadRecord(r, h); err != nil || string(b) != "envelope" {
			t.Errorf("%q, %v", b, err)
		}
		_, err := log.ReadRecord(r, log.LeafHash(nil))
		wantCode(t, "withheld", err, marketops.RecordWithheld)
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v is not fs.ErrNotExist", err)
		}
	}
	store[log.RecordPath(h)].Data = make([]byte, crypto.MaxEnvelope)
	_, err := log.ReadRecord(store, h)
	wantCode(t, "as long as allowed", err, "")
	store[log.RecordPath(h)].Data = make([]byte, crypto.MaxEnvelope+1)
	for _, r := range []log.TileReader{store, onlyReadFile{store}} {
		_, err = log.ReadRecord(r, h)
		wantCode(t, "too long", err, marketops.LeafMismatch)
	}
}

type onlyReadFile struct{ r log.TileReader }

func (o onlyReadFile) ReadFile(name string) ([]byte, error) { return o.r.ReadFile(name) }

func BenchmarkEntries(b *testing.B) {
	l := logtest.New(origin, logtest.Key(1))
	for i := range 1 << 14 {
		l.Append(bytes.Repeat([]byte{byte(i)}, 453))
	}
	cp := mustOpen(b, l)
	files := cached{}
	for i := range uint64(64) {
		files[log.EntriesPath(i, 256)], _ = l.ReadFile(log.EntriesPath(i, 256))
	}
	files[log.TilePath(1, 0, 64)], _ = l.ReadFile(log.TilePath(1, 0, 64))
	b.ResetTimer()
	n := 0
	for b.Loop() {
		if err := log.NewTree(cp, files).Entries(0, cp.Size, func(uint64, []byte) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
}

type cached map[string][]byte

func (c cached) ReadFile(name string) ([]byte, error) {
	if b, ok := c[name]; ok {
		return b, nil
	}
	return nil, fs.ErrNotExist
}
