package freeze

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
		"--next log2.example.com --key k.pem": {Dir: ".marketops", Next: "log2.example.com", Key: "k.pem"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, New,
		clitest.Refusal{Line: "--key k.pem", Exit: cli.ExitUsage, Says: "--next and --key are needed"},
		clitest.Refusal{Line: "--next log2.example.com", Exit: cli.ExitUsage, Says: "--next and --key are needed"},
		clitest.Refusal{Line: "--next log2.example.com --key k.pem", Exit: cli.ExitError, Says: "config-invalid"},
	)
}
