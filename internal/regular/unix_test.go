//go:build unix

package regular_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

// TestSpecialFiles: a pipe without a writer and a device are refused at once, by each way to open a file; so is a
// pipe that takes the place of a file between the look and the open.
func TestSpecialFiles(t *testing.T) {
	dir, root := folder(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"below":  func() error { _, err := regular.Read(root, "pipe", 5); return err },
		"opened": func() error { _, _, err := regular.OpenAs(root, "pipe", os.O_RDONLY, nil); return err },
		"path":   func() error { _, err := regular.ReadPath(filepath.Join(dir, "pipe"), 5); return err },
		"device": func() error { _, err := regular.ReadPath("/dev/zero", 5); return err },
		"written": func() error {
			_, _, err := regular.OpenAs(root, "pipe", os.O_RDWR|os.O_CREATE, nil)
			return err
		},
	} {
		done := make(chan error, 1)
		go func() { done <- read() }()
		select {
		case err := <-done:
			if !errors.Is(err, marketops.FileUnsafe) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: it waits", name)
		}
	}
}

// TestReplacedOften: a file that its owner replaces whole, again and again, is read each time.
func TestReplacedOften(t *testing.T) {
	dir, root := folder(t)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_ = regular.Write(root, "f", []byte("again"))
			}
		}
	}()
	for range 300 {
		_, below := regular.Read(root, "f", 100)
		_, path := regular.ReadPath(filepath.Join(dir, "f"), 100)
		if err := errors.Join(below, path); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	<-done
}

// TestReplaced: what was opened must be what was looked at.
func TestReplaced(t *testing.T) {
	dir, root := folder(t)
	before, err := regular.Look(root, "f")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "new"), "other")
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := regular.OpenAs(root, "f", os.O_RDONLY, before); !errors.Is(err, marketops.FileUnsafe) {
		t.Error(err)
	}
	now, err := regular.Look(root, "f")
	if err != nil {
		t.Fatal(err)
	}
	if f, _, err := regular.OpenAs(root, "f", os.O_RDONLY, now); err != nil || f.Close() != nil {
		t.Error(err)
	}
}

// TestLargeFile: a file of 3 GB is refused before a byte of it is read.
func TestLargeFile(t *testing.T) {
	dir, root := folder(t)
	if err := os.Truncate(filepath.Join(dir, "f"), 3<<30); err != nil {
		t.Fatal(err)
	}
	if _, err := regular.Read(root, "f", 1<<20); !errors.Is(err, marketops.FileUnsafe) || !strings.Contains(err.Error(), "3221225472") {
		t.Error(err)
	}
}

// TestOwner: a file that group or others can write, or that another user owns, is refused with the command that
// helps; a secret also where they can read it. Files of this user and of root are read.
func TestOwner(t *testing.T) {
	dir, _ := folder(t)
	path := filepath.Join(dir, "f")
	both := func(string) []error {
		_, owned := regular.ReadOwned(path, 5)
		_, private := regular.ReadPrivate(path, 5)
		return []error{owned, private}
	}
	for mode, want := range map[os.FileMode][2]string{
		0o600: {}, 0o400: {}, 0o644: {"", "chmod 600 " + path}, 0o640: {"", "chmod 600 " + path},
		0o620: {"chmod go-w " + path, "chmod 600 " + path}, 0o602: {"chmod go-w " + path, "chmod 600 " + path},
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		for i, err := range both(path) {
			if want[i] == "" && err != nil || want[i] != "" && (!errors.Is(err, marketops.FileUnsafe) || !strings.Contains(err.Error(), want[i])) {
				t.Errorf("%04o, %d: %v", mode, i, err)
			}
		}
	}
	if os.Geteuid() != 0 { // only root can give a file away
		return
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Fatal(err)
	}
	for _, err := range both(path) {
		if !errors.Is(err, marketops.FileUnsafe) || !strings.Contains(err.Error(), "another user") {
			t.Error(err)
		}
	}
}

// TestOwnFiles: each file of a folder, and the folder itself, is the user's own.
func TestOwnFiles(t *testing.T) {
	dir, _ := folder(t)
	if err := os.Symlink("f", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if got, err := regular.OwnFiles(dir, 9); err != nil || len(got) != 2 || got["f"] == nil || got["link"] == nil {
		t.Errorf("%v, %v", got, err)
	}
	for name, spoil := range map[string]func(dir string) error{
		"file":   func(dir string) error { return os.Chmod(filepath.Join(dir, "f"), 0o666) },
		"folder": func(dir string) error { return os.Chmod(dir, 0o777) },
		"pipe":   func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "p"), 0o600) },
		"many":   func(dir string) error { return os.WriteFile(filepath.Join(dir, "third"), nil, 0o600) },
	} {
		dir, _ := folder(t)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := regular.OwnFiles(dir, 2); !errors.Is(err, marketops.FileUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
