package show

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"":              {Config: "marketops.yaml"},
		"-c other.yaml": {Config: "other.yaml"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "extra", Exit: cli.ExitUsage, Says: "unknown command"},
		clitest.Refusal{Line: "", Exit: cli.ExitError, Says: "state-missing"},
		clitest.Refusal{Line: "-c other.yaml", Exit: cli.ExitError, Says: "config-invalid"},
	)
}

// TestOrigins: each setting says where it came from, flag before environment before file.
func TestOrigins(t *testing.T) {
	dir := clitest.Enter(t)
	clitest.Write(t, dir, ".marketops/trust.json", nil)
	clitest.Write(t, dir, "m.yaml", []byte("version: 1\ncore: https://file.example.com/\npublications: []\n"))
	demand := func(want string, args ...string) {
		t.Helper()
		if r := clitest.Run(clitest.Of(New), args...); r.Exit != cli.ExitDone || !strings.Contains(r.Out, want+"\n") {
			t.Errorf("%q: exit %d, %q is not in\n%s%s", args, r.Exit, want, r.Out, r.Err)
		}
	}
	demand("mode\tdry_run\tdefault; --mode prod on publish alone raises it")
	demand("github.api\thttps://api.github.com/\tdefault")
	demand("core\t" + filepath.Join(dir, ".marketops", "core.sock") + "\tdefault")
	demand("core\thttps://file.example.com/\tm.yaml", "-c", "m.yaml")
	t.Setenv("MARKETOPS_CORE", "https://environment.example.com/")
	demand("core\thttps://environment.example.com/\tenvironment MARKETOPS_CORE", "-c", "m.yaml")
	demand("core\thttps://flag.example.com/\tflag --core", "-c", "m.yaml", "--core", "https://flag.example.com/")
	demand("trust\tt.json\tflag --trust", "--trust", "t.json")
}
