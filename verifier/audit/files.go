package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/omega/marketops"
)

// StateFile keeps the state of an audit in one file, for [Options.State] and [Options.Save].
type StateFile string

// Load returns what was saved, or nil if there is no such file yet. It refuses a file that others
// may write: they would decide what the audit believes.
func (f StateFile) Load() ([]byte, error) {
	info, err := os.Stat(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > MaxState || runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%s is no regular file that its owner alone may write (mode 0600)", string(f))
	}
	b, err := os.ReadFile(string(f))
	if err == nil && b == nil {
		b = []byte{}
	}
	return b, err
}

// Save replaces the file as a whole, so that a crash leaves the old state or the new one.
func (f StateFile) Save(write func(io.Writer) error) error { return replace(string(f), write) }

func replace(path string, write func(io.Writer) error) error {
	t, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(t.Name())
	w := bufio.NewWriterSize(t, 1<<16)
	if err := errors.Join(write(w), w.Flush(), t.Sync(), t.Close()); err != nil {
		return err
	}
	if err := os.Rename(t.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename durable, where folders can be synced.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// KeepEvidence writes evidence to a new file in a folder, under a name that follows from what is in
// it, and returns the path.
func KeepEvidence(dir string, evidence []byte) (string, error) {
	path := filepath.Join(dir, "fork-"+marketops.DigestOf(evidence).Hex()[:16]+".json")
	return path, replace(path, func(w io.Writer) error {
		_, err := w.Write(evidence)
		return err
	})
}
