package authorize

import (
	"context"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/plan/document"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"run":             {Run: "run"},
		"run --key k.pem": {Run: "run", Key: "k.pem"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "run --force", Exit: cli.ExitUsage, Says: "unknown flag: --force"},
		clitest.Refusal{Line: "run", Exit: cli.ExitError, Says: "state-missing"},
	)
}

// TestCheckAnswer: an answer is about this run, all of its operations and in their order.
func TestCheckAnswer(t *testing.T) {
	a, b := marketops.Digest{1}, marketops.Digest{2}
	r := &plan.Run{Info: plan.Info{RunID: "r-1"}, Plan: &document.Plan{Operations: []document.Operation{{Operation: a}, {Operation: b}}}}
	one := []api.Entry{{}}
	good := []api.Decision{{Operation: a, Receipts: one}, {Operation: b, Receipts: one}}
	for name, c := range map[string]struct {
		ds api.Decisions
		ok bool
	}{
		"authorised":         {api.Decisions{Run: "r-1", Authorized: true, Decisions: good}, true},
		"another run":        {api.Decisions{Run: "r-2", Authorized: true, Decisions: good}, false},
		"one operation less": {api.Decisions{Run: "r-1", Authorized: true, Decisions: good[:1]}, false},
		"in another order":   {api.Decisions{Run: "r-1", Authorized: true, Decisions: []api.Decision{good[1], good[0]}}, false},
		"no receipts":        {api.Decisions{Run: "r-1", Authorized: true, Decisions: []api.Decision{{Operation: a}, {Operation: b}}}, false},
		"denied":             {api.Decisions{Run: "r-1", Decisions: []api.Decision{{Operation: a}, {Operation: b}}}, true},
		"denied and issued":  {api.Decisions{Run: "r-1", Decisions: good}, false},
	} {
		if err := checkAnswer(r, c.ds); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
