// Package authorize is the command authorize.
package authorize

import (
	"context"
	"errors"
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
		Short:   "Ask for receipts: for each operation of the run by itself",
		Long: `Ask the Federation Core to decide. Each operation for which policy and the approval floor are met gets a
receipt, proved to be in the log and kept in the run's folder. For each of the others an advisory says
why not; exit code 12 means that approvals are all that is missing, and names whose.

Asking again brings the receipts that are still good once more, also when the folder has lost them, and
new ones for operations whose receipt ended without success, if the rules allow them.`,
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
	return report(ctx, s, o.Run, r, ds)
}

// checkAnswer refuses an answer that is not about the operations of this run, or that is neither yes nor no to one.
func checkAnswer(r *plan.Run, ds api.Decisions) error {
	ok, all := ds.Run == r.Info.RunID && len(ds.Decisions) == len(r.Plan.Operations), true
	for i := 0; ok && i < len(ds.Decisions); i++ {
		d := ds.Decisions[i]
		yes := len(d.Receipts) > 0
		ok = d.Operation == r.Plan.Operations[i].Operation && yes == (d.Code == "") && yes == (d.Advisory == nil)
		all = all && yes
	}
	if !ok || all != ds.Authorized {
		return errAnswer
	}
	return nil
}

var errAnswer = &marketops.Failure{Code: marketops.CoreUnreachable, What: "the Core's answer is not about this run"}

// report keeps what was answered for each operation, and says it. The error is about what was denied.
func report(ctx context.Context, s *session.Session, arg string, r *plan.Run, ds api.Decisions) error {
	v := decisionsView{Schema: "marketops.authorize/v1", Run: r.Info.RunID, Authorized: ds.Authorized, Receipts: []session.EntryView{}}
	for i, d := range ds.Decisions {
		op, entries, err := keep(ctx, s, r, i, d)
		if err != nil {
			return err
		}
		if !op.Authorized {
			p := cli.ProblemOf(denial(arg, d))
			op.Problem = &p
		}
		v.Receipts = append(v.Receipts, entries...)
		v.Operations = append(v.Operations, op)
		for _, line := range op.lines() {
			s.Print("%s", line)
		}
	}
	err := refusal(arg, ds)
	if err != nil {
		p := cli.ProblemOf(err)
		v.Problem = &p
	}
	v.Exit = cli.ExitCode(err)
	return s.Conclude(v, err)
}

// keep stores what was answered for operation i, each record with its proof.
func keep(ctx context.Context, s *session.Session, r *plan.Run, i int, d api.Decision) (v operationView, entries []session.EntryView, err error) {
	op := r.Operations[i]
	v = operationView{Number: i + 1, Kind: op.Kind, Repository: op.Target.FullName, Resource: op.Resource(), Authorized: d.Advisory == nil}
	if d.Advisory != nil {
		v.Leaf = d.Advisory.Position.Index
		_, err := keepRecord(ctx, s, r, fmt.Sprintf("advisory/core-%d", i+1), *d.Advisory, receipt.KindAdvisory)
		return v, nil, err
	}
	for k, e := range d.Receipts {
		name := fmt.Sprintf("receipts/%d", i+1)
		if k > 0 {
			name += fmt.Sprintf("-%c", 'a'+k)
		}
		rec, err := keepRecord(ctx, s, r, name, e, receipt.KindReceipt)
		if err != nil {
			return v, nil, err
		}
		body := rec.Body.(*receipt.Receipt)
		v.Receipt, v.ExpiresAt, v.Leaf = body.ReceiptID, &body.ExpiresAt, e.Position.Index
		entries = append(entries, session.ViewOf("marketops.receipt/v1", r.Info.RunID, e))
	}
	return v, entries, nil
}

func keepRecord(ctx context.Context, s *session.Session, r *plan.Run, name string, e api.Entry, kind receipt.Kind) (*receipt.Record, error) {
	rec, proof, err := s.Prove(ctx, e, kind)
	if err != nil {
		return nil, err
	}
	return rec, runfolder.Save(r, name, e.Envelope, proof)
}

// refusal is the error of a run of which something was denied; nil if nothing was. It has the code of the first
// denial for which approvals are not enough, if there is one.
func refusal(arg string, ds api.Decisions) error {
	var all api.Decision
	var authorised []string
	for i, d := range ds.Decisions {
		if d.Advisory == nil {
			authorised = append(authorised, fmt.Sprint(i+1))
			continue
		}
		all.Missing, all.WhyNot = appendNew(all.Missing, d.Missing), appendNew(all.WhyNot, d.WhyNot)
		if all.Code == "" || isWaiting(all) && !isWaiting(d) {
			all.Code = d.Code
		}
	}
	if all.Code == "" {
		return nil
	}
	err := denial(arg, all)
	if len(authorised) > 0 {
		sayAuthorised(err, arg, strings.Join(authorised, ","))
	}
	return err
}

// isWaiting reports whether approvals are all that is missing.
func isWaiting(d api.Decision) bool {
	return d.Code == marketops.ApprovalMissing && len(d.Missing) > 0
}

// denial is the error of one denied operation.
func denial(arg string, d api.Decision) error {
	r := &marketops.Refusal{Code: d.Code, What: strings.Join(slices.Concat(d.Missing, d.WhyNot), "; ")}
	if !isWaiting(d) {
		return r
	}
	r.State, r.Next = "no receipt was issued", "marketops approve "+arg+" --key KEY by each of them, then marketops authorize "+arg
	return &cli.CodedError{Exit: cli.ExitWaiting, Err: r}
}

// sayAuthorised adds to the refusal of a run which of its operations have receipts.
func sayAuthorised(err error, arg, numbers string) {
	var r *marketops.Refusal
	if errors.As(err, &r) {
		r.Next = cli.ProblemOf(err).Next + "; what is authorised: marketops publish " + arg + " --mode prod --only " + numbers
		r.State = "the receipts for operation " + numbers + " are kept in the run's folder"
	}
}

func appendNew(to, from []string) []string {
	for _, s := range from {
		if !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}
