package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

func newReconcile(g *globals) *cobra.Command {
	var key, file string
	var decide resolveOptions
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
			given := c.Flags().Changed
			switch {
			case given("resolve") && (given("key") || given("config")):
				return &cli.UsageError{Err: errors.New("--resolve asks neither GitHub nor a publisher: without --config, and signed with --as, not --key")}
			case given("resolve"):
				return g.resolve(c.Context(), args, decide)
			case given("verdict"), given("reason"), given("as"):
				return &cli.UsageError{Err: errors.New("--verdict, --reason and --as decide nothing alone: they go with --resolve")}
			}
			return g.reconcile(c.Context(), args, key, file)
		},
	}
	decide.bind(c)
	c.Flags().StringVar(&key, "key", "", "the publisher's private key: a file or env://NAME (default: .marketops/keys/publisher.pem)")
	c.Flags().StringVarP(&file, "config", "c", "", "where GitHub is (default: the file the run was planned from)")
	return c
}

type standingView struct {
	operationView
	Claim  api.State `json:"claim"`
	Seen   string    `json:"seen"`
	Resume bool      `json:"resume"`
}

// open reports whether something of the operation is still to be done or to be found out.
func (v standingView) open() bool { return v.Status == "open" || v.Resume && v.Claim != api.StateNone }

type reconcileView struct {
	Schema     string         `json:"schema"`
	Runs       []string       `json:"runs"`
	Operations []standingView `json:"operations"`
	Exit       int            `json:"exit"`
}

func (g *globals) reconcile(ctx context.Context, args []string, key, file string) error {
	runs, err := runsToReconcile(args)
	if err != nil {
		return err
	}
	v := reconcileView{Schema: "marketops.reconcile/v1", Runs: runs}
	var errs []error
	for _, run := range runs {
		found, err := g.reconcileRun(ctx, run, key, file)
		v.Operations = append(v.Operations, found...)
		errs = append(errs, err)
	}
	if len(runs) == 0 {
		g.Print("no runs to reconcile")
	}
	err = worst(errs)
	v.Exit = cli.ExitCode(err)
	return (&session{globals: g}).conclude(v, err)
}

func runsToReconcile(args []string) ([]string, error) {
	if len(args) == 1 {
		return args, nil
	}
	state, err := findState()
	if err != nil {
		return nil, err
	}
	found, err := os.ReadDir(filepath.Join(state, "runs"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var out []string
	for _, e := range found {
		out = append(out, filepath.Join(state, "runs", e.Name()))
	}
	left, err := begunIn(state).folders()
	for run, dir := range left {
		if dir != filepath.Join(state, "runs", string(run)) {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out, err
}

func (g *globals) reconcileRun(ctx context.Context, arg, key, file string) ([]standingView, error) {
	r, err := openRun(arg)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s, pub, err := g.publishing(r, key, file, marketops.Prod, &bars{})
	if err != nil {
		return nil, err
	}
	j, err := r.Journal(time.Now) // first: another process that works on the run has its own outbox
	if err != nil {
		return nil, err
	}
	if err := pub.Flush(ctx); err != nil {
		return nil, err
	}
	jobs, err := s.jobs(ctx, r, j, &bars{})
	if err != nil {
		return nil, err
	}
	found, err := s.settleAll(ctx, pub, jobs, arg)
	if len(found) == len(jobs) && !slices.ContainsFunc(found, standingView.open) {
		err = errors.Join(err, begunIn(s.state).forget(r.Info.RunID))
	}
	return found, err
}

func (s *session) settleAll(ctx context.Context, pub *publisher.Publisher, jobs []*publisher.Job, arg string) (out []standingView, err error) {
	var errs []error
	for _, job := range jobs {
		st, err := pub.Reconcile(ctx, job)
		if err != nil {
			return out, err
		}
		s.Print("%s", standing(st, arg))
		if st.Seen != "" {
			s.Print("   GitHub: %s", st.Seen)
		}
		out = append(out, standingView{operation(st.Result), st.Claim, st.Seen, st.Resume})
		if st.Status == receipt.Unknown || st.Status == "open" {
			errs = append(errs, stillUnknown(st, arg))
		}
	}
	return out, worst(errs)
}

// stillUnknown says what a person can do about an operation that reading did not decide.
func stillUnknown(st publisher.Standing, arg string) error {
	u := &marketops.Unknown{Code: marketops.OutcomeUnknown, What: fmt.Sprintf("operation %d may have reached GitHub", st.Number), Err: st.Err}
	if st.Resume {
		u.State = "the receipt is claimed and still good"
		u.Next = fmt.Sprintf("marketops publish %s --mode prod looks again and goes on from where it stood", arg)
	} else {
		u.Next = fmt.Sprintf("look at GitHub, then marketops reconcile %s --resolve %d --verdict success|failed --reason TEXT", arg, st.Number)
	}
	return u
}

func standing(st publisher.Standing, arg string) string {
	if st.Resume && st.Claim != api.StateNone {
		return fmt.Sprintf("%d  %s %s: %s; marketops publish %s --mode prod goes on", st.Number, st.Op.Kind, st.Op.Target.FullName, st.Claim, arg)
	}
	if st.Claim == api.StateNone {
		return fmt.Sprintf("%d  %s %s: not begun", st.Number, st.Op.Kind, st.Op.Target.FullName)
	}
	return line(st.Result, arg)
}

var _ plan.Executor = (*publishing)(nil)
