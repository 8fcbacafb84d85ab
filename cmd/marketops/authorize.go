package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

func newAuthorize(g *globals) *cobra.Command {
	var key string
	c := &cobra.Command{
		Use:     "authorize RUN",
		Aliases: []string{"authorise"},
		Short:   "Ask for receipts: for all operations of the run, or for none",
		Long: `Ask the Federation Core to decide. If policy and the approval floor are met, each operation gets a
receipt, proved to be in the log and kept in the run's folder. Otherwise an advisory says why not;
exit code 12 means that approvals are missing, and names whose.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return g.authorize(c.Context(), args[0], key) },
	}
	c.Flags().StringVar(&key, "key", "", "your private key: a file or env://NAME (default: .marketops/keys/requester.pem)")
	return c
}

func (g *globals) authorize(ctx context.Context, arg, key string) error {
	r, err := openRun(arg)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := g.connectAs(key, "requester", r.Info.Core)
	if err != nil {
		return err
	}
	ds, err := s.core.Authorize(ctx, r.Info.RunID)
	if err != nil {
		return err
	}
	if err := fits(r, ds); err != nil {
		return err
	}
	if !ds.Authorized {
		return s.denied(ctx, arg, r, ds)
	}
	return s.keepReceipts(ctx, r, ds)
}

// fits refuses an answer that is not about the operations of this run.
func fits(r *plan.Run, ds api.Decisions) error {
	ok := ds.Run == r.Info.RunID && len(ds.Decisions) == len(r.Plan.Operations)
	for i, d := range ds.Decisions {
		ok = ok && d.Operation == r.Plan.Operations[i].Operation && (len(d.Receipts) > 0) == ds.Authorized
	}
	if !ok {
		return &marketops.Failure{Code: marketops.CoreUnreachable, What: "the Core's answer is not about this run"}
	}
	return nil
}

func (s *session) keepReceipts(ctx context.Context, r *plan.Run, ds api.Decisions) error {
	out := decisionsView{Schema: "marketops.authorize/v1", Run: r.Info.RunID, Authorized: true}
	for i, d := range ds.Decisions {
		for k, e := range d.Receipts {
			name := fmt.Sprintf("receipts/%d", i+1)
			if k > 0 {
				name += fmt.Sprintf("-%c", 'a'+k)
			}
			rec, proof, err := s.proveEntry(ctx, e, receipt.KindReceipt)
			if err != nil {
				return err
			}
			if err := saveEntry(r, name, e.Envelope, proof); err != nil {
				return err
			}
			body := rec.Body.(*receipt.Receipt)
			s.Print("receipt %s for operation %d (%s %s): one use, until %s, leaf %d", body.ReceiptID, i+1, body.OperationKind, body.Target.FullName, body.ExpiresAt, e.Position.Index)
			out.Receipts = append(out.Receipts, entryResult("marketops.receipt/v1", r.Info.RunID, e))
		}
	}
	return s.Result(out)
}

type decisionsView struct {
	Schema     string          `json:"schema"`
	Run        marketops.RunID `json:"run"`
	Authorized bool            `json:"authorized"`
	Receipts   []entryView     `json:"receipts"`
}

// denied keeps the advisories and says what is wanted.
func (s *session) denied(ctx context.Context, arg string, r *plan.Run, ds api.Decisions) error {
	var wanted, why []string
	code := marketops.PolicyDenied
	for i, d := range ds.Decisions {
		if d.Advisory != nil {
			_, proof, err := s.proveEntry(ctx, *d.Advisory, receipt.KindAdvisory)
			if err != nil {
				return err
			}
			if err := saveEntry(r, fmt.Sprintf("advisory/core-%d", i+1), d.Advisory.Envelope, proof); err != nil {
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
		return missing(arg, slices.Concat(wanted, why))
	}
	return &marketops.Refusal{Code: code, What: strings.Join(slices.Concat(wanted, why), "; ")}
}

func appendNew(to, from []string) []string {
	for _, s := range from {
		if !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}
