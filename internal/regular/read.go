package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
)

// Read reads a file that [Open] opens, of at most limit bytes.
func Read(root *os.Root, name string, limit int64) ([]byte, error) {
	f, fi, err := Open(root, name)
	if err != nil {
		return nil, err
	}
	return readAll(f, fi, limit)
}

// ReadPath reads a file that [OpenPath] opens, of at most limit bytes.
func ReadPath(path string, limit int64) ([]byte, error) {
	f, fi, err := OpenPath(path)
	if err != nil {
		return nil, err
	}
	return readAll(f, fi, limit)
}

// ReadOwned is [ReadPath] of a file that decides something: see [RequireOwner].
func ReadOwned(path string, limit int64) ([]byte, error) {
	f, fi, err := OpenPath(path)
	if err != nil {
		return nil, err
	}
	if err := RequireOwner(path, fi); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return readAll(f, fi, limit)
}

// ReadPrivate is [ReadOwned] of a secret, which no other user may read either.
func ReadPrivate(path string, limit int64) ([]byte, error) {
	f, fi, err := OpenPath(path)
	if err != nil {
		return nil, err
	}
	if err := requirePrivate(path, fi); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return readAll(f, fi, limit)
}

// readAll reads and closes a file. One that is too large is not read; one that grows meanwhile is cut off.
func readAll(f *os.File, fi fs.FileInfo, limit int64) ([]byte, error) {
	defer f.Close()
	if fi.Size() > limit {
		return nil, refuse("it has %d bytes, at most %d", fi.Size(), limit)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = refuse("it has more than %d bytes", limit)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Write replaces a file below root whole or not at all, with mode 0600, and waits until it is on disk.
// Folders are made. What it replaces must be a regular file.
func Write(root *os.Root, name string, data []byte) error {
	if err := IsFree(root, name); err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	return durable.WriteIn(root, name, data)
}

// LookFolder reports an error unless name is a folder below root, and no link to one.
func LookFolder(root *os.Root, name string) error {
	fi, err := root.Lstat(name)
	if err == nil && !fi.IsDir() {
		err = refuse("not a folder: it is %s", Kind(fi))
	}
	return err
}

// Entries returns what is in a folder below root, which is no link: at most so many names.
func Entries(root *os.Root, name string, most int) ([]fs.DirEntry, error) {
	if err := LookFolder(root, name); err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|dontWait, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := f.ReadDir(most + 1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil && len(list) > most {
		err = refuse("it holds more than %d names", most)
	}
	return list, err
}

// EntriesPath is [Entries] of a folder that the user named.
func EntriesPath(dir string, most int) ([]fs.DirEntry, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return Entries(root, ".", most)
}

// CodeOf returns [marketops.FileUnsafe] for what this package refused, and the other code for any other error.
func CodeOf(err error, other marketops.Code) marketops.Code {
	if errors.Is(err, marketops.FileUnsafe) {
		return marketops.FileUnsafe
	}
	return other
}
