package serve

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"--key k.pem --name w --listen :0 --log a --log b --policy p --state s": {Key: "k.pem", Name: "w", Listen: ":0", Logs: []string{"a", "b"}, Policy: "p", State: "s"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "extra", Exit: cli.ExitUsage, Says: "unknown command"},
		clitest.Refusal{Line: "--key k.pem --name w --listen :0", Exit: cli.ExitUsage, Says: "--log or --policy are needed"},
		clitest.Refusal{Line: "--key env://K --name w --listen :0 --log a", Exit: cli.ExitUsage, Says: "--state is needed for a key that is no file"},
		clitest.Refusal{Line: "--key k.pem --name w --listen :0 --log a", Exit: cli.ExitError, Says: "config-invalid"},
		clitest.Refusal{Line: "--key k.pem --name w --listen :0 --policy none", Exit: cli.ExitError, Says: "--policy none"},
	)
}

func TestState(t *testing.T) {
	o := Options{Key: "/keys/w.pem", Name: "w", Listen: ":0", Policy: "p"}
	if err := o.complete(); err != nil || o.State != filepath.FromSlash("/keys/w.pem.state") && runtime.GOOS != "windows" {
		t.Errorf("%q %v", o.State, err)
	}
}

// TestLogs: a log is a verifier key, and its origin after it where that is not the key's name.
func TestLogs(t *testing.T) {
	vkey := logtest.New("sum.example.org", logtest.Key(1)).Vkey()
	for line, want := range map[string]string{vkey: "sum.example.org", vkey + " database tree": "database tree", vkey + " ": "", vkey + " a\x1b": "", "a " + vkey: ""} {
		p, err := parseLog(line)
		if (err == nil) != (want != "") || err == nil && (p.Name != want || p.Vkey != vkey || told(p) != line) {
			t.Errorf("%q: %+v, %v", line, p, err)
		}
	}
}
