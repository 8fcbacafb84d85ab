//go:build cosign

package pages

import (
	"errors"
	"os"
	"path/filepath"
)

// provideCosign puts the cosign that MARKETOPS_COSIGN names beside our binaries, so that the pages'
// lines for it run. make interop builds one and sets the tag.
func provideCosign(bin string) (bool, error) {
	name := os.Getenv("MARKETOPS_COSIGN")
	if name == "" {
		return false, errors.New("MARKETOPS_COSIGN names no cosign: make interop")
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return false, err
	}
	return true, os.Symlink(path, filepath.Join(bin, "cosign"))
}
