package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// errUnsafeFile reports a path that is not a regular file reached through plain folders.
var errUnsafeFile = errors.New("not a regular file")

// openRegular opens a regular file below root, slash-separated, without going through any
// symbolic link. It looks before it opens, because opening a pipe would wait for a writer, and
// compares afterwards, because somebody may have put another file there in between.
func openRegular(root *os.Root, name string) (*os.File, os.FileInfo, error) {
	before, err := lookRegular(root, name)
	if err != nil {
		return nil, nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	after, err := f.Stat()
	if err == nil && (!after.Mode().IsRegular() || !os.SameFile(before, after)) {
		err = fmt.Errorf("%w: it was replaced while it was opened", errUnsafeFile)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, after, nil
}

func lookRegular(root *os.Root, name string) (os.FileInfo, error) {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
		return nil, fmt.Errorf("%w: the path leaves its folder, or is not written with plain slashes", errUnsafeFile)
	}
	for i, c := range name {
		if c != '/' {
			continue
		}
		if fi, err := root.Lstat(name[:i]); err != nil {
			return nil, err
		} else if !fi.IsDir() {
			return nil, fmt.Errorf("%w: %q is %s", errUnsafeFile, name[:i], kindOf(fi))
		}
	}
	fi, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is %s", errUnsafeFile, kindOf(fi))
	}
	return fi, nil
}

// plain drops the ./ that people like to write.
func plain(name string) string { return strings.TrimPrefix(name, "./") }

func kindOf(fi os.FileInfo) string {
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
