// Package show is the command plan show.
package show

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	planning "github.com/omega/marketops/internal/cli/plan"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Run string
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "show RUN",
		Short: "Show everything that GitHub will show if the run is published",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Run = args[0]
			return run(e, o)
		},
	}
}

func run(e *env.Env, o Options) error {
	r, err := runfolder.Find(o.Run)
	if err != nil {
		return err
	}
	defer r.Close()
	e.Print("run %s  plan %s", r.Info.RunID, r.PlanDigest)
	e.Print("mode dry_run: nothing of this has touched GitHub")
	planning.List(e.Streams, r.Plan)
	for i, op := range r.Operations {
		e.Print("")
		e.Print("operation %d: %s on %s (%s)", i+1, op.Kind, op.Target.FullName, op.Target.ID())
		e.Print("  digest %s", r.Plan.Operations[i].Operation)
		if err := showOperation(e.Streams, op); err != nil {
			return err
		}
		e.Print("  calls that publishing would make:")
		for _, c := range r.Plan.Operations[i].Calls {
			e.Print("    %-5s %s  %s", c.Method, c.Path, c.Why)
		}
	}
	return e.Result(planning.ViewOf(r, cli.ExitDone))
}

// showOperation prints texts with their marker, exactly as GitHub will hold them.
func showOperation(s *cli.Streams, op marketops.Operation) error {
	if op.Tag != nil {
		message, err := op.TagMessage()
		if err != nil {
			return err
		}
		s.Print("  tag %s at commit %s, by %s <%s> %s", op.Tag.Name, op.Tag.Commit, op.Tag.Tagger.Name, op.Tag.Tagger.Email, op.Tag.Tagger.Date)
		quote(s, "  message", message)
	}
	if op.Release != nil {
		body, err := op.ReleaseBody()
		if err != nil {
			return err
		}
		s.Print("  release %q, prerelease %v, latest %s", op.Release.Name, op.Release.Prerelease, op.Release.MakeLatest)
		quote(s, "  body", body)
		for _, a := range op.Release.Assets {
			s.Print("  asset %s  %d bytes  %s  %s", a.Name, a.Size, a.ContentType, a.SHA256)
		}
	}
	return nil
}

func quote(s *cli.Streams, title, text string) {
	s.Print("%s:", title)
	if !s.JSON {
		for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
			fmt.Fprintln(s.Out, "    | "+cli.Safe(l))
		}
	}
}
