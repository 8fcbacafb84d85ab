//go:build unix

package durable_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/omega/marketops/internal/durable"
)

// TestUnlock: what was let go can be taken at once, also while children are being started.
func TestUnlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				if err := exec.Command("true").Run(); err != nil {
					t.Error("no child was started, so nothing was tested:", err)
					return
				}
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	for range 20_000 {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := durable.Lock(f); err != nil {
			t.Fatal(err)
		}
		if err := durable.Unlock(f); err != nil {
			t.Fatal(err)
		}
	}
}
