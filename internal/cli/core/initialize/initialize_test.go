package initialize

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/setup"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func TestFlags(t *testing.T) {
	note := func(got *setup.Options) *cobra.Command {
		return command(nil, func(_ *cli.Streams, o setup.Options) error { *got = o; return nil })
	}
	clitest.Flags(t, note, map[string]setup.Options{
		"--origin log.example.com":                  {Dir: ".marketops", Origin: "log.example.com"},
		"--origin o --dir d --witness w --quorum 1": {Dir: "d", Origin: "o", Witnesses: []string{"w"}, Quorum: 1},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, New,
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "--origin must be given"},
		clitest.Refusal{Line: "--origin http://x/", Exit: cli.ExitError, Says: "config-invalid"},
	)
}
