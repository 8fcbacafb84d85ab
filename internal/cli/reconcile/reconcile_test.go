package reconcile

import (
	"context"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"":                          {Runs: []string{}},
		"run --key k.pem -c m.yaml": {Runs: []string{"run"}, Options: publication.Options{Key: "k.pem", Config: "m.yaml"}},
		"run --resolve 2 --verdict failed --reason looked --as k.pem": {Runs: []string{"run"}, Decision: &Decision{Operation: 2, Verdict: "failed", Reason: "looked", Key: "k.pem"}},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "a b", Exit: cli.ExitUsage, Says: "accepts at most 1 arg(s)"},
		clitest.Refusal{Line: "run --resolve 1 --key k.pem", Exit: cli.ExitUsage, Says: "signed with --as, not --key"},
		clitest.Refusal{Line: "run --verdict failed", Exit: cli.ExitUsage, Says: "they go with --resolve"},
		clitest.Refusal{Line: "--resolve 1 --verdict failed --reason looked", Exit: cli.ExitUsage, Says: "--resolve needs RUN"},
		clitest.Refusal{Line: "run --resolve 1 --verdict maybe --reason looked", Exit: cli.ExitUsage, Says: "--verdict success or failed"},
		clitest.Refusal{Line: "run --resolve 1 --verdict failed", Exit: cli.ExitUsage, Says: "--reason"},
		clitest.Refusal{Line: "run", Exit: cli.ExitError, Says: "state-missing"},
		clitest.Refusal{Line: "", Exit: cli.ExitError, Says: "state-missing"},
	)
}

func TestNoRuns(t *testing.T) {
	clitest.Write(t, clitest.Enter(t), ".marketops/trust.json", nil)
	if r := clitest.Run(clitest.Of(New)); r.Exit != cli.ExitDone || r.Out != "no runs to reconcile\n" {
		t.Errorf("%+v", r)
	}
}
