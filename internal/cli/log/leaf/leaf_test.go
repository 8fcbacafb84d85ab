package leaf

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"7": {Index: 7},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "first", Exit: cli.ExitUsage, Says: `"first" is not an index`},
		clitest.Refusal{Line: "-- -1", Exit: cli.ExitUsage, Says: "is not an index"},
		clitest.Refusal{Line: "9223372036854775808", Exit: cli.ExitUsage, Says: "is not an index"},
		clitest.Refusal{Line: "7", Exit: cli.ExitError, Says: "state-missing"},
	)
}

// TestEveryMember: a record is shown whole, its signer and the operations that it names included.
func TestEveryMember(t *testing.T) {
	w := logworld.New()
	w.Live()
	for _, e := range w.Entries {
		if hidden := clitest.Unshown(t, e.Record.Body, prettyJSON(e.Record.Body)); len(hidden) > 0 {
			t.Errorf("%s: not shown: %q", e.Record.Body.Kind(), hidden)
		}
	}
}
