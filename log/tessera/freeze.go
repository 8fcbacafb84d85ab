package tessera

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
)

// frozenName is the file below a log's root that says that it takes no more entries.
const frozenName = ".marketops.frozen"

// Freeze closes a log's folder, and with it its record store, for ever: [Open] refuses it from now
// on, and nothing in it can be written by whoever is not root. Its last leaf must have been
// published; that is the caller's to know. It may be repeated.
func Freeze(dir, records string) error {
	f, err := os.OpenFile(filepath.Join(dir, frozenName), os.O_CREATE|os.O_RDONLY, 0o444)
	if err != nil {
		return classify("freeze the log", err)
	}
	if err := errors.Join(f.Close(), durable.SyncDir(dir)); err != nil {
		return classify("freeze the log", err)
	}
	for _, root := range []string{dir, records} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Type()&fs.ModeSymlink != 0 {
				return err
			}
			i, err := d.Info()
			if err != nil {
				return err
			}
			return os.Chmod(path, i.Mode().Perm()&^0o222)
		})
		if err != nil {
			return classify("freeze the log", err)
		}
	}
	return nil
}

// notFrozen refuses a folder that [Freeze] has closed.
func notFrozen(dir string) error {
	_, err := os.Lstat(filepath.Join(dir, frozenName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return classify("open the log", err)
	}
	return &marketops.Failure{Code: marketops.LogUnavailable, What: "the log " + dir + " is frozen and takes no more entries", Next: "serve the log that goes on after it"}
}
