// Package submit is the command submit.
package submit

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Run string
	Key string // the requester's; "": that of the state folder
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "submit RUN",
		Short: "Ask the Federation Core for authority over a run",
		Long: `Hand the plan of a run to the Federation Core, signed with your requester key. The Core reviews it
under its own policy and records the submission; nothing is authorised yet.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { o.Run = args[0]; return run(c.Context(), e, o) },
	}
	c.Flags().StringVar(&o.Key, "key", "", "your private key: a file or env://NAME (default: .marketops/keys/requester.pem)")
	return c
}

func run(ctx context.Context, e *env.Env, o Options) error {
	r, err := runfolder.Find(o.Run)
	if err != nil {
		return err
	}
	defer r.Close()
	if len(r.Operations) == 0 {
		return marketops.Refuse(marketops.NothingSelected, "the plan has no operations")
	}
	if err := requireUnchanged(ctx, e, r); err != nil {
		return err
	}
	s, err := session.ConnectAs(e, o.Key, "requester", r.Info.Core)
	if err != nil {
		return err
	}
	sub, err := seal(s, r)
	if err != nil {
		return err
	}
	logged, err := s.Core.Submit(ctx, sub)
	if err != nil {
		return err
	}
	_, proof, err := s.Prove(ctx, logged, receipt.KindSubmission)
	if err != nil {
		return err
	}
	if err := runfolder.Save(r, "submission", logged.Envelope, proof); err != nil {
		return err
	}
	e.Print("submitted %s: %s, plan %s, leaf %d", r.Info.RunID, cli.Count(len(r.Operations), "operation"), r.PlanDigest.Short(), logged.Position.Index)
	e.Say("next: marketops approve %s --key KEY (by another person), then marketops authorize %s", o.Run, o.Run)
	return e.Result(session.ViewOf("marketops.submit/v1", r.Info.RunID, logged))
}

// requireUnchanged refuses a run whose files changed since it was planned, before people judge it.
func requireUnchanged(ctx context.Context, e *env.Env, r *plan.Run) error {
	changed, compared, err := r.Altered(ctx)
	switch {
	case err != nil:
		return err
	case !compared:
		e.Say("the folder of marketops.yaml, %s, is not on this machine: the files were not compared with the plan", r.Sources.Root)
		return nil
	case len(changed) == 0:
		return nil
	}
	return alteredRefusal(changed)
}

const maxNamed = 5 // files in the text; all of them are among the checks

func alteredRefusal(changed []plan.Altered) error {
	refusal := marketops.Refuse(marketops.PlanStale, cli.Count(len(changed), "file")+" changed since the plan was made")
	refusal.Next = "restore the files, or plan again: marketops plan"
	for i, c := range changed {
		says := fmt.Sprintf("%q of operation %d %s", c.Path, c.Operation, c.Problem)
		if i < maxNamed {
			refusal.What += "; " + says
		}
		refusal.Checks = append(refusal.Checks, marketops.Check{Code: marketops.PlanStale, Status: marketops.Fail, Detail: says})
	}
	if more := len(changed) - maxNamed; more > 0 {
		refusal.What += fmt.Sprintf("; and %d more", more)
	}
	return refusal
}

// seal signs the submission and gathers what the Core judges by.
func seal(s *session.Session, r *plan.Run) (api.Submit, error) {
	head, err := receipt.NewHeader(rand.Reader, cli.Now())
	if err != nil {
		return api.Submit{}, err
	}
	holder, ok := s.Trust.Holder(s.By.Public().ID())
	if !ok || holder.Role != trust.RolePerson {
		return api.Submit{}, marketops.Refuse(marketops.ApproverUnknown, "the key is not that of a person in trust.json")
	}
	findings, err := canon.Encode(r.Plan.Findings)
	if err != nil {
		return api.Submit{}, err
	}
	rejected, err := canon.Encode(r.Plan.Rejected)
	if err != nil {
		return api.Submit{}, err
	}
	body := &receipt.Submission{Header: head, RunID: r.Info.RunID, Requester: holder.Name, Plan: r.PlanDigest,
		Findings: head.Salted(findings), NotShipped: head.Salted(rejected)}
	for i := range r.Operations {
		body.Operations = append(body.Operations, receipt.RefTo(&r.Operations[i], r.Plan.Operations[i].Operation))
	}
	rec, err := receipt.Seal(body, s.By)
	if err != nil {
		return api.Submit{}, err
	}
	texts := []api.Evidence{{Digest: body.Findings, Text: findings}, {Digest: body.NotShipped, Text: rejected}}
	return api.Submit{Envelope: rec.Envelope, Plan: r.PlanBytes, Operations: r.Documents, Evidence: texts}, nil
}
