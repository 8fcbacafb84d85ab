package audit

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/omega/marketops/log"
)

// Folder reads the files of a log or a record store from a directory. It follows no link out of
// it, opens regular files only, and reads at most [log.MaxBundle] bytes of one and one more.
type Folder struct{ root *os.Root }

// OpenFolder opens a directory.
func OpenFolder(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root}, nil
}

// Close releases the directory.
func (f *Folder) Close() error { return f.root.Close() }

// ReadFile implements [log.TileReader].
func (f *Folder) ReadFile(name string) ([]byte, error) {
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, log.MaxBundle+1))
}
