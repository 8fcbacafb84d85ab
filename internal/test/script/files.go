package script

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// eachFile calls look with every regular file at or below a path. A Core may be at work there: what it has
// removed since the folder was read is passed over.
func eachFile(ts *testscript.TestScript, root string, look func(path string, text []byte)) {
	root = ts.MkAbs(root)
	_, err := os.Stat(root)
	ts.Check(err)
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var text []byte
			if text, err = os.ReadFile(path); err == nil {
				look(path, text)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}))
}
