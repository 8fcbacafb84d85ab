package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkMemory audits 100 000 entries with the program as it is shipped. Resident memory may be
// 40 MiB and 64 bytes an entry.
func BenchmarkMemory(b *testing.B) {
	const entries = "100000"
	program, dir := filepath.Join(b.TempDir(), "program"), b.TempDir()
	for _, args := range [][]string{{"build", "-trimpath", "-o", program, "."}, {"run", "../../internal/tools/biglog", "-entries", entries, "-to", dir}} {
		c := exec.Command("go", args...)
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	for b.Loop() {
		c := exec.Command(program, "audit", "--quiet", "--log", filepath.Join(dir, "log"), "--records", filepath.Join(dir, "records"), "--trust", filepath.Join(dir, "trust.json"))
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		kib := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
		b.ReportMetric(float64(kib)/1024, "MiB")
		b.ReportMetric(float64(kib)*1024/100_000, "B/entry")
	}
}
