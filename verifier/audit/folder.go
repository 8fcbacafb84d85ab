package audit

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/omega/marketops/log"
)

// Folder reads the files of a log or a record store from a directory. It follows no link out of
// it, opens regular files only, and reads at most [log.MaxBundle] bytes of one and one more. It may
// be used by several goroutines.
type Folder struct {
	root *os.Root

	mu   sync.Mutex
	subs map[string]*os.Root // by name, the folders of a record store; guarded by mu
}

// OpenFolder opens a directory.
func OpenFolder(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root: root, subs: map[string]*os.Root{}}, nil
}

// Close releases the directory.
func (f *Folder) Close() error {
	for _, sub := range f.subs {
		_ = sub.Close()
	}
	return f.root.Close()
}

// ReadFile implements [log.TileReader].
func (f *Folder) ReadFile(name string) ([]byte, error) {
	root := f.root
	if dir, file, found := strings.Cut(name, "/"); found && len(dir) == 2 {
		sub, err := f.sub(dir)
		if err != nil {
			return nil, err
		}
		root, name = sub, file
	}
	file, err := root.OpenFile(name, os.O_RDONLY|dontWait, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	return read(file, info.Size())
}

// sub keeps the 256 folders of a record store open: most of the cost of a read is the way to it.
func (f *Folder) sub(dir string) (*os.Root, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if sub := f.subs[dir]; sub != nil {
		return sub, nil
	}
	sub, err := f.root.OpenRoot(dir)
	if err == nil {
		f.subs[dir] = sub
	}
	return sub, err
}

// read reads a regular file of this size in one go. If it grew meanwhile, what is missing shows.
func read(file io.Reader, size int64) ([]byte, error) {
	b := make([]byte, min(size, log.MaxBundle)+1)
	n, err := file.Read(b)
	if err == io.EOF || err == nil && int64(n) == size {
		return b[:n], nil
	}
	if err != nil {
		return nil, err
	}
	more, err := io.ReadAll(io.LimitReader(file, log.MaxBundle+1-int64(n)))
	return append(b[:n], more...), err
}
