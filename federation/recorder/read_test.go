package recorder

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops/log"
)

// FuzzReadPaths: no name leads to a file that is not a published one.
func FuzzReadPaths(f *testing.F) {
	dir := f.TempDir()
	secret := []byte("private")
	for _, d := range []string{"log/.state", "log/tile/0", "log/tile/entries", "records/ab"} {
		must(f, os.MkdirAll(filepath.Join(dir, d), 0o700))
	}
	for _, p := range []string{"log/.state/treeState", "log/tile/0/.tmp-1", "log/lock", "records/ab/.tmp-2", "records/x", "claims.db"} {
		must(f, os.WriteFile(filepath.Join(dir, p), secret, 0o600))
	}
	must(f, os.WriteFile(filepath.Join(dir, "log/checkpoint"), []byte("public"), 0o600))
	open, err := openFiles(filepath.Join(dir, "log"), filepath.Join(dir, "records"))
	must(f, err)
	defer open.close()
	r := &ownLog{files: open}
	var h log.Hash
	h[0] = 0xab
	for _, name := range []string{"checkpoint", "tile/0/000", "tile/0/.tmp-1", "../claims.db", ".state/treeState", "tile/entries/000.p/1", log.RecordPath(h), "ab/.tmp-2", "x"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, read := range []func(string) ([]byte, error){r.ReadFile, r.ReadRecord} {
			if b, err := read(name); err == nil && bytes.Equal(b, secret) {
				t.Errorf("%q leads to a private file", name)
			}
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
