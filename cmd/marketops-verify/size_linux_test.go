package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// maxProgram is how large the program may be as it is shipped, in bytes: small enough to read with
// a debugger and to carry on anything.
const maxProgram = 4 << 20

func TestSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOARCH=amd64")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > maxProgram {
		t.Errorf("%d bytes, at most %d: %v", info.Size(), maxProgram, err)
	}
}
