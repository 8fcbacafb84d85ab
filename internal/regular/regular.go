// Package regular opens regular files and nothing else, and bounds what it reads.
//
// A run folder may come from a stranger. Everything in it is read, written, renamed and removed through
// an [os.Root], which no name and no link leaves, and with these rules:
//
//	name     slash-separated, below the folder; no part of it is a symbolic link
//	kind     a regular file: no folder, pipe, socket or device
//	open     without waiting; what was opened is looked at again, and is what is read
//	bytes    at most the limit that the caller names; a larger file is not read at all
//	folder   at most as many names as the caller says
//
// [Open], [Read], [Write] and [Entries] are for such folders. [OpenPath] and [ReadPath] are for a path
// that the user typed or that the user's own settings name: a link in it is followed, the other rules
// hold.
//
// # Owners
//
// A file that decides something (trust.json, core.yaml, the policy, keys, a journal, the state of an
// audit) may be written by its owner alone, who is the user or root: [RequireOwner]. The folder that it
// lies in is not asked about: another user who may write there can put a file there, which [RequireOwner]
// then refuses, for that user owns it. Systems without Unix owners are not asked.
//
// Every refusal is [marketops.FileUnsafe].
package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/omega/marketops"
)

// unsafeError says why a file is not to be read or written. The caller names the file.
type unsafeError string

func (e unsafeError) Error() string { return string(e) }

// Unwrap makes errors.Is find the code.
func (unsafeError) Unwrap() error { return marketops.FileUnsafe }

func refuse(format string, args ...any) error { return unsafeError(fmt.Sprintf(format, args...)) }

func irregular(fi fs.FileInfo) error { return refuse("not a regular file: it is %s", Kind(fi)) }

// Open opens a regular file below root without going through any symbolic link. The file must be closed.
func Open(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	return openAgain(func() (*os.File, fs.FileInfo, error) {
		before, err := Look(root, name) // opening a device may set it to work
		if err != nil {
			return nil, nil, err
		}
		return OpenAs(root, name, os.O_RDONLY, before)
	})
}

// errReplaced: between the look and the opening another file took the place.
var errReplaced = refuse("not a regular file: it was replaced while it was opened")

const openTries = 32

// openAgain opens what its owner replaces whole meanwhile, such as a checkpoint. Each try looks anew.
func openAgain(open func() (*os.File, fs.FileInfo, error)) (f *os.File, fi fs.FileInfo, err error) {
	for range openTries {
		if f, fi, err = open(); err != errReplaced {
			break
		}
	}
	return f, fi, err
}

// OpenAs opens a file with these flags of [os.OpenFile]. It must be the one that was looked at before; nil takes
// whichever regular file is there now, or makes one of mode 0600.
func OpenAs(root *os.Root, name string, flag int, before fs.FileInfo) (*os.File, fs.FileInfo, error) {
	f, err := root.OpenFile(name, flag|dontWait, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return check(f, before)
}

// check looks at what was opened, and closes what is not a regular file or not the one of before.
func check(f *os.File, before fs.FileInfo) (*os.File, fs.FileInfo, error) {
	after, err := f.Stat()
	switch {
	case err != nil:
	case !after.Mode().IsRegular():
		err = irregular(after)
	case before != nil && !os.SameFile(before, after):
		err = errReplaced
	default:
		return f, after, nil
	}
	f.Close()
	return nil, nil, err
}

// Look returns what is known of a regular file below root, without opening it.
func Look(root *os.Root, name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
		return nil, refuse("not a regular file: the path leaves its folder, or is not written with plain slashes")
	}
	for i, c := range name {
		if c != '/' {
			continue
		}
		if fi, err := root.Lstat(name[:i]); err != nil {
			return nil, err
		} else if !fi.IsDir() {
			return nil, refuse("not a regular file: %q is %s", name[:i], Kind(fi))
		}
	}
	fi, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, irregular(fi)
	}
	return fi, nil
}

// IsFree reports an error unless [Look] finds a regular file or nothing: what may be written or replaced.
func IsFree(root *os.Root, name string) error {
	if _, err := Look(root, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// OpenPath opens a regular file at a path that the user named. A link is followed.
func OpenPath(path string) (*os.File, fs.FileInfo, error) {
	return openAgain(func() (*os.File, fs.FileInfo, error) {
		before, err := os.Stat(path)
		if err != nil {
			return nil, nil, err
		}
		if !before.Mode().IsRegular() {
			return nil, nil, irregular(before)
		}
		f, err := os.OpenFile(path, os.O_RDONLY|dontWait, 0)
		if err != nil {
			return nil, nil, err
		}
		return check(f, before)
	})
}

// Kind names what a file is, for people.
func Kind(fi fs.FileInfo) string {
	switch m := fi.Mode(); {
	case m&os.ModeSymlink != 0:
		return "a symbolic link"
	case m.IsDir():
		return "a folder"
	case m&os.ModeNamedPipe != 0:
		return "a pipe"
	case m&os.ModeSocket != 0:
		return "a socket"
	case m.IsRegular():
		return "a file"
	}
	return "a device"
}
