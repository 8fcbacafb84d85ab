package maintain

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
)

// FuzzReadManifest: a manifest is one of ours, or the folder is no backup.
func FuzzReadManifest(f *testing.F) {
	dir := f.TempDir()
	f.Add([]byte(`{"schema":"marketops.backup/v1"}`))
	f.Add([]byte(`{"schema":"marketops.backup/v1","more":1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, manifestName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := ReadManifest(dir)
		if code := marketops.CodeOf(err); err != nil && code != marketops.StateMissing || err == nil && m.Schema != schemaBackup {
			t.Fatalf("%q: %+v, %v", b, m, err)
		}
	})
}
