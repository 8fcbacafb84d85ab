package approve

import (
	"context"
	"testing"
	"time"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"run --key k.pem": {Run: "run", Key: "k.pem", Valid: 12 * time.Hour},
		"--reject --reason late --valid 1h --key env://K run": {Run: "run", Key: "env://K", Reject: true, Reason: "late", Valid: time.Hour},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "run", Exit: cli.ExitUsage, Says: "--key is needed"},
		clitest.Refusal{Line: "run --key k.pem --valid 0s", Exit: cli.ExitUsage, Says: "--valid 0s"},
		clitest.Refusal{Line: "run --key k.pem --valid 25h", Exit: cli.ExitUsage, Says: "not within 0 to 24h"},
		clitest.Refusal{Line: "run --key k.pem", Exit: cli.ExitError, Says: "state-missing"},
	)
}
