package publish

import (
	"context"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"run":             {Run: "run"},
		"run --mode prod": {Run: "run", Mode: "prod", ModeGiven: true},
		"run --mode=":     {Run: "run", ModeGiven: true},
		"run --key k.pem -c m.yaml --assets dist": {Run: "run", Options: publication.Options{Key: "k.pem", Config: "m.yaml"}, Assets: "dist"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "run --force", Exit: cli.ExitUsage, Says: "unknown flag"},
		clitest.Refusal{Line: "run", Exit: cli.ExitError, Says: "state-missing"},
		clitest.Refusal{Line: "run --mode prod", Exit: cli.ExitError, Says: "state-missing"},
	)
}

// TestMode: only the flag raises the mode, and only if it is given.
func TestMode(t *testing.T) {
	for want, o := range map[marketops.Mode]Options{
		marketops.DryRun: {Mode: "prod"}, marketops.Prod: {Mode: "prod", ModeGiven: true}, "": {ModeGiven: true}, "PROD": {Mode: "PROD", ModeGiven: true},
	} {
		if got := o.effective(); got != want {
			t.Errorf("%+v is %q", o, got)
		}
	}
	clitest.Enter(t)
	t.Setenv("MARKETOPS_MODE", "prod")
	if r := clitest.Run(clitest.Of(New), "run"); !strings.Contains(r.Err, "MARKETOPS_MODE=prod is ignored") {
		t.Error(r.Err)
	}
}
