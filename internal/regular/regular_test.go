package regular_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

// folder is an open folder with the regular file "f" of five bytes in it, and in "sub" another one.
func folder(t *testing.T) (string, *os.Root) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "f"), "12345")
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "sub", "g"), "67890")
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return dir, root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRead: a regular file within its bound is read; a link, also to a file of the same folder or through a linked
// folder, a name that leaves the folder, a folder and a longer file are refused.
func TestRead(t *testing.T) {
	dir, root := folder(t)
	for link, to := range map[string]string{"out": "/etc/hostname", "in": "f", "folder": "sub"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"f": "12345", "sub/g": "67890"} {
		if b, err := regular.Read(root, name, 5); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	for _, name := range []string{"out", "in", "folder/g", "../x", "/etc/hostname", ".", "", "sub", "sub/../f", "f\\x"} {
		if b, err := regular.Read(root, name, 5); b != nil || !errors.Is(err, marketops.FileUnsafe) {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if b, err := regular.Read(root, "f", 4); b != nil || !errors.Is(err, marketops.FileUnsafe) {
		t.Errorf("a file that is too long: %q, %v", b, err)
	}
	if _, err := regular.Read(root, "none", 5); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, marketops.FileUnsafe) {
		t.Errorf("no file: %v", err)
	}
}

// TestWrite replaces a regular file and makes folders; it writes through no link, and takes the place of none.
func TestWrite(t *testing.T) {
	dir, root := folder(t)
	other := filepath.Join(t.TempDir(), "theirs")
	write(t, other, "theirs")
	for link, to := range map[string]string{"out": other, "folder": filepath.Dir(other)} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"f", "new/deep/f"} {
		if err := regular.Write(root, name, []byte("mine")); err != nil {
			t.Error(err)
		}
		if b, err := regular.Read(root, name, 5); err != nil || string(b) != "mine" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	for _, name := range []string{"out", "folder/theirs", "../x", "sub"} {
		if err := regular.Write(root, name, []byte("mine")); !errors.Is(err, marketops.FileUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := os.ReadFile(other); err != nil || string(b) != "theirs" {
		t.Errorf("the file elsewhere: %q, %v", b, err)
	}
}

// TestReadPath follows a link that the user made, and bounds what it reads.
func TestReadPath(t *testing.T) {
	dir, _ := folder(t)
	if err := os.Symlink("f", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		limit int64
		ok    bool
	}{{"f", 5, true}, {"link", 5, true}, {"f", 4, false}, {"sub", 5, false}, {"none", 5, false}} {
		b, err := regular.ReadPath(filepath.Join(dir, c.name), c.limit)
		if (err == nil) != c.ok || c.ok && string(b) != "12345" {
			t.Errorf("%+v: %q %v", c, b, err)
		}
	}
}

// TestEntries: a folder is listed up to its bound; a link to one is none.
func TestEntries(t *testing.T) {
	dir, root := folder(t)
	if err := os.Symlink("sub", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if list, err := regular.Entries(root, ".", 3); err != nil || len(list) != 3 {
		t.Errorf("%v, %v", list, err)
	}
	for name, most := range map[string]int{".": 2, "link": 9, "f": 9} {
		if _, err := regular.Entries(root, name, most); !errors.Is(err, marketops.FileUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCreatePath makes a new file, and never replaces one or follows a link.
func TestCreatePath(t *testing.T) {
	dir, _ := folder(t)
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := regular.CreatePath(filepath.Join(dir, "new"), []byte("x"), 0o600); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"f", "link"} {
		if err := regular.CreatePath(filepath.Join(dir, name), []byte("x"), 0o600); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "elsewhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("written through a link")
	}
}
