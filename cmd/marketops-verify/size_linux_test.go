package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxProgram is how large the program may be as it is shipped, in bytes: small enough to read with
// a debugger and to carry on anything.
const maxProgram = 4_500_000

// makeVerifier builds the program as the Makefile does.
func makeVerifier(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	c := exec.Command("make", "-C", "../..", "verifier", "BIN="+dir, "VERSION="+version)
	c.Env = append(os.Environ(), "GOFLAGS=", "GOARCH=amd64")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "marketops-verify")
}

func TestSize(t *testing.T) {
	info, err := os.Stat(makeVerifier(t, "v0.0.0-123-g0123456789ab-dirty"))
	if err != nil || info.Size() > maxProgram {
		t.Errorf("%d bytes, at most %d: %v", info.Size(), maxProgram, err)
	}
}

// TestVersions: the program says which version it is, and refuses a resume file of another version.
func TestVersions(t *testing.T) {
	s := newStage(t, live)
	state := filepath.Join(s.dir, "state")
	programs := map[string]string{"v1.0.0": makeVerifier(t, "v1.0.0"), "v1.0.1": makeVerifier(t, "v1.0.1")}
	for version, program := range programs {
		for _, word := range []string{"version", "--version"} {
			if out, err := exec.Command(program, word).Output(); err != nil || string(out) != "marketops-verify "+version+"\n" {
				t.Errorf("%s: %q %v", word, out, err)
			}
		}
	}
	audit := func(version string, exit int, says string) {
		t.Helper()
		line := strings.ReplaceAll(auditAll+" --resume @state", "@", s.dir+string(filepath.Separator))
		c := exec.Command(programs[version], strings.Fields(line)...)
		out, _ := c.CombinedOutput()
		if c.ProcessState == nil || c.ProcessState.ExitCode() != exit || !strings.Contains("\n"+string(out), says) {
			t.Errorf("%s: %v, want exit code %d and %q\n%s", version, c.ProcessState, exit, says, out)
		}
	}
	audit("v1.0.0", 0, "\nverified")
	audit("v1.0.0", 0, "taken from the resume file")
	audit("v1.0.1", 11, "written for another version of the program: remove it to start over")
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	audit("v1.0.1", 0, "\nverified")
}
