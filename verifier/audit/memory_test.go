//go:build !race

package audit_test

import (
	"runtime"
	"testing"

	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/lifetest"
)

// TestMemory: what an audit keeps grows by less than 64 bytes an entry. The control keeps every run
// at hand, and grows by more.
func TestMemory(t *testing.T) {
	const from, to, most = 17_000, 25_000, 64 // entries; below lies what does not grow with the log
	w := lifetest.NewMany()
	w.Grow(to + 1000)
	files := kept{w.Log, lifetest.Store{}}
	grown := func(o audit.Options) float64 {
		var at []uint64
		o.Workers = 1
		o.Progress = func(done, _ uint64) {
			if len(at) == 0 && done >= from || len(at) == 1 && done >= to {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				at = append(at, m.HeapAlloc)
			}
		}
		if r := audit.Audit(files, w.Store, w.Trust(), o); !r.Verified() || len(at) != 2 {
			t.Fatal(describe(r), at)
		}
		return float64(int64(at[1]-at[0])) / (to - from) // the rest of both is the same
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
