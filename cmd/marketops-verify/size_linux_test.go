package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// maxProgram is how large the program may be as it is shipped, in bytes: small enough to read with
// a debugger and to carry on anything.
const maxProgram = 4_000_000

func TestSize(t *testing.T) {
	dir := t.TempDir()
	c := exec.Command("make", "-C", "../..", "verifier", "BIN="+dir)
	c.Env = append(os.Environ(), "GOFLAGS=", "GOARCH=amd64")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(filepath.Join(dir, "marketops-verify"))
	if err != nil || info.Size() > maxProgram {
		t.Errorf("%d bytes, at most %d: %v", info.Size(), maxProgram, err)
	}
}
