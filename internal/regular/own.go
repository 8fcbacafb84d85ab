package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// RequireOwnFolder is [RequireOwner] of the folder at a path.
func RequireOwnFolder(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return requireOwner(root, dir, ".")
}

func requireOwner(root *os.Root, dir, name string) error {
	fi, err := root.Stat(name)
	if err != nil {
		return err
	}
	return RequireOwner(filepath.Join(dir, name), fi)
}

// OwnFiles returns the files of a folder by name, at most so many. Folder and files are the user's own
// ([RequireOwner]), and there is nothing in it but files and folders. A link is taken for what it leads to, which is in the
// folder.
func OwnFiles(dir string, most int) (map[string]fs.FileInfo, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := requireOwner(root, dir, "."); err != nil {
		return nil, err
	}
	list, err := Entries(root, ".", most)
	if err != nil {
		return nil, err
	}
	out := map[string]fs.FileInfo{}
	for _, e := range list {
		path := filepath.Join(dir, e.Name())
		fi, err := root.Stat(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile, or the link that an editor locks a file with
		}
		if err == nil {
			err = RequireOwner(path, fi)
		}
		switch {
		case err != nil:
			return nil, err
		case fi.Mode().IsRegular():
			out[e.Name()] = fi
		case !fi.IsDir():
			return nil, refuse("%s is not a regular file: it is %s", path, Kind(fi))
		}
	}
	return out, nil
}
