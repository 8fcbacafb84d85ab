package revoke

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
		"c-1 --reason wrong": {Receipt: "c-1", Reason: "wrong"},
		"c-1 --key k.pem":    {Receipt: "c-1", Key: "k.pem"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "run --reason wrong", Exit: cli.ExitUsage, Says: "a receipt id (c-…) and --reason are needed"},
		clitest.Refusal{Line: "c-00000000000000000000000000000001", Exit: cli.ExitUsage, Says: "--reason"},
		clitest.Refusal{Line: "c-00000000000000000000000000000001 --reason wrong", Exit: cli.ExitError, Says: "state-missing"},
	)
}
