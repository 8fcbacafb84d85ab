//go:build unix

package plan

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops"
)

// A pipe without a writer would hold an open for ever, so this test ends only if none is opened.
func TestSpecialFilesAreNotAssets(t *testing.T) {
	f := newFixture(t)
	f.tag().Kind = "none"
	if err := syscall.Mkfifo(filepath.Join(f.dir, "dist/pipe.tar.gz"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(f.dir, "s.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f.release().Assets = patterns("dist/pipe.tar.gz", "s.tar.gz")
	f.release().Notes = "dist/pipe.tar.gz"
	r, _ := f.run(f.options())
	if r == nil {
		t.Fatal("no run")
	}
	got := codes(r.Plan)
	if !slices.Equal(got, []string{"1 source-unreadable", "1 asset-unsafe", "1 asset-unsafe", "2 rule-denied"}) {
		t.Errorf("rejected are %q", got)
	}
	for i, want := range []string{"a pipe", "a pipe", "a socket"} {
		if !strings.Contains(r.Plan.Rejected[i].Reason, want) {
			t.Errorf("reason %d is %q", i, r.Plan.Rejected[i].Reason)
		}
	}
}

// TestSpecialFilesAreNotContent: what became a pipe or a socket since it was planned is not opened.
func TestSpecialFilesAreNotContent(t *testing.T) {
	for name, become := range map[string]func(string) error{
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		f := newFixture(t)
		r := f.planned()
		path := filepath.Join(f.dir, "dist/SHA256SUMS")
		if err := errors.Join(os.Remove(path), become(path)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, r, 1)[0]; !got.Measured.IsZero() || got.Problem == "" || got.Size() != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestJournalOfOthers: a journal that others can write is not worked with; the control is the same one closed to them.
func TestJournalOfOthers(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	path := filepath.Join(r.Dir, journalName)
	r.Close()
	for mode, want := range map[os.FileMode]marketops.Code{0o620: marketops.FileUnsafe, 0o602: marketops.FileUnsafe, 0o644: ""} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		again, err := Open(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Journal(time.Now); marketops.CodeOf(err) != want {
			t.Errorf("%04o: %v", mode, err)
		}
		again.Close()
	}
}
