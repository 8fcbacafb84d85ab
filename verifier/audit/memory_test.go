//go:build !race

package audit_test

import (
	"cmp"
	"math"
	"runtime"
	"testing"

	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier/audit"
)

// TestMemory: what an audit keeps grows by less than 64 bytes an entry. The control keeps every run
// at hand, and grows by more.
func TestMemory(t *testing.T) {
	const from, to, span, most = 17_000, 33_000, 3000, 64 // entries; below lies what does not grow with the log
	const looks = 200                                     // at each of the two; a look collects garbage, which takes long
	w := logworld.NewMany()
	w.Grow(to + span + 500)
	files := kept{w.Log, logworld.Store{}}
	grown := func(o audit.Options) float64 {
		next := map[uint64]uint64{from: from, to: to}
		low := map[uint64]uint64{} // the least held while the entries after one were read: what is on its way differs
		o.Workers = 1
		o.Progress = func(done, _ uint64) {
			for _, start := range []uint64{from, to} {
				if done >= next[start] && done < start+span {
					next[start] = done + span/looks
					low[start] = min(held(), cmp.Or(low[start], math.MaxUint64))
				}
			}
		}
		if r := audit.Audit(files, w.Store, w.Trust(), o); !r.Verified() || len(low) != 2 {
			t.Fatal(describe(r), low)
		}
		return float64(int64(low[to]-low[from])) / (to - from) // the rest of both is the same
	}
	audit.Audit(files, w.Store, w.Trust(), audit.Options{HashOnly: true}) // the files are made once
	if n := grown(audit.Options{}.Keeping(256)); n > most {
		t.Errorf("%.0f bytes an entry, at most %d", n, most)
	} else {
		t.Logf("%.0f bytes an entry", n)
	}
	if n := grown(audit.Options{}.Remembering()); n <= most {
		t.Errorf("%.0f bytes an entry while every run is kept: this test finds nothing", n)
	}
}

func held() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
