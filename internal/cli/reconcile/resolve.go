package reconcile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/pflag"
)

// Decision is what a person says became of an operation whose outcome is unknown.
type Decision struct {
	Operation int
	Verdict   string // success or failed
	Reason    string
	Key       string // of the person; "": the requester's of the state folder
}

func (o *Decision) bind(f *pflag.FlagSet) {
	f.IntVar(&o.Operation, "resolve", 0, "decide the unknown outcome of this operation (1, 2, …) as a person")
	f.StringVar(&o.Verdict, "verdict", "", `what GitHub holds: "success" (ours is there) or "failed" (it is not); with --resolve`)
	f.StringVar(&o.Reason, "reason", "", "what you looked at, one line; with --resolve; it is kept as evidence")
	f.StringVar(&o.Key, "as", "", "your private key, with --resolve (default: .marketops/keys/requester.pem)")
}

// resolve signs and logs a person's decision about an unknown outcome. It is final.
func resolve(ctx context.Context, e *env.Env, runs []string, d Decision) error {
	if len(runs) != 1 || d.Verdict != string(receipt.Success) && d.Verdict != string(receipt.Failed) || d.Reason == "" {
		return &cli.UsageError{Err: fmt.Errorf("--resolve needs RUN, --verdict success or failed, and --reason")}
	}
	r, err := runfolder.Find(runs[0])
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := session.ConnectAs(e, d.Key, "requester", r.Info.Core)
	if err != nil {
		return err
	}
	entry, out, err := unknownOutcome(ctx, s, r, d.Operation)
	if err != nil {
		return err
	}
	sealed, err := seal(s.By, entry, out, d)
	if err != nil {
		return err
	}
	s.Say("resolving operation %d of run %s as %s: leaf %d said unknown. This is final.", d.Operation, r.Info.RunID, d.Verdict, entry.Position.Index)
	logged, err := s.Core.Resolve(ctx, sealed)
	if err != nil {
		return err
	}
	if _, _, err := s.Prove(ctx, logged, receipt.KindResolution); err != nil {
		return err
	}
	s.Print("resolved operation %d as %s: leaf %d", d.Operation, d.Verdict, logged.Position.Index)
	if receipt.Status(d.Verdict) == receipt.Failed {
		s.Say("the approvals serve another receipt: marketops authorize %s", runs[0])
	}
	return s.Result(session.ViewOf("marketops.resolve/v1", r.Info.RunID, logged))
}

// unknownOutcome finds and proves the newest outcome of an operation of the run that is unknown: those before it
// were resolved, else there were no later receipt.
func unknownOutcome(ctx context.Context, s *session.Session, r *plan.Run, n int) (api.Entry, *receipt.Outcome, error) {
	if n < 1 || n > len(r.Plan.Operations) {
		return api.Entry{}, nil, &cli.UsageError{Err: fmt.Errorf("operation %d: the run has 1 to %d", n, len(r.Plan.Operations))}
	}
	all, err := s.Core.Records(ctx, r.Info.RunID)
	if err != nil {
		return api.Entry{}, nil, err
	}
	for _, e := range slices.Backward(all.Entries) {
		if e.Name != receipt.KindOutcome {
			continue
		}
		rec, _, err := s.Prove(ctx, e, receipt.KindOutcome)
		if err != nil {
			return e, nil, err
		}
		out := rec.Body.(*receipt.Outcome)
		if out.OperationID != r.Plan.Operations[n-1].Operation || out.Status != receipt.Unknown {
			continue
		}
		e.Digest = rec.Digest
		return e, out, requireUndecided(ctx, s, all, rec.Digest, n)
	}
	return api.Entry{}, nil, &marketops.Refusal{Code: marketops.StateMissing, What: fmt.Sprintf("operation %d has no unknown outcome", n),
		State: "nothing was changed", Next: "marketops reconcile " + string(r.Info.RunID)}
}

// requireUndecided refuses where a person has decided already: the Core would too, but could not say what
// stands there.
func requireUndecided(ctx context.Context, s *session.Session, all api.RunRecords, outcome marketops.Digest, n int) error {
	for _, e := range all.Entries {
		if e.Name != receipt.KindResolution {
			continue
		}
		rec, _, err := s.Prove(ctx, e, receipt.KindResolution)
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

// seal signs the decision about an outcome.
func seal(by crypto.Signer, outcome api.Entry, out *receipt.Outcome, d Decision) (api.Decided, error) {
	head, err := receipt.NewHeaderAfter(rand.Reader, cli.Now(), out.IssuedAt)
	if err != nil {
		return api.Decided{}, err
	}
	reason := []byte(d.Reason)
	body := &receipt.Resolution{Header: head, RunID: out.RunID, ReceiptID: out.ReceiptID, Operation: out.OperationID, Outcome: outcome.Digest,
		Position: outcome.Position, Verdict: receipt.Status(d.Verdict), Reason: head.Salted(reason)}
	rec, err := receipt.Seal(body, by)
	if err != nil {
		return api.Decided{}, err
	}
	return api.Decided{Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: body.Reason, Text: reason}}}, nil
}
