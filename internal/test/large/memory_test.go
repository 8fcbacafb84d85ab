//go:build large

package large

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

const (
	largest   = 2<<30 - 1 // bytes, the largest file that GitHub takes
	maxMemory = 64 << 10  // KiB, of any process
)

// peak runs a command and returns the most memory that it had until 20 ms before its end, in KiB. What wait4 says of it is at
// least what this process had when it began the other.
func (w *world) peak(args ...string) (kib int64) {
	w.Helper()
	p, err := w.Start(w.Command(w.ctx, "marketops", args...), "")
	must(w.T, err)
	for !p.Ended() {
		kib = max(kib, high(p.PID()))
		time.Sleep(20 * time.Millisecond)
	}
	if state := p.Wait(); !state.Success() {
		w.T.Fatalf("%v: %s\n%s", args, state, p)
	}
	return kib
}

// high is the most memory that a running process has had, in KiB; 0 of one that has ended.
func high(pid int) (kib int64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	return kib
}

// TestLargestFile plans and publishes a file of 2 GiB less one byte. No process holds more than a part of it in memory. The
// control is that the practice GitHub has the whole of it.
func TestLargestFile(t *testing.T) {
	w := newWorld(t, testenv.Quick, 1)
	w.write("dist/image.bin", "the beginning")
	must(t, os.Truncate(w.Path("dist/image.bin"), largest))
	used := map[string]int64{"plan": w.peak("plan", "-o", "run")}
	w.run("submit", "run")
	w.run("approve", "run", "--key", "alice.pem")
	w.run("authorize", "run")
	used["publish"] = w.peak("publish", "run", "--mode", "prod")
	used["the practice GitHub"], used["the Core"] = high(w.GitHub.PID()), high(w.Core.PID())
	for name, kib := range used {
		t.Logf("%s: at most %d MiB", name, kib>>10)
		if kib == 0 || kib > maxMemory {
			t.Errorf("%s had %d KiB of memory, want at most %d", name, kib, maxMemory)
		}
	}
	for _, e := range seen[effect](w, "effects") {
		if e.Kind == "asset-uploaded" && e.Object == "sha256:"+w.sum("dist/image.bin") {
			return
		}
	}
	t.Error("the file is not on GitHub")
}

// sum is the SHA-256 of a file, by the system's own tool.
func (w *world) sum(name string) string {
	w.Helper()
	out, err := exec.Command("sha256sum", w.Path(name)).Output()
	must(w.T, err)
	return strings.Fields(string(out))[0]
}
