//go:build unix

package faults

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOrders: an order strikes once, at the passing that it names, counted from when it is seen, and
// every point passed is noted. That kill and pause do what they say the crash points' test sees.
func TestOrders(t *testing.T) {
	dir = t.TempDir()
	give := func(line string) {
		if err := os.WriteFile(filepath.Join(dir, "order"), []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pass := func(struck bool, parts ...string) {
		t.Helper()
		if err := After(nil, parts...); errors.Is(err, syscall.EIO) != struck || (err != nil) != struck {
			t.Errorf("%q: %v", parts, err)
		}
	}
	pass(false, "S4.after")
	give("S4.after 2 error first")
	pass(false, "S4.after")
	pass(false, "github.send", "POST", "make the tag/v1")
	pass(true, "S4.after")
	pass(false, "S4.after")
	give("github.send.POST.make-the-tag 1 error second")
	pass(true, "github.send", "POST", "make the tag/v1")
	give("core.call.claim 1 error third")
	pass(true, "core.call", "/v1/claim")
	if err := After(syscall.ENOSPC, "S4.after"); err != syscall.ENOSPC {
		t.Errorf("an error became %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "struck"))
	if want := "S4.after 2 error first\ngithub.send.POST.make-the-tag 1 error second\ncore.call.claim 1 error third\n"; err != nil || string(b) != want {
		t.Errorf("struck: %q, %v", b, err)
	}
	if noted, err := os.ReadFile(filepath.Join(dir, "hits")); err != nil || len(noted) == 0 {
		t.Errorf("hits: %q, %v", noted, err)
	}
}
