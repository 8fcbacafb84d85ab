//go:build unix

package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// verifying returns the processor time of one ed25519.Verify of a record's length. It is asked
// beside each measurement, so that a busy machine slows both.
func verifying() time.Duration {
	public, private, _ := ed25519.GenerateKey(bytes.NewReader(make([]byte, 32)))
	message := make([]byte, 1400)
	sig := ed25519.Sign(private, message)
	const n = 4000
	begun := cpu()
	for range n {
		ed25519.Verify(public, message, sig)
	}
	return (cpu() - begun) / n
}

// store writes the records of a world to a folder and opens it.
func store(t testing.TB, w *logworld.World) *audit.Folder {
	t.Helper()
	dir := t.TempDir()
	for name, b := range w.Store {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := audit.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func grownTo(entries uint64) *logworld.World {
	w := logworld.NewMany()
	w.Grow(entries)
	return w
}

// BenchmarkAudit takes every entry with its signature, from a folder. The measure is processor
// time an entry in units of one ed25519.Verify; at most 1.5 is wanted.
func BenchmarkAudit(b *testing.B) {
	w := grownTo(20_000)
	files, records, trust := kept{w.Log, logworld.Store{}}, store(b, w), w.Trust()
	var spent, unit time.Duration
	for b.Loop() {
		unit += verifying() / 2
		begun := cpu()
		if r := audit.Audit(files, records, trust, audit.Options{}); !r.Verified() {
			b.Fatal(describe(r))
		}
		spent += cpu() - begun
		unit += verifying() / 2
	}
	entry := spent / time.Duration(uint64(b.N)*w.Log.Size())
	b.ReportMetric(float64(entry.Nanoseconds()), "cpu-ns/entry")
	b.ReportMetric(float64(entry)/float64(unit/time.Duration(b.N)), "verifies/entry")
}

// BenchmarkHashes compares leaves with the root alone; 300 000 a second of one core are wanted.
func BenchmarkHashes(b *testing.B) {
	w := grownTo(65_536)
	files, trust := kept{w.Log, logworld.Store{}}, w.Trust()
	var spent time.Duration
	for b.Loop() {
		begun := cpu()
		if r := audit.Audit(files, w.Store, trust, audit.Options{HashOnly: true}); r.Verdict != verifier.Indeterminate {
			b.Fatal(describe(r))
		}
		spent += cpu() - begun
	}
	b.ReportMetric(float64(uint64(b.N)*w.Log.Size())/spent.Seconds(), "entries/cpu-s")
}
