package offline

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
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

func list(root *os.Root) (names []string, err error) {
	found, err := regular.Entries(root, ".", MaxNames)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", root.Name(), err)
	}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names, nil
}

// measure hashes a file that may be wanted; a name that is not a plain one is no asset's.
func measure(root *os.Root, name string, wanted bool, size int64) verifier.File {
	before, err := root.Lstat(name)
	if err != nil {
		return verifier.File{Not: "unreadable: " + err.Error()}
	}
	if !before.Mode().IsRegular() {
		return verifier.File{Not: regular.Kind(before)}
	}
	got := verifier.File{Size: before.Size()}
	if !wanted || size != verifier.AnySize && size != got.Size {
		return got
	}
	f, _, err := regular.Open(root, name)
	if err != nil {
		return verifier.File{Not: "unreadable: " + err.Error()}
	}
	defer f.Close()
	h := sha256.New()
	if got.Size, err = io.Copy(h, io.LimitReader(f, marketops.MaxAssetSize+1)); err != nil {
		return verifier.File{Not: "unreadable: " + err.Error()}
	}
	got.SHA256 = marketops.Digest(h.Sum(nil))
	return got
}
