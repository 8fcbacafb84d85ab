package check

import (
	"context"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/publisher"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"run":                             {Run: "run", Numbers: []string{}},
		"run 2 --assets dist --key k.pem": {Run: "run", Numbers: []string{"2"}, Assets: "dist", Options: publication.Options{Key: "k.pem"}},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts between 1 and 2 arg(s)"},
		clitest.Refusal{Line: "run", Exit: cli.ExitError, Says: "state-missing"},
	)
}

func TestChoose(t *testing.T) {
	jobs := []*publisher.Job{{Number: 1}, {Number: 2}}
	if got, err := choose(jobs, nil); err != nil || len(got) != 2 {
		t.Errorf("%v %v", got, err)
	}
	if got, err := choose(jobs, []string{"2"}); err != nil || len(got) != 1 || got[0] != jobs[1] {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"", "0", "3", "-1", "first"} {
		if _, err := choose(jobs, []string{bad}); cli.ExitCode(err) != cli.ExitUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
