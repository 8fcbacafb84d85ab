package offline

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
)

// MaxNames is how many names a folder of downloads may have.
const MaxNames = 10_000

// measure lists the folder of --subject and hashes the files that may be wanted, by name and size.
func (o Options) measure(wanted map[string]int64) (*verifier.Files, error) {
	if o.Subject == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(o.Subject)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	names, err := list(root)
	if err != nil {
		return nil, err
	}
	found := map[string]verifier.File{}
	for _, name := range names {
		size, ok := wanted[name]
		found[name] = measure(root, name, ok, size)
	}
	return &verifier.Files{Found: found}, nil
}

func list(root *os.Root) ([]string, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(MaxNames + 1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil && len(names) > MaxNames {
		err = fmt.Errorf("%s has more than %d names", root.Name(), MaxNames)
	}
	return names, err
}

// measure looks before it opens, for opening a pipe would wait for a writer, and compares
// afterwards, for somebody may have put another file there in between.
func measure(root *os.Root, name string, wanted bool, size int64) verifier.File {
	before, err := root.Lstat(name)
	if err != nil {
		return verifier.File{Not: "unreadable: " + err.Error()}
	}
	if !before.Mode().IsRegular() {
		return verifier.File{Not: what(before.Mode())}
	}
	got := verifier.File{Size: before.Size()}
	if !wanted || size != verifier.AnySize && size != got.Size {
		return got
	}
	f, err := root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return verifier.File{Not: "unreadable: " + err.Error()}
	}
	defer f.Close()
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = errors.New("it was replaced while it was opened")
	}
	h := sha256.New()
	if err == nil {
		got.Size, err = io.Copy(h, io.LimitReader(f, marketops.MaxAssetSize+1))
	}
	if err != nil {
		return verifier.File{Not: "unreadable: " + err.Error()}
	}
	got.SHA256 = marketops.Digest(h.Sum(nil))
	return got
}

func what(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
