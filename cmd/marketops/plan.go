package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/plan/discover"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github"
	"github.com/spf13/cobra"
)

// configNote is the file of a run's folder that says which marketops.yaml it was planned from.
const configNote = "config.path"

// nullPort previews calls and can make none.
func nullPort() publisher.Null { return publisher.Null{Calls: github.Preview} }

type planOptions struct{ config, out string }

func newPlan(g *globals) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan [-c marketops.yaml] [-o DIR]",
		Short: "Write down exactly what would be published, touching nothing",
		Long: `Read marketops.yaml, the files that it names and, with read-only calls, GitHub, and write the plan
of a new run: one document per operation with everything that GitHub will show, and every
publication that would not ship with its reason and the way to mend it.

Nothing is sent: this command has no client that could write. The write credential is not read;
github.read_token (env://MARKETOPS_READ_TOKEN) is, if it is there.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return g.plan(c.Context(), o) },
	}
	c.Flags().StringVarP(&o.config, "config", "c", "marketops.yaml", "what may be published, and where GitHub is")
	c.Flags().StringVarP(&o.out, "output", "o", "", "folder of the new run (default: .marketops/runs/<run id>)")
	c.AddCommand(newPlanShow(g), newPlanDiff(g))
	return c
}

func (g *globals) plan(ctx context.Context, o planOptions) error {
	cfg, err := config.Load(o.config)
	if err != nil {
		return err
	}
	g.sayIgnored(cfg.GitHub)
	state, err := findState()
	if err != nil {
		return err
	}
	advisor, err := g.loadKey(keyPath(state, "", "engine"))
	if err != nil {
		return err
	}
	opts, err := planning(cfg, o, state, advisor)
	if err != nil {
		return err
	}
	r, err := plan.DryRun(ctx, opts)
	if r == nil {
		return err
	}
	defer r.Close()
	if perr := r.Put(configNote, []byte(absolute(o.config)+"\n")); perr != nil {
		return perr
	}
	return g.planned(r, o.out, err)
}

func planning(cfg *config.File, o planOptions, state string, advisor crypto.Signer) (plan.Options, error) {
	token, err := config.ReadSecret(filepath.Dir(absolute(o.config)), cfg.GitHub.ReadToken)
	if err != nil && !errors.Is(err, marketops.TokenMissing) {
		return plan.Options{}, err
	}
	source, err := discover.New(cfg.GitHub, token, time.Now)
	if err != nil {
		return plan.Options{}, err
	}
	id, err := plan.NewRunID(rand.Reader)
	if err != nil {
		return plan.Options{}, err
	}
	out := o.out
	if out == "" {
		out = filepath.Join(state, "runs", string(id))
	}
	return plan.Options{Config: cfg, Dir: filepath.Dir(absolute(o.config)), Host: cfg.GitHub.Host(), Source: source,
		Preview: nullPort().Preview, Advisor: advisor, Now: time.Now, Random: rand.Reader, Run: id, Out: out}, nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

type planView struct {
	Schema string           `json:"schema"`
	Run    marketops.RunID  `json:"run"`
	Dir    string           `json:"dir"`
	Digest marketops.Digest `json:"plan_digest"`
	Plan   *plan.Plan       `json:"plan"`
	Exit   int              `json:"exit"`
}

// planned reports a new plan; err is nothing-selected where every publication was rejected.
func (g *globals) planned(r *plan.Run, out string, err error) error {
	name := out
	if name == "" {
		name = string(r.Info.RunID)
	}
	g.Print("planned run %s: %s, %s rejected, plan %s", r.Info.RunID, cli.Count(len(r.Plan.Operations), "operation"), cli.Count(rejections(r.Plan), "publication"), r.PlanDigest)
	g.listPlan(r)
	if err == nil {
		g.Say("nothing was sent. next: marketops plan show %s, then marketops submit %s", name, name)
	}
	s := &session{globals: g}
	return s.conclude(planView{"marketops.plan-result/v1", r.Info.RunID, r.Dir, r.PlanDigest, r.Plan, cli.ExitCode(err)}, err)
}

func rejections(p *plan.Plan) int {
	seen := map[int]bool{}
	for _, r := range p.Rejected {
		seen[r.Number] = true
	}
	return len(seen)
}

func (g *globals) listPlan(r *plan.Run) {
	for _, op := range r.Plan.Operations {
		g.Print("  %d  %s %s %s  %s", op.Number, op.Kind, op.Repository, op.Resource, op.Operation.Short())
	}
	for _, rej := range r.Plan.Rejected {
		g.Print("  not shipped: publication %d, %s %s: %s", rej.Number, rej.Kind, rej.Repository, rej.Code)
		g.Print("    why   %s", rej.Reason)
		if rej.Expected != "" || rej.Got != "" {
			g.Print("    found %s, wanted %s", rej.Got, rej.Expected)
		}
		g.Print("    mend  %s", rej.Remedy)
	}
	for _, f := range r.Plan.Findings {
		g.Print("  %s: publication %d: %s", f.Severity, f.Number, f.Text)
	}
}

func newPlanShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show RUN",
		Short: "Show everything that GitHub will show if the run is published",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := openRun(args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			return g.showPlan(r)
		},
	}
}

func (g *globals) showPlan(r *plan.Run) error {
	g.Print("run %s  plan %s", r.Info.RunID, r.PlanDigest)
	g.Print("mode dry_run: nothing of this has touched GitHub")
	g.listPlan(r)
	for i, op := range r.Operations {
		g.Print("")
		g.Print("operation %d: %s on %s (%s)", i+1, op.Kind, op.Target.FullName, op.Target.ID())
		g.Print("  digest %s", r.Plan.Operations[i].Operation)
		if err := g.showOperation(op); err != nil {
			return err
		}
		g.Print("  calls that publishing would make:")
		for _, c := range r.Plan.Operations[i].Calls {
			g.Print("    %-5s %s  %s", c.Method, c.Path, c.Why)
		}
	}
	return g.Result(planView{"marketops.plan-result/v1", r.Info.RunID, r.Dir, r.PlanDigest, r.Plan, 0})
}

// showOperation prints texts with their marker, exactly as GitHub will hold them.
func (g *globals) showOperation(op marketops.Operation) error {
	if op.Tag != nil {
		message, err := op.TagMessage()
		if err != nil {
			return err
		}
		g.Print("  tag %s at commit %s, by %s <%s> %s", op.Tag.Name, op.Tag.Commit, op.Tag.Tagger.Name, op.Tag.Tagger.Email, op.Tag.Tagger.Date)
		g.quote("  message", message)
	}
	if op.Release != nil {
		body, err := op.ReleaseBody()
		if err != nil {
			return err
		}
		g.Print("  release %q, prerelease %v, latest %s", op.Release.Name, op.Release.Prerelease, op.Release.MakeLatest)
		g.quote("  body", body)
		for _, a := range op.Release.Assets {
			g.Print("  asset %s  %d bytes  %s  %s", a.Name, a.Size, a.ContentType, a.SHA256)
		}
	}
	return nil
}

func (g *globals) quote(title, text string) {
	g.Print("%s:", title)
	if !g.JSON {
		for _, l := range splitLines(text) {
			fmt.Fprintln(g.Out, "    | "+cli.Safe(l))
		}
	}
}
