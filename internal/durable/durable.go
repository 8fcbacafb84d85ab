// Package durable replaces files so that a crash at any moment leaves the old one or the new one,
// whole, and so that the new one is there after a power cut once the call has returned nil.
//
//	write   a part beside the file, under a name of its own, mode 0600
//	sync    the part
//	rename  the part to the file
//	sync    the folder, without which the rename may be lost
//
// Everything that a later decision rests on is written this way: outbox, memory, run folder, pace.
// What is appended to (the journal) syncs each line. A crash may leave a part behind, a file that
// ends in ".part"; nothing reads those.
package durable

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
)

// Part is how the name of an unfinished file ends.
const Part = ".part"

// Write replaces the file at name with data. Missing folders are made with mode 0700.
func Write(name string, data []byte) error {
	root, err := Folder(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(WriteIn(root, filepath.Base(name), data), root.Close())
}

// Folder opens a folder. It is made, with mode 0700, if it is missing.
func Folder(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

// WriteFrom is [Write] of what write gives it piece by piece.
func WriteFrom(name string, write func(io.Writer) error) error {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(writeIn(root, filepath.Base(name), write), root.Close())
}

// WriteIn is [Write] below a root, which name, slash-separated, cannot leave. The folder of the
// file must be there.
func WriteIn(root *os.Root, name string, data []byte) error {
	return writeIn(root, name, func(w io.Writer) error { _, err := w.Write(data); return err })
}

func writeIn(root *os.Root, name string, write func(io.Writer) error) error {
	part := name + "." + rand.Text() + Part // unlike every other writer's
	f, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(part))
	}
	return Sync(root, path.Dir(name))
}

// SyncDir is [Sync] of a folder by its path. An error is also a folder that is not there.
func SyncDir(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	return errors.Join(Sync(root, "."), root.Close())
}
