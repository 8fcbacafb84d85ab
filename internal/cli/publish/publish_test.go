package publish

import (
	"context"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"run":             {Run: "run"},
		"run --mode prod": {Run: "run", Mode: "prod", ModeGiven: true},
		"run --mode=":     {Run: "run", ModeGiven: true},
		"run --key k.pem -c m.yaml --assets dist": {Run: "run", Options: publication.Options{Key: "k.pem", Config: "m.yaml"}, Assets: "dist"},
		"run --only 1,3 --only 2":                 {Run: "run", Only: []int{1, 3, 2}},
		"run --keep-going":                        {Run: "run", KeepGoing: true},
	})
}

// TestOnly: numbers are those of the run's operations, and no number is all.
func TestOnly(t *testing.T) {
	for _, c := range []struct {
		only []int
		ok   bool
	}{{nil, true}, {[]int{1, 3}, true}, {[]int{3, 3}, true}, {[]int{4}, false}, {[]int{1, 0}, false}, {[]int{-1}, false}} {
		if err := checkOnly(c.only, 3); (err == nil) != c.ok || !c.ok && cli.ExitCode(err) != cli.ExitUsage {
			t.Errorf("%v: %v", c.only, err)
		}
	}
	if !isSelected(nil, 2) || !isSelected([]int{1, 2}, 2) || isSelected([]int{1}, 2) {
		t.Error("another selection")
	}
}

// TestRest: operations that another one stopped are offered, and no others.
func TestRest(t *testing.T) {
	result := func(n int, s receipt.Status, err error) publisher.Result {
		return publisher.Result{Number: n, Status: s, Err: err}
	}
	refusal := marketops.Refuse(marketops.ReceiptMissing, "")
	for name, c := range map[string]struct {
		results []publisher.Result
		err     error
		says    string
	}{
		"all done":    {[]publisher.Result{result(1, "success", nil), result(2, "success", nil)}, nil, ""},
		"refused":     {[]publisher.Result{result(1, "not-attempted", nil), result(2, "refused", refusal), result(3, "not-attempted", nil)}, nil, "2 operations passed the gate; without the others: marketops publish run --mode prod --only 1,3\n"},
		"failed":      {[]publisher.Result{result(1, "success", nil), result(2, "failed", refusal), result(3, "not-attempted", nil)}, nil, "1 operation passed the gate; without the others: marketops publish run --mode prod --only 3\n"},
		"would":       {[]publisher.Result{result(1, "would-publish", nil), result(2, "refused", refusal)}, nil, "--only 1\n"},
		"all refused": {[]publisher.Result{result(1, "refused", refusal), result(2, "refused", refusal)}, nil, ""},
		"waits":       {[]publisher.Result{result(1, "refused", refusal), {Number: 2, Status: "not-attempted", Waits: []int{1}}, result(3, "not-attempted", nil)}, nil, "--only 3\n"},
		"interrupted": {[]publisher.Result{result(1, "open", context.Canceled), result(2, "not-attempted", nil)}, nil, ""},
		"not begun":   {[]publisher.Result{result(1, "failed", refusal), result(2, "not-attempted", context.Canceled), result(3, "not-attempted", nil)}, nil, ""},
		"not ready":   {[]publisher.Result{result(1, "failed", refusal), result(2, "not-attempted", nil)}, refusal, ""},
	} {
		var said strings.Builder
		w := &executor{Publication: &publication.Publication{Session: &session.Session{Env: env.New(&cli.Streams{Err: &said})}}, arg: "run", results: c.results}
		w.sayRest(c.err)
		if got := said.String(); !strings.HasSuffix(got, c.says) || (c.says == "") != (got == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "run --force", Exit: cli.ExitUsage, Says: "unknown flag"},
		clitest.Refusal{Line: "run --only first", Exit: cli.ExitUsage, Says: "invalid argument"},
		clitest.Refusal{Line: "run --only=", Exit: cli.ExitUsage, Says: "invalid argument"},
		clitest.Refusal{Line: "run", Exit: cli.ExitError, Says: "state-missing"},
		clitest.Refusal{Line: "run --mode prod", Exit: cli.ExitError, Says: "state-missing"},
	)
}

// TestMode: only the flag raises the mode, and only if it is given.
func TestMode(t *testing.T) {
	for want, o := range map[marketops.Mode]Options{
		marketops.DryRun: {Mode: "prod"}, marketops.Prod: {Mode: "prod", ModeGiven: true}, "": {ModeGiven: true}, "PROD": {Mode: "PROD", ModeGiven: true},
	} {
		if got := o.effective(); got != want {
			t.Errorf("%+v is %q", o, got)
		}
	}
	clitest.Enter(t)
	t.Setenv("MARKETOPS_MODE", "prod")
	if r := clitest.Run(clitest.Of(New), "run"); !strings.Contains(r.Err, "MARKETOPS_MODE=prod is ignored") {
		t.Error(r.Err)
	}
}
