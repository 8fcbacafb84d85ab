package add

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
	in := func(d time.Duration, o Options) Options { o.Options = next.Options{In: d}; return o }
	clitest.Flags(t, note, map[string]Options{
		"person alice --key a.pub --group x --group y": in(next.Within, Options{Role: "person", Name: "alice", Key: "a.pub", Groups: []string{"x", "y"}}),
		"reader r --key r.pub --target github.com#7":   in(next.Within, Options{Role: "reader", Name: "r", Key: "r.pub", Targets: []string{"github.com#7"}}),
		"engine e --key e.pub --in 1h --until x":       in(time.Hour, Options{Role: "engine", Name: "e", Key: "e.pub", Until: "x"}),
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "person", Exit: cli.ExitUsage, Says: "accepts 2 arg(s)"},
		clitest.Refusal{Line: "friend frank --key k.pub", Exit: cli.ExitUsage, Says: "is not known"},
		clitest.Refusal{Line: "person frank", Exit: cli.ExitUsage, Says: "--key is missing"},
		clitest.Refusal{Line: "engine e --key k.pub --group x", Exit: cli.ExitUsage, Says: "--group belongs to a person"},
		clitest.Refusal{Line: "engine e --key k.pub --target x", Exit: cli.ExitUsage, Says: "--target belongs to a reader"},
		clitest.Refusal{Line: "person Frank --key k.pub", Exit: cli.ExitError, Says: "is not of the form"},
		clitest.Refusal{Line: "person frank --key none.pub", Exit: cli.ExitError, Says: "key-unreadable"},
	)
}
