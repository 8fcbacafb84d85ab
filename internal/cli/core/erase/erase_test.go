package erase

import (
	"context"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *cli.Streams, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"0000000000000000000000000000000000000000000000000000000000000000 --reason asked": {Dir: ".marketops", Reason: "asked"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, New,
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "x --reason asked", Exit: cli.ExitUsage, Says: "a leaf hash and --reason are needed"},
		clitest.Refusal{Line: "0000000000000000000000000000000000000000000000000000000000000000", Exit: cli.ExitUsage, Says: "--reason"},
		clitest.Refusal{Line: "0000000000000000000000000000000000000000000000000000000000000000 --reason asked", Exit: cli.ExitError, Says: "config-invalid"},
	)
}
