package servelog

import (
	"context"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(func(_ context.Context, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"--listen :0":                          {Log: ".marketops/log", Listen: ":0"},
		"--log l --listen :0 --cert c --key k": {Log: "l", Listen: ":0", Cert: "c", Key: "k"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, New,
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "--listen is needed"},
		clitest.Refusal{Line: "--listen :0 --cert c", Exit: cli.ExitUsage, Says: "come together"},
		clitest.Refusal{Line: "--listen :0", Exit: cli.ExitError, Says: "state-missing"},
	)
}
