package regular

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/omega/marketops/internal/durable"
)

// Dir reads the regular files of a folder, each of at most Limit bytes. It implements [log.TileReader].
type Dir struct {
	Path  string
	Limit int64
}

// ReadFile is [Read] below the folder.
func (d Dir) ReadFile(name string) ([]byte, error) {
	root, err := os.OpenRoot(d.Path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return Read(root, name, d.Limit)
}

// Resolve returns a path without symbolic links.
func Resolve(path string) (string, error) { return filepath.EvalSymlinks(path) }

// WritePath writes a result to the path that the user asked for, mode 0644: a file that it makes or replaces, or
// a pipe.
func WritePath(path string, data []byte) error { return os.WriteFile(path, data, 0o644) }

// CreatePath makes a new file with this mode, durably, or leaves none. It follows no link and replaces nothing:
// the error is [fs.ErrExist] then.
func CreatePath(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close(), durable.SyncDir(filepath.Dir(path))); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
