// Package approve is the command approve.
package approve

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/describe"
	"github.com/omega/marketops/internal/cli/env"
	planning "github.com/omega/marketops/internal/cli/plan"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Run    string
	Key    string // the approver's own
	Reject bool
	Reason string
	Valid  time.Duration
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "approve RUN --key KEY",
		Short: "Say yes, or with --reject no, to exactly this plan, with your own key",
		Long: `Sign the digest of the plan in the run's folder, for this run alone. What you approve is what
"marketops plan show RUN" prints: every byte that GitHub will show. The approval returns with a
proof that it stands in the log, so that a rejection cannot vanish.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { o.Run = args[0]; return run(c.Context(), e, o) },
	}
	c.Flags().StringVar(&o.Key, "key", "", "your private key: a file or env://NAME (required)")
	c.Flags().BoolVar(&o.Reject, "reject", false, "say no: a veto, which stops each operation that has no visible effect yet")
	c.Flags().StringVar(&o.Reason, "reason", "", "why, one line; it is kept with the approval")
	c.Flags().DurationVar(&o.Valid, "valid", 12*time.Hour, "how long the approval may serve, at most 24h")
	return c
}

func run(ctx context.Context, e *env.Env, o Options) error {
	if o.Key == "" {
		return &cli.UsageError{Err: fmt.Errorf("--key is needed: an approval is signed with your own key")}
	}
	if o.Valid <= 0 || o.Valid > 24*time.Hour {
		return &cli.UsageError{Err: fmt.Errorf("--valid %s is not within 0 to 24h", o.Valid)}
	}
	r, err := runfolder.Find(o.Run)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := session.Connect(e, o.Key, r.Info.Core)
	if err != nil {
		return err
	}
	rec, err := seal(ctx, s, r, o)
	if err != nil {
		return err
	}
	logged, err := s.Core.Approve(ctx, rec.Envelope)
	if err != nil {
		return err
	}
	return keep(ctx, s, r, logged)
}

// seal signs the approval or the veto.
func seal(ctx context.Context, s *session.Session, r *plan.Run, o Options) (*receipt.Record, error) {
	submitted, sub, err := s.Submission(ctx, r)
	if err != nil {
		return nil, err
	}
	info, err := s.Core.Info(ctx)
	if err != nil {
		return nil, err
	}
	head, err := receipt.NewHeaderAfter(rand.Reader, cli.Now(), sub.IssuedAt)
	if err != nil {
		return nil, err
	}
	verdict := receipt.Approve
	if o.Reject {
		verdict = receipt.Reject
	}
	s.Say("%s: %s of run %s, requested by %s, plan %s", verdict, cli.Count(len(r.Operations), "operation"), r.Info.RunID, sub.Requester, r.PlanDigest)
	if err := show(ctx, s, r, o.Reject); err != nil {
		return nil, err
	}
	shown := r.Plan.Refs()
	if !slices.Equal(sub.Operations, shown) {
		return nil, marketops.Refuse(marketops.PlanMismatch, "the submission names other operations than the plan in "+r.Dir)
	}
	body := &receipt.Approval{Header: head, Verdict: verdict, RunID: r.Info.RunID, Submission: submitted.Digest, Requester: sub.Requester,
		Plan: r.PlanDigest, Operations: shown, Policy: info.Policy, Reason: o.Reason,
		NotBefore: head.IssuedAt, ExpiresAt: head.IssuedAt.Add(o.Valid)}
	return receipt.Seal(body, s.By)
}

// show prints what is judged. What cannot be shown cannot be approved; a rejection needs no more than doubt.
func show(ctx context.Context, s *session.Session, r *plan.Run, reject bool) error {
	planning.ListFindings(s.Streams, r.Plan)
	_, err := planning.ListChanged(ctx, s.Streams, r)
	if err == nil {
		_, err = describe.Run(ctx, s.Streams, r, func(int, marketops.Operation) {})
	}
	if err == nil || !reject {
		return err
	}
	s.Say("not everything can be shown: %v", err)
	return nil
}

// keep proves the record and puts it into the run's folder.
func keep(ctx context.Context, s *session.Session, r *plan.Run, e api.Entry) error {
	rec, proof, err := s.Prove(ctx, e, receipt.KindApproval)
	if err != nil {
		return err
	}
	holder, _ := s.Trust.Holder(rec.By)
	if err := runfolder.Save(r, "approvals/"+holder.Name+"-"+rec.Digest.Hex()[:12], e.Envelope, proof); err != nil {
		return err
	}
	verdict := map[receipt.Verdict]string{receipt.Approve: "approved", receipt.Reject: "rejected"}[rec.Body.(*receipt.Approval).Verdict]
	s.Print("%s by %s: run %s, leaf %d", verdict, holder.Name, r.Info.RunID, e.Position.Index)
	return s.Result(session.ViewOf("marketops.approve/v1", r.Info.RunID, e))
}
