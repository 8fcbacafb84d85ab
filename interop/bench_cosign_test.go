//go:build cosign && linux

package interop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier/sigstore"
)

// BenchmarkProcess starts marketops-verify on the pack of one receipt and on its bundle, and cosign on that
// bundle, in turns. It says how many milliseconds of processor time each takes, how many times faster
// we are by it and by the clock on the wall, and how much memory each holds at most.
func BenchmarkProcess(b *testing.B) {
	bin := b.TempDir()
	verifier := filepath.Join(bin, "marketops-verify")
	if out, err := exec.Command("make", "-C", "..", "verifier", "BIN="+bin).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	path := os.Getenv("MARKETOPS_COSIGN")
	if path == "" {
		b.Fatal("MARKETOPS_COSIGN does not name a cosign to compare with: make interop builds one")
	}
	dir, set := oneReceipt(b)
	one := set.Signed[0]
	programs := []*program{
		{dir: dir, name: "pack", words: []string{verifier, "one.mopack", "--trust", "trust.json", "--quiet"}, says: "verified"},
		{dir: dir, name: "bundle", words: []string{verifier, one.BundleFile, "--trust", "trust.json", "--quiet"}, says: "verified"},
		{dir: dir, name: "cosign", words: []string{path, "verify-blob-attestation", "--key", one.KeyFile, "--bundle", one.BundleFile,
			"--trusted-root", sigstore.RootFile, "--type", set.PredicateType, sigstore.OperationFile}, says: "Verified OK"},
	}
	for b.Loop() {
		for _, p := range programs {
			p.run(b)
		}
	}
	for _, p := range programs {
		b.ReportMetric(p.busy.Seconds()*1000/float64(b.N), p.name+"-ms")
		b.ReportMetric(p.peak(b), p.name+"-MiB")
	}
	pack, bundle, cosigned := programs[0], programs[1], programs[2]
	b.ReportMetric(cosigned.busy.Seconds()/pack.busy.Seconds(), "pack-times-cosign")
	b.ReportMetric(cosigned.busy.Seconds()/bundle.busy.Seconds(), "bundle-times-cosign")
	b.ReportMetric(cosigned.took.Seconds()/pack.took.Seconds(), "pack-wall-times-cosign")
	b.ReportMetric(0, "ns/op")
}

// oneReceipt writes the pack of one receipt, from submission to seal, and what is exported of it.
func oneReceipt(b *testing.B) (dir string, set *sigstore.Set) {
	w := logworld.New()
	w.Live()
	set, err := sigstore.New(w.Pack(), w.Trust(), w.Now, w.Digest(0), sigstore.Receipt)
	if err != nil {
		b.Fatal(err)
	}
	dir = b.TempDir()
	for name, text := range map[string][]byte{"one.mopack": w.PackBytes(), "trust.json": w.TrustBytes(), sigstore.OperationFile: set.Operation,
		sigstore.RootFile: set.Root, set.Signed[0].BundleFile: set.Signed[0].Bundle, set.Signed[0].KeyFile: set.Signed[0].Key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir, set
}

type program struct {
	dir        string
	name, says string
	words      []string
	busy, took time.Duration
}

func (p *program) command(out *bytes.Buffer) *exec.Cmd {
	c := exec.Command(p.words[0], p.words[1:]...)
	c.Dir, c.Env, c.Stdout, c.Stderr = p.dir, []string{"HOME=" + p.dir}, out, out
	return c
}

// run counts only runs that verified: a refusal is quick.
func (p *program) run(b *testing.B) {
	var out bytes.Buffer
	c := p.command(&out)
	start := time.Now()
	err := c.Run()
	p.took += time.Since(start)
	p.busy += c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if err != nil || !strings.Contains(out.String(), p.says) {
		b.Fatalf("%s: %v\n%s", p.name, err, out.String())
	}
}

// peak returns the most memory that the program held, in MiB. The kernel's own figure for a child
// begins with what its parent held, so the program is stopped where it exits and asked there.
func (p *program) peak(b *testing.B) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := p.command(new(bytes.Buffer))
	c.Stdout, c.Stderr = nil, nil
	c.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	pid := c.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		b.Fatal("it did not stop where it began:", err)
	}
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACEEXIT); err != nil {
		b.Fatal(err)
	}
	most := 0.0
	for signal := 0; ; {
		if err := syscall.PtraceCont(pid, signal); err != nil {
			b.Fatal(err)
		}
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			b.Fatal(err)
		}
		if signal = 0; status.Exited() || status.Signaled() {
			if status.ExitStatus() != 0 {
				b.Fatalf("%s: %v", p.name, status.ExitStatus())
			}
			return most
		}
		if status.TrapCause() == syscall.PTRACE_EVENT_EXIT {
			most = high(b, pid)
		} else if signal = int(status.StopSignal()); signal == int(syscall.SIGTRAP) {
			signal = 0
		}
	}
}

func high(b *testing.B, pid int) (mib float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if n, err := fmt.Sscanf(line, "VmHWM: %f kB", &mib); n == 1 && err == nil {
			return mib / 1024
		}
	}
	b.Fatal("its memory is not told")
	return 0
}
