//go:build unix

package runfolder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/plan"
)

// TestConfigPath: which file a run was planned from is the state folder's to say, if it is the user's own; for a run that
// was planned elsewhere it is the file beside the state folder.
func TestConfigPath(t *testing.T) {
	project := t.TempDir()
	state, run := filepath.Join(project, ".marketops"), marketops.RunID("r-00000000000000000000000000000001")
	if got, err := runfolder.ConfigPath(state, run); err != nil || got != filepath.Join(project, "marketops.yaml") {
		t.Errorf("planned elsewhere: %q, %v", got, err)
	}
	if err := runfolder.NoteConfig(state, &plan.Run{Info: plan.Info{RunID: run}}, "/else/where.yaml"); err != nil {
		t.Fatal(err)
	}
	if got, err := runfolder.ConfigPath(state, run); err != nil || got != "/else/where.yaml" {
		t.Errorf("planned here: %q, %v", got, err)
	}
	if err := os.Chmod(filepath.Join(state, "planned", string(run)), 0o602); err != nil {
		t.Fatal(err)
	}
	if got, err := runfolder.ConfigPath(state, run); marketops.CodeOf(err) != marketops.FileUnsafe {
		t.Errorf("others can write it: %q, %v", got, err)
	}
}
