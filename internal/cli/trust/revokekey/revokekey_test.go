package revokekey

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/trust/next"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	in := next.Options{In: next.Within}
	clitest.Flags(t, note, map[string]Options{
		"alice":                               {Options: in, Name: "alice"},
		"alice --from-index 0":                {Options: in, Name: "alice", given: true},
		"alice --from-index 7 --origin log.x": {Options: in, Name: "alice", From: 7, Origin: "log.x", given: true},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "alice", Exit: cli.ExitUsage, Says: "--from-index is missing"},
		clitest.Refusal{Line: "alice --from-index -1", Exit: cli.ExitUsage, Says: "from-index"},
		clitest.Refusal{Line: "alice --from-index 1 --trust none.json", Exit: cli.ExitRefused, Says: "trust-missing"},
	)
}
