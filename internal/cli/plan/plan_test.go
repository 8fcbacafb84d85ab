package plan

import (
	"context"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"":                     {Config: "marketops.yaml"},
		"-c other.yaml -o run": {Config: "other.yaml", Out: "run"},
		"--allow-partial":      {Config: "marketops.yaml", AllowPartial: true},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "run", Exit: cli.ExitUsage, Says: "unknown command"},
		clitest.Refusal{Line: "", Exit: cli.ExitError, Says: "config-invalid"},
	)
}
