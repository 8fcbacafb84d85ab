// Package reconcile is the command reconcile: after a crash it finds out what is true on GitHub.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/inprogress"
	"github.com/omega/marketops/internal/cli/progress"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	publication.Options
	Runs     []string // at most one; none: all
	Decision *Decision
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	var d Decision
	c := &cobra.Command{
		Use:   "reconcile [RUN]",
		Short: "After a crash: find out what is true on GitHub and record it",
		Long: `Look at every operation of the run that was begun and not finished; without RUN, of all runs under
.marketops/runs and of all that were interrupted, wherever their folders lie.

GitHub is read and never written. Where what is seen decides, the outcome is recorded; where
publishing again would simply go on, it says so. Publishing another run does the same for what was
interrupted, before it begins.

An outcome that reading cannot decide is unknown and blocks its tag or branch. With --resolve a person
whom trust.json lets resolve decides it, with a signed and logged reason, for good.`,
		Args: cli.Args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.Runs = args
			given := c.Flags().Changed
			switch {
			case given("resolve") && (given("key") || given("config")):
				return &cli.UsageError{Err: errors.New("--resolve asks neither GitHub nor a publisher: without --config, and signed with --as, not --key")}
			case given("resolve"):
				o.Decision = &d
			case given("verdict"), given("reason"), given("as"):
				return &cli.UsageError{Err: errors.New("--verdict, --reason and --as decide nothing alone: they go with --resolve")}
			}
			return run(c.Context(), e, o)
		},
	}
	d.bind(c.Flags())
	o.Bind(c.Flags())
	return c
}

// OperationView is one operation in --json.
type OperationView struct {
	publication.OperationView
	Claim  api.State `json:"claim"`
	Seen   string    `json:"seen"`
	Resume bool      `json:"resume"`
}

// open reports whether something of the operation is still to be done or to be found out.
func (v OperationView) open() bool { return v.Status == "open" || v.Resume && v.Claim != api.StateNone }

type reconcileView struct {
	Schema     string          `json:"schema"`
	Runs       []string        `json:"runs"`
	Operations []OperationView `json:"operations"`
	Exit       int             `json:"exit"`
}

func run(ctx context.Context, e *env.Env, o Options) error {
	if o.Decision != nil {
		return resolve(ctx, e, o.Runs, *o.Decision)
	}
	runs, err := runsToReconcile(o.Runs)
	if err != nil {
		return err
	}
	v := reconcileView{Schema: "marketops.reconcile/v1", Runs: runs}
	var errs []error
	for _, run := range runs {
		found, err := Run(ctx, e, run, o.Options)
		v.Operations = append(v.Operations, found...)
		errs = append(errs, err)
	}
	if len(runs) == 0 {
		e.Print("no runs to reconcile")
	}
	err = cli.Worst(errs)
	v.Exit = cli.ExitCode(err)
	return e.Conclude(v, err)
}

// maxRuns is how many runs one command looks after.
const maxRuns = 10_000

func runsToReconcile(given []string) ([]string, error) {
	if len(given) == 1 {
		return given, nil
	}
	state, err := env.State()
	if err != nil {
		return nil, err
	}
	found, err := regular.EntriesPath(filepath.Join(state, "runs"), maxRuns)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range found {
		out = append(out, filepath.Join(state, "runs", e.Name()))
	}
	left, err := inprogress.In(state).Folders()
	for run, dir := range left {
		if dir != filepath.Join(state, "runs", string(run)) {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out, err
}

// Run reconciles the operations of one run.
func Run(ctx context.Context, e *env.Env, arg string, o publication.Options) ([]OperationView, error) {
	r, err := runfolder.Find(arg)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p, err := publication.New(e, r, o, marketops.Prod, &progress.Bars{})
	if err != nil {
		return nil, err
	}
	j, err := r.Journal(time.Now) // first: another process that works on the run has its own outbox
	if err != nil {
		return nil, err
	}
	if err := p.Publisher.Flush(ctx); err != nil {
		return nil, err
	}
	jobs, err := p.Jobs(ctx, j)
	if err != nil {
		return nil, err
	}
	found, err := settleAll(ctx, p, jobs, arg)
	if len(found) == len(jobs) && !slices.ContainsFunc(found, OperationView.open) {
		err = errors.Join(err, inprogress.In(p.State).Forget(r.Info.RunID))
	}
	return found, err
}

func settleAll(ctx context.Context, p *publication.Publication, jobs []*publisher.Job, arg string) (out []OperationView, err error) {
	var errs []error
	for _, job := range jobs {
		st, err := p.Publisher.Reconcile(ctx, job)
		if err != nil {
			return out, err
		}
		p.Print("%s", line(st, arg))
		if st.Seen != "" {
			p.Print("   GitHub: %s", st.Seen)
		}
		out = append(out, OperationView{publication.ViewOf(st.Result), st.Claim, st.Seen, st.Resume})
		if st.Status == receipt.Unknown || st.Status == "open" {
			errs = append(errs, openError(st, arg))
		}
	}
	return out, cli.Worst(errs)
}

// openError says what a person can do about an operation that reading did not decide.
func openError(st publisher.Standing, arg string) error {
	u := &marketops.Unknown{Code: marketops.OutcomeUnknown, What: fmt.Sprintf("operation %d may have reached GitHub", st.Number), Err: st.Err}
	if st.Resume {
		u.State = "the receipt is claimed and still good"
		u.Next = fmt.Sprintf("marketops publish %s --mode prod looks again and goes on from where it stood", arg)
	} else {
		u.Next = fmt.Sprintf("look at GitHub, then marketops reconcile %s --resolve %d --verdict success|failed --reason TEXT; after failed, marketops authorize %s gives another receipt", arg, st.Number, arg)
	}
	return u
}

func line(st publisher.Standing, arg string) string {
	if st.Resume && st.Claim != "none" {
		return fmt.Sprintf("%d  %s %s: %s; marketops publish %s --mode prod continues%s", st.Number, st.Op.Kind, st.Op.Target.FullName, st.Claim, arg, publication.OnGitHub(st.Effects))
	}
	if st.Claim == api.StateNone {
		return fmt.Sprintf("%d  %s %s: not begun", st.Number, st.Op.Kind, st.Op.Target.FullName)
	}
	return publication.Line(st.Result, arg)
}
