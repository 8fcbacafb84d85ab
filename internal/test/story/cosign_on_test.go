//go:build cosign

package story

import (
	"os"
	"path/filepath"
	"testing"
)

// provideCosign puts the cosign that MARKETOPS_COSIGN names beside our binaries, so that the pages'
// lines for it run. make interop builds one and sets the tag.
func provideCosign(t *testing.T, bin string) bool {
	path, err := filepath.Abs(os.Getenv("MARKETOPS_COSIGN"))
	if err == nil {
		err = os.Symlink(path, filepath.Join(bin, "cosign"))
	}
	if err != nil || os.Getenv("MARKETOPS_COSIGN") == "" {
		t.Fatal("MARKETOPS_COSIGN does not name a cosign: make interop", err)
	}
	return true
}
