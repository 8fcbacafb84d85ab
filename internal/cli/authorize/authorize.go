// Package authorize is the command authorize.
package authorize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
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
		Use:     "authorize RUN",
		Aliases: []string{"authorise"},
		Short:   "Ask for receipts: for all operations of the run, or for none",
		Long: `Ask the Federation Core to decide. If policy and the approval floor are met, each operation gets a
receipt, proved to be in the log and kept in the run's folder. Otherwise an advisory says why not;
exit code 12 means that approvals are missing, and names whose.`,
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
	s, err := session.ConnectAs(e, o.Key, "requester", r.Info.Core)
	if err != nil {
		return err
	}
	ds, err := s.Core.Authorize(ctx, r.Info.RunID)
	if err != nil {
		return err
	}
	if err := checkAnswer(r, ds); err != nil {
		return err
	}
	if !ds.Authorized {
		return refuse(ctx, s, o.Run, r, ds)
	}
	return keepReceipts(ctx, s, r, ds)
}

// checkAnswer refuses an answer that is not about the operations of this run.
func checkAnswer(r *plan.Run, ds api.Decisions) error {
	ok := ds.Run == r.Info.RunID && len(ds.Decisions) == len(r.Plan.Operations)
	for i, d := range ds.Decisions {
		ok = ok && d.Operation == r.Plan.Operations[i].Operation && (len(d.Receipts) > 0) == ds.Authorized
	}
	if !ok {
		return &marketops.Failure{Code: marketops.CoreUnreachable, What: "the Core's answer is not about this run"}
	}
	return nil
}

func keepReceipts(ctx context.Context, s *session.Session, r *plan.Run, ds api.Decisions) error {
	out := decisionsView{Schema: "marketops.authorize/v1", Run: r.Info.RunID, Authorized: true}
	for i, d := range ds.Decisions {
		for k, e := range d.Receipts {
			name := fmt.Sprintf("receipts/%d", i+1)
			if k > 0 {
				name += fmt.Sprintf("-%c", 'a'+k)
			}
			rec, proof, err := s.Prove(ctx, e, receipt.KindReceipt)
			if err != nil {
				return err
			}
			if err := runfolder.Save(r, name, e.Envelope, proof); err != nil {
				return err
			}
			body := rec.Body.(*receipt.Receipt)
			s.Print("receipt %s for operation %d (%s %s): one use, until %s, leaf %d", body.ReceiptID, i+1, body.OperationKind, body.Target.FullName, body.ExpiresAt, e.Position.Index)
			out.Receipts = append(out.Receipts, session.ViewOf("marketops.receipt/v1", r.Info.RunID, e))
		}
	}
	return s.Result(out)
}

type decisionsView struct {
	Schema     string              `json:"schema"`
	Run        marketops.RunID     `json:"run"`
	Authorized bool                `json:"authorized"`
	Receipts   []session.EntryView `json:"receipts"`
}

// refuse keeps the advisories and says what is wanted.
func refuse(ctx context.Context, s *session.Session, arg string, r *plan.Run, ds api.Decisions) error {
	var wanted, why []string
	code := marketops.PolicyDenied
	for i, d := range ds.Decisions {
		if d.Advisory != nil {
			_, proof, err := s.Prove(ctx, *d.Advisory, receipt.KindAdvisory)
			if err != nil {
				return err
			}
			if err := runfolder.Save(r, fmt.Sprintf("advisory/core-%d", i+1), d.Advisory.Envelope, proof); err != nil {
				return err
			}
		}
		wanted = appendNew(wanted, d.Missing)
		why = appendNew(why, d.WhyNot)
		if d.Code != "" {
			code = d.Code
		}
	}
	if code == marketops.ApprovalMissing && len(wanted) > 0 {
		return missingApprovals(arg, slices.Concat(wanted, why))
	}
	return &marketops.Refusal{Code: code, What: strings.Join(slices.Concat(wanted, why), "; ")}
}

// missingApprovals turns what the Core says is wanted into the error of exit 12.
func missingApprovals(arg string, lines []string) error {
	return &cli.CodedError{Exit: cli.ExitWaiting, Err: &marketops.Refusal{Code: marketops.ApprovalMissing, What: strings.Join(lines, "; "),
		State: "no receipt was issued", Next: "marketops approve " + arg + " --key KEY by each of them, then marketops authorize " + arg}}
}

func appendNew(to, from []string) []string {
	for _, s := range from {
		if !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}
