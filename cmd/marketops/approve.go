package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

type approveOptions struct {
	key, reason string
	reject      bool
	valid       time.Duration
}

func newApprove(g *globals) *cobra.Command {
	var o approveOptions
	c := &cobra.Command{
		Use:   "approve RUN --key KEY",
		Short: "Say yes, or with --reject no, to exactly this plan, with your own key",
		Long: `Sign the digest of the plan in the run's folder, for this run alone. What you approve is what
"marketops plan show RUN" prints: every byte that GitHub will show. The approval returns with a
proof that it stands in the log, so that a rejection cannot vanish.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return g.approve(c.Context(), args[0], o) },
	}
	c.Flags().StringVar(&o.key, "key", "", "your private key: a file or env://NAME (required)")
	c.Flags().BoolVar(&o.reject, "reject", false, "say no: a veto for this plan")
	c.Flags().StringVar(&o.reason, "reason", "", "why, one line; it is kept with the approval")
	c.Flags().DurationVar(&o.valid, "valid", 12*time.Hour, "how long the approval may serve, at most 24h")
	return c
}

func (g *globals) approve(ctx context.Context, arg string, o approveOptions) error {
	if o.key == "" {
		return &cli.UsageError{Err: fmt.Errorf("--key is needed: an approval is signed with your own key")}
	}
	if o.valid <= 0 || o.valid > 24*time.Hour {
		return &cli.UsageError{Err: fmt.Errorf("--valid %s is not within 0 to 24h", o.valid)}
	}
	r, err := openRun(arg)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := g.connect(o.key, r.Info.Core)
	if err != nil {
		return err
	}
	rec, err := s.approval(ctx, r, o)
	if err != nil {
		return err
	}
	e, err := s.core.Approve(ctx, rec.Envelope)
	if err != nil {
		return err
	}
	return s.keepApproval(ctx, r, e)
}

func (s *session) approval(ctx context.Context, r *plan.Run, o approveOptions) (*receipt.Record, error) {
	submitted, sub, err := s.submissionOf(ctx, r)
	if err != nil {
		return nil, err
	}
	info, err := s.core.Info(ctx)
	if err != nil {
		return nil, err
	}
	head, err := receipt.NewHeader(rand.Reader, now())
	if err != nil {
		return nil, err
	}
	verdict := receipt.Approve
	if o.reject {
		verdict = receipt.Reject
	}
	s.Say("%s: %s of run %s, requested by %s, plan %s", verdict, cli.Count(len(r.Operations), "operation"), r.Info.RunID, sub.Requester, r.PlanDigest)
	body := &receipt.Approval{Header: head, Verdict: verdict, RunID: r.Info.RunID, Submission: submitted.Digest, Requester: sub.Requester,
		Plan: r.PlanDigest, Operations: sub.Operations, Policy: info.Policy, Reason: o.reason,
		NotBefore: head.IssuedAt, ExpiresAt: head.IssuedAt.Add(o.valid)}
	return receipt.Seal(body, s.by, receipt.SubjectOf("plan.json", r.PlanDigest))
}

func (s *session) keepApproval(ctx context.Context, r *plan.Run, e api.Entry) error {
	rec, proof, err := s.proveEntry(ctx, e, receipt.KindApproval)
	if err != nil {
		return err
	}
	holder, _ := s.trust.Holder(rec.By)
	if err := saveEntry(r, "approvals/"+holder.Name+"-"+rec.Digest.Hex()[:12], e.Envelope, proof); err != nil {
		return err
	}
	verdict := map[receipt.Verdict]string{receipt.Approve: "approved", receipt.Reject: "rejected"}[rec.Body.(*receipt.Approval).Verdict]
	s.Print("%s by %s: run %s, leaf %d", verdict, holder.Name, r.Info.RunID, e.Position.Index)
	return s.Result(entryResult("marketops.approve/v1", r.Info.RunID, e))
}

// missing turns what the Core says is wanted into the error of exit 12.
func missing(arg string, lines []string) error {
	text := ""
	for i, l := range lines {
		if i > 0 {
			text += "; "
		}
		text += l
	}
	return &cli.CodedError{Exit: cli.ExitWaiting, Err: &marketops.Refusal{Code: marketops.ApprovalMissing, What: text,
		State: "no receipt was issued", Next: "marketops approve " + arg + " --key KEY by each of them, then marketops authorize " + arg}}
}
