// Package plan is the command plan.
package plan

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/progress"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/plan/discover"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/publisher/github"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Config string // file
	Out    string // folder of the new run; "": below the state folder

	AllowPartial bool // rejected publications are left out
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "plan [-c marketops.yaml] [-o DIR] [--allow-partial]",
		Short: "Write down exactly what would be published, touching nothing",
		Long: `Read marketops.yaml, the files that it names and, with read-only calls, GitHub, and write the plan
of a new run: one document per operation with everything that GitHub will show, and every
publication that would not ship with its reason and the way to fix it.

If a publication is rejected there is no plan: nothing is kept, the exit code is 10. --allow-partial plans
the others. A plan that loses one by mistake would be approved and published without it.

Nothing is sent: this command has no client that could write. The write credential is not read;
github.read_token (env://MARKETOPS_READ_TOKEN) is, if it is there.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), e, o) },
	}
	c.Flags().StringVarP(&o.Config, "config", "c", "marketops.yaml", "what may be published, and where GitHub is")
	c.Flags().StringVarP(&o.Out, "output", "o", "", "folder of the new run (default: .marketops/runs/<run id>)")
	c.Flags().BoolVar(&o.AllowPartial, "allow-partial", false, "plan the other publications where some are rejected")
	return c
}

func run(ctx context.Context, e *env.Env, o Options) error {
	cfg, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	e.WarnIgnored(cfg.GitHub)
	state, err := env.State()
	if err != nil {
		return err
	}
	advisor, err := e.LoadKey(env.KeyPath(state, "", "engine"))
	if err != nil {
		return err
	}
	opts, err := planOptions(cfg, o, state, advisor)
	if err != nil {
		return err
	}
	b := progress.New(e.Streams)
	defer b.Done()
	r, err := plan.DryRun(plan.WithReading(ctx, b.Reading), opts)
	b.Done()
	if r == nil {
		return err
	}
	defer r.Close()
	if err != nil {
		return refuse(e, r, err)
	}
	if err := runfolder.NoteConfig(state, r, o.Config); err != nil {
		return err
	}
	return report(e, r, o.Out)
}

func planOptions(cfg *config.File, o Options, state string, advisor crypto.Signer) (plan.Options, error) {
	token, err := config.ReadSecret(cfg.Dir, cfg.GitHub.ReadToken)
	if err != nil && !errors.Is(err, marketops.TokenMissing) {
		return plan.Options{}, err
	}
	source, err := discover.New(cfg.GitHub.API, cfg.GitHub.Roots, token, time.Now)
	if err != nil {
		return plan.Options{}, err
	}
	id, err := plan.NewRunID(rand.Reader)
	if err != nil {
		return plan.Options{}, err
	}
	out := o.Out
	if out == "" {
		out = filepath.Join(state, "runs", string(id))
	}
	return plan.Options{Publications: cfg.Publications, Core: cfg.Core, Dir: cfg.Dir, Host: cfg.GitHub.Host(), SourceHost: cfg.GitHub.Host(), Source: source,
		Preview: github.Preview, Advisor: advisor, Now: time.Now, Random: rand.Reader, Run: id, Out: out, AllowPartial: o.AllowPartial}, nil
}

// View is a plan in --json.
type View struct {
	Schema string           `json:"schema"`
	Run    marketops.RunID  `json:"run"`
	Dir    string           `json:"dir"`
	Digest marketops.Digest `json:"plan_digest"`
	Plan   *document.Plan   `json:"plan"`
	Exit   int              `json:"exit"`
}

// ViewOf returns the view of a run's plan.
func ViewOf(r *plan.Run, exit int) View {
	return View{"marketops.plan-result/v1", r.Info.RunID, r.Dir, r.PlanDigest, r.Plan, exit}
}

// report reports a new plan.
func report(e *env.Env, r *plan.Run, out string) error {
	name := out
	if name == "" {
		name = string(r.Info.RunID)
	}
	e.Print("planned run %s: %s, %s rejected, plan %s", r.Info.RunID, cli.Count(len(r.Plan.Operations), "operation"), cli.Count(rejections(r.Plan), "publication"), r.PlanDigest)
	List(e.Streams, r.Plan)
	e.Say("nothing was sent. next: marketops plan show %s, then marketops submit %s", name, name)
	return e.Result(ViewOf(r, cli.ExitDone))
}

// refuse reports a plan that is none, and removes its folder, so that the same command can be typed again.
func refuse(e *env.Env, r *plan.Run, err error) error {
	e.Print("not planned: %s rejected", cli.Count(rejections(r.Plan), "publication"))
	List(e.Streams, r.Plan)
	view := ViewOf(r, cli.ExitCode(err))
	view.Dir = ""
	if derr := r.Discard(); derr != nil {
		return derr
	}
	return e.Conclude(view, err)
}

func rejections(p *document.Plan) int {
	seen := map[int]bool{}
	for _, r := range p.Rejected {
		seen[r.Number] = true
	}
	return len(seen)
}

// List writes what a plan would publish, what it would not, and why.
func List(s *cli.Streams, p *document.Plan) {
	for _, op := range p.Operations {
		s.Print("  %d  %s  %s", op.Number, op.Title(), op.Operation.Short())
		for _, other := range p.Prerequisites(op.Operation) {
			s.Print("     after %s", other.Reference())
		}
	}
	for _, rej := range p.Rejected {
		s.Print("  not shipped: publication %d, %s %s: %s", rej.Number, rej.Kind, rej.Repository, rej.Code)
		s.Print("    why   %s", rej.Reason)
		if rej.Expected != "" || rej.Got != "" {
			s.Print("    found %s, wanted %s", rej.Got, rej.Expected)
		}
		s.Print("    fix   %s", rej.Remedy)
	}
	ListFindings(s, p)
}

// ListFindings writes what people should know before they approve.
func ListFindings(s *cli.Streams, p *document.Plan) {
	for _, f := range p.Findings {
		s.Print("  %s: publication %d: %s", f.Severity, f.Number, f.Text)
	}
}

// ListChanged warns of the files on this machine that are not as planned, and returns them.
func ListChanged(ctx context.Context, s *cli.Streams, r *plan.Run) ([]plan.Altered, error) {
	changed, _, err := r.Altered(ctx)
	for _, c := range changed {
		s.Print("  warning: operation %d: %q changed since the plan was made: it %s", c.Operation, c.Path, c.Problem)
	}
	return changed, err
}
