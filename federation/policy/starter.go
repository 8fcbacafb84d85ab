package policy

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
)

//go:embed starter
var starter embed.FS

// Starter returns the bundle that init writes out: one approval for every kind, asked for by a
// person of the group "requesters"; no approval of oneself; examples of a freeze and of observed facts.
func Starter() fs.FS {
	sub, err := fs.Sub(starter, "starter")
	if err != nil {
		panic("policy: the starter bundle is not linked in")
	}
	return sub
}

// WriteStarter writes the starter bundle into the folder dir, which it makes. It never
// replaces a file; errors are [marketops.ConfigInvalid].
func WriteStarter(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return marketops.RefuseErr(marketops.ConfigInvalid, "policy folder", err)
	}
	files, names, err := read(Starter())
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := create(filepath.Join(dir, name), files[name]); err != nil {
			return marketops.RefuseErr(marketops.ConfigInvalid, "policy file", err)
		}
	}
	return nil
}

func create(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
