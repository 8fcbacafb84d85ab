package prove

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"7":                 {Index: 7},
		"0 -o p.tlog-proof": {Out: "p.tlog-proof"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "first", Exit: cli.ExitUsage, Says: `"first" is not an index`},
		clitest.Refusal{Line: "7", Exit: cli.ExitError, Says: "state-missing"},
	)
}
