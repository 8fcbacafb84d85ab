package rotate

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *cli.Streams, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"--key k.pem":         {Dir: ".marketops", Key: "k.pem"},
		"--dir d --key k.pem": {Dir: "d", Key: "k.pem"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, New,
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "--key is needed"},
		clitest.Refusal{Line: "--key k.pem", Exit: cli.ExitError, Says: "config-invalid"},
	)
}
