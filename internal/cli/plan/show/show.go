// Package show is the command plan show.
package show

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/describe"
	"github.com/omega/marketops/internal/cli/env"
	planning "github.com/omega/marketops/internal/cli/plan"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher/github"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Run string
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "show RUN",
		Short: "Show everything that GitHub will show if the run is published",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.Run = args[0]
			return run(c.Context(), e, o)
		},
	}
}

func run(ctx context.Context, e *env.Env, o Options) error {
	r, err := runfolder.Find(o.Run)
	if err != nil {
		return err
	}
	defer r.Close()
	e.Print("run %s  plan %s", r.Info.RunID, r.PlanDigest)
	e.Print("mode dry_run: nothing of this has touched GitHub")
	planning.List(e.Streams, r.Plan)
	changed, err := planning.ListChanged(ctx, e.Streams, r)
	if err != nil {
		return err
	}
	diffs, err := describe.Run(ctx, e.Streams, r, func(_ int, op marketops.Operation) {
		e.Print("  calls that publishing would make:")
		for _, c := range github.Preview(op) {
			e.Print("    %-5s %s  %s", c.Method, c.Path, c.Why)
		}
	})
	if err != nil {
		return err
	}
	return e.Result(ViewOf(r, diffs, changed))
}

// View is a plan and everything that it binds, in --json.
type View struct {
	planning.View
	Operations []marketops.Operation `json:"operations"` // the documents
	Diffs      []describe.Diff       `json:"diffs"`      // of the files of all change sets
	Changed    []plan.Altered        `json:"changed"`    // files that are not as planned; null where they are not on this machine
}

// ViewOf returns the view of a run.
func ViewOf(r *plan.Run, diffs []describe.Diff, changed []plan.Altered) View {
	return View{planning.ViewOf(r, cli.ExitDone), r.Operations, diffs, changed}
}
