package retire

import (
	"testing"
	"time"

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
	clitest.Flags(t, note, map[string]Options{
		"alice":         {Options: next.Options{In: next.Within}, Name: "alice"},
		"alice --in 1h": {Options: next.Options{In: time.Hour}, Name: "alice"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "alice", Exit: cli.ExitError, Says: "state-missing"},
		clitest.Refusal{Line: "alice --trust none.json", Exit: cli.ExitRefused, Says: "trust-missing"},
		clitest.Refusal{Line: "alice --in -1h --trust none.json", Exit: cli.ExitUsage, Says: "before now"},
	)
}
