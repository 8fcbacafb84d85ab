package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
)

// TestRememberHighest never forgets a version, and tells logs apart.
func TestRememberHighest(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name          string
		version, want int64
	}{{"a", 3, 3}, {"a", 2, 3}, {"a", 3, 3}, {"a", 5, 5}, {"b", 1, 1}, {"a", 4, 5}} {
		if got, err := rememberHighest(dir, c.name, c.version); err != nil || got != c.want {
			t.Errorf("%+v: %d %v", c, got, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.version"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%q %v", files, err)
	}
	for _, f := range files {
		if err := os.WriteFile(f, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rememberHighest(dir, "a", 9); marketops.CodeOf(err) != marketops.StateMissing {
		t.Errorf("a damaged memory is taken for none: %v", err)
	}
}
