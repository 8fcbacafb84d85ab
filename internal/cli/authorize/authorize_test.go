package authorize

import (
	"context"
	"strings"
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
	yes := func(op marketops.Digest) api.Decision { return api.Decision{Operation: op, Receipts: one} }
	no := func(op marketops.Digest) api.Decision {
		return api.Decision{Operation: op, Advisory: &api.Entry{}, Code: marketops.PlanStale}
	}
	both, none := no(b), api.Decision{Operation: b}
	both.Receipts = one
	for name, c := range map[string]struct {
		ds api.Decisions
		ok bool
	}{
		"authorised":          {api.Decisions{Run: "r-1", Authorized: true, Decisions: []api.Decision{yes(a), yes(b)}}, true},
		"denied":              {api.Decisions{Run: "r-1", Decisions: []api.Decision{no(a), no(b)}}, true},
		"one denied":          {api.Decisions{Run: "r-1", Decisions: []api.Decision{yes(a), no(b)}}, true},
		"another run":         {api.Decisions{Run: "r-2", Authorized: true, Decisions: []api.Decision{yes(a), yes(b)}}, false},
		"one operation less":  {api.Decisions{Run: "r-1", Authorized: true, Decisions: []api.Decision{yes(a)}}, false},
		"one operation more":  {api.Decisions{Run: "r-1", Authorized: true, Decisions: []api.Decision{yes(a), yes(b), yes(b)}}, false},
		"in another order":    {api.Decisions{Run: "r-1", Authorized: true, Decisions: []api.Decision{yes(b), yes(a)}}, false},
		"neither yes nor no":  {api.Decisions{Run: "r-1", Decisions: []api.Decision{yes(a), none}}, false},
		"denied and issued":   {api.Decisions{Run: "r-1", Decisions: []api.Decision{yes(a), both}}, false},
		"authorised, and not": {api.Decisions{Run: "r-1", Authorized: true, Decisions: []api.Decision{yes(a), no(b)}}, false},
		"not, and authorised": {api.Decisions{Run: "r-1", Decisions: []api.Decision{yes(a), yes(b)}}, false},
	} {
		if err := checkAnswer(r, c.ds); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefusal: which code and exit code a run has of which something was denied, and what it says of the rest.
func TestRefusal(t *testing.T) {
	yes := api.Decision{Receipts: []api.Entry{{}}}
	waiting := api.Decision{Advisory: &api.Entry{}, Code: marketops.ApprovalMissing, Missing: []string{"1 more from alice"}}
	stale := api.Decision{Advisory: &api.Entry{}, Code: marketops.PlanStale, WhyNot: []string{"the tag is there"}}
	spent := api.Decision{Advisory: &api.Entry{}, Code: marketops.ApprovalSpent, Missing: []string{"1 more from alice"}}
	for name, c := range map[string]struct {
		ds   []api.Decision
		code marketops.Code
		exit int
		next string // is said
	}{
		"all authorised":      {[]api.Decision{yes, yes}, "", 0, ""},
		"waiting":             {[]api.Decision{waiting, waiting}, marketops.ApprovalMissing, 12, "marketops approve run --key KEY by each of them"},
		"some waiting":        {[]api.Decision{yes, waiting, yes}, marketops.ApprovalMissing, 12, "marketops publish run --mode prod --only 1,3"},
		"denied":              {[]api.Decision{stale}, marketops.PlanStale, 10, "plan again"},
		"waiting, and denied": {[]api.Decision{waiting, stale, yes, spent}, marketops.PlanStale, 10, "--only 3"},
		"denied, and waiting": {[]api.Decision{spent, waiting, stale}, marketops.ApprovalSpent, 10, ""},
	} {
		err := refusal("run", api.Decisions{Decisions: c.ds})
		if marketops.CodeOf(err) != c.code || cli.ExitCode(err) != c.exit {
			t.Errorf("%s: exit %d, %v", name, cli.ExitCode(err), err)
		}
		if err != nil && !strings.Contains(cli.ProblemOf(err).Next, c.next) {
			t.Errorf("%s: next %q", name, cli.ProblemOf(err).Next)
		}
	}
}

// TestLines: each operation is listed with its answer, and with why and what to do if that is no.
func TestLines(t *testing.T) {
	until := marketops.Time(1_800_000_000)
	v := operationView{Number: 1, Kind: marketops.TagRepo, Repository: "o/r", Resource: "refs/tags/v1", Authorized: true, Receipt: "c-1", ExpiresAt: &until, Leaf: 7}
	if got := strings.Join(v.lines(), "\n"); got != "1  tag_repo o/r refs/tags/v1: authorised for one use until 2027-01-15T08:00:00Z: receipt c-1, leaf 7" {
		t.Error(got)
	}
	p := cli.ProblemOf(denial("run", api.Decision{Code: marketops.PlanStale, WhyNot: []string{"it is old", "and archived"}}))
	v.Problem = &p
	if got := strings.Join(v.lines(), "\n"); got != "1  tag_repo o/r refs/tags/v1: refused: plan-stale, leaf 7\n   why   it is old; and archived\n   next  plan again: marketops plan" {
		t.Error(got)
	}
}
