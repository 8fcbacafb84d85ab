package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

// resolveOptions are the flags of reconcile that let a person decide.
type resolveOptions struct {
	operation              int
	verdict, reason, asKey string
}

func (o *resolveOptions) bind(c *cobra.Command) {
	c.Flags().IntVar(&o.operation, "resolve", 0, "decide the unknown outcome of this operation (1, 2, …) as a person")
	c.Flags().StringVar(&o.verdict, "verdict", "", `what GitHub holds: "success" (ours is there) or "failed" (it is not); with --resolve`)
	c.Flags().StringVar(&o.reason, "reason", "", "what you looked at, one line; with --resolve; it is kept as evidence")
	c.Flags().StringVar(&o.asKey, "as", "", "your private key, with --resolve (default: .marketops/keys/requester.pem)")
}

// resolve signs and logs a person's decision about an unknown outcome. It is final.
func (g *globals) resolve(ctx context.Context, args []string, o resolveOptions) error {
	if len(args) != 1 || o.verdict != string(receipt.Success) && o.verdict != string(receipt.Failed) || o.reason == "" {
		return &cli.UsageError{Err: fmt.Errorf("--resolve needs RUN, --verdict success or failed, and --reason")}
	}
	r, err := openRun(args[0])
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := g.connectAs(o.asKey, "requester", r.Info.Core)
	if err != nil {
		return err
	}
	entry, out, err := s.unknownOutcome(ctx, r, o.operation)
	if err != nil {
		return err
	}
	d, err := s.resolution(entry, out, o)
	if err != nil {
		return err
	}
	s.Say("resolving operation %d of run %s as %s: leaf %d said unknown. This is final.", o.operation, r.Info.RunID, o.verdict, entry.Position.Index)
	e, err := s.core.Resolve(ctx, d)
	if err != nil {
		return err
	}
	if _, _, err := s.proveEntry(ctx, e, receipt.KindResolution); err != nil {
		return err
	}
	s.Print("resolved operation %d as %s: leaf %d", o.operation, o.verdict, e.Position.Index)
	return s.Result(entryResult("marketops.resolve/v1", r.Info.RunID, e))
}

// unknownOutcome finds and proves the outcome of an operation of the run that is unknown.
func (s *session) unknownOutcome(ctx context.Context, r *plan.Run, n int) (api.Entry, *receipt.Outcome, error) {
	if n < 1 || n > len(r.Plan.Operations) {
		return api.Entry{}, nil, &cli.UsageError{Err: fmt.Errorf("operation %d: the run has 1 to %d", n, len(r.Plan.Operations))}
	}
	all, err := s.core.Records(ctx, r.Info.RunID)
	if err != nil {
		return api.Entry{}, nil, err
	}
	for _, e := range all.Entries {
		if e.Name != receipt.KindOutcome {
			continue
		}
		rec, _, err := s.proveEntry(ctx, e, receipt.KindOutcome)
		if err != nil {
			return e, nil, err
		}
		if out := rec.Body.(*receipt.Outcome); out.OperationID == r.Plan.Operations[n-1].Operation && out.Status == receipt.Unknown {
			e.Digest = rec.Digest
			return e, out, s.undecided(ctx, all, rec.Digest, n)
		}
	}
	return api.Entry{}, nil, &marketops.Refusal{Code: marketops.StateMissing, What: fmt.Sprintf("operation %d has no unknown outcome", n),
		State: "nothing was changed", Next: "marketops reconcile " + string(r.Info.RunID)}
}

// undecided refuses where a person has decided already: the Core would too, but could not say what
// stands there.
func (s *session) undecided(ctx context.Context, all api.RunRecords, outcome marketops.Digest, n int) error {
	for _, e := range all.Entries {
		if e.Name != receipt.KindResolution {
			continue
		}
		rec, _, err := s.proveEntry(ctx, e, receipt.KindResolution)
		if err != nil {
			return err
		}
		if d := rec.Body.(*receipt.Resolution); d.Outcome == outcome {
			return &marketops.Refusal{Code: marketops.Consumed, State: "nothing was changed",
				What: fmt.Sprintf("operation %d was resolved before: leaf %d says %s", n, e.Position.Index, d.Verdict),
				Err:  errors.New("a resolution is final"), Next: "marketops log leaf " + fmt.Sprint(e.Position.Index)}
		}
	}
	return nil
}

func (s *session) resolution(outcome api.Entry, out *receipt.Outcome, o resolveOptions) (api.Decided, error) {
	head, err := receipt.NewHeader(rand.Reader, now())
	if err != nil {
		return api.Decided{}, err
	}
	reason := []byte(o.reason)
	body := &receipt.Resolution{Header: head, RunID: out.RunID, ReceiptID: out.ReceiptID, Outcome: outcome.Digest,
		Position: outcome.Position, Verdict: receipt.Status(o.verdict), Reason: head.Salted(reason)}
	rec, err := receipt.Seal(body, s.by, receipt.SubjectOf("operation.json", out.OperationID))
	if err != nil {
		return api.Decided{}, err
	}
	return api.Decided{Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: body.Reason, Text: reason}}}, nil
}
