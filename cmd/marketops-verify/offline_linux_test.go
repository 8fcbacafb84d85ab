package main

import (
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// build returns a program as it would be shipped: one file that needs no other.
func build(t *testing.T, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	c := exec.Command("go", "build", "-o", path, source)
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// withoutNetwork returns a command that runs where there is no network at all: in a network namespace of
// its own, which holds nothing but a loopback device that is down.
func withoutNetwork(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	return c
}

// TestOffline runs the real binary without a network, an environment and a home.
func TestOffline(t *testing.T) {
	devices, err := withoutNetwork("cat", "/proc/self/net/dev").Output()
	if errors.Is(err, syscall.EPERM) && os.Getenv("CI") == "" {
		t.Skip("this kernel allows no network namespace; in CI that is a failure:", err)
	}
	if lines := strings.Split(strings.TrimSpace(string(devices)), "\n"); err != nil || len(lines) != 3 || !strings.Contains(lines[2], "lo:") {
		t.Fatalf("there is a network left: %v\n%s", err, devices)
	}
	program := build(t, ".")
	s := newStage(t, live)
	for _, tc := range []struct {
		name, line, says string
		exit             int
	}{
		{"pack", "@w.mopack --trust @trust.json --at 2026-03-01T13:00:00Z", "\nverified", 0},
		{"log", "audit --log @log --records @records --trust @trust.json --operations @operations", "\nverified", 0},
		{"pack of a stranger", "@w.mopack --trust @stranger.json --at 2026-03-01T13:00:00Z", "trust-missing", 11},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := strings.ReplaceAll(tc.line, "@", s.dir+string(filepath.Separator))
			c := withoutNetwork(program, strings.Fields(line)...)
			c.Env, c.Dir = []string{}, string(filepath.Separator)
			out, err := c.CombinedOutput()
			if c.ProcessState == nil || c.ProcessState.ExitCode() != tc.exit || !strings.Contains("\n"+string(out), tc.says) {
				t.Errorf("%v, want exit code %d and %q\n%s", err, tc.exit, tc.says, out)
			}
		})
	}
}

// countSymbols counts the symbols of each of these packages in a Linux program, and demands that no
// library is loaded at its start.
func countSymbols(t *testing.T, path string, packages ...string) map[string]int {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, sym := range symbols {
		for _, p := range packages {
			if strings.HasPrefix(sym.Name, p+".") {
				found[p]++
			}
		}
	}
	if libs, err := f.ImportedLibraries(); err != nil || len(libs) != 0 {
		t.Errorf("libraries %q, %v", libs, err)
	}
	return found
}

const caller = `package main

import (
	"net"
	"os/exec"
)

func main() {
	net.Dial("tcp", "")
	exec.Command("").Run()
}
`

// TestNoNetworkInBinary looks into what is shipped: nothing is left of a package that opens
// connections or starts programs. A program that does both is the control.
func TestNoNetworkInBinary(t *testing.T) {
	forbidden := []string{"net", "net/http", "crypto/tls", "os/exec", "plugin"}
	found := countSymbols(t, build(t, "."), append(forbidden, "main", "crypto/ed25519")...)
	for _, p := range forbidden {
		if found[p] > 0 {
			t.Errorf("%d symbols of %s are linked", found[p], p)
		}
	}
	if found["main"] == 0 || found["crypto/ed25519"] == 0 {
		t.Errorf("what must be there is not found: %v", found)
	}
	source := filepath.Join(t.TempDir(), "caller.go")
	if err := os.WriteFile(source, []byte(caller), 0o600); err != nil {
		t.Fatal(err)
	}
	if control := countSymbols(t, build(t, source), forbidden...); control["net"] == 0 || control["os/exec"] == 0 {
		t.Errorf("a program that uses them is not told from one that does not: %v", control)
	}
}
