// Package show is the command receipt show.
package show

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Receipt string // file or id
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "show FILE|RECEIPT",
		Short: "Show a receipt, verified against trust.json, and how far it has been spent",
		Long: `Show a receipt from a file (RUN/receipts/1.json) or by its id (c-…). The signature is verified
against the trust file; the Federation Core is asked how far the receipt has been spent, and its
answer is shown as its own.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { o.Receipt = args[0]; return run(c.Context(), e, o) },
	}
}

// notAsked is the state of a receipt while the Core does not answer.
const notAsked api.State = "not asked"

type receiptView struct {
	Schema  string           `json:"schema"`
	Digest  marketops.Digest `json:"digest"`
	By      string           `json:"by"`
	Key     crypto.KeyID     `json:"key"` // that signed
	Receipt *receipt.Receipt `json:"receipt"`
	State   api.State        `json:"state"` // what the Core says; "not asked" if it does not answer
	Epoch   int64            `json:"epoch"`
	Outcome receipt.Status   `json:"outcome"`
	Effects []receipt.Effect `json:"effects"` // by the outcome in the log
}

func run(ctx context.Context, e *env.Env, o Options) error {
	s, err := session.Connect(e, "", "")
	if err != nil {
		return err
	}
	envelope, pos, err := find(ctx, s, o.Receipt)
	if err != nil {
		return err
	}
	rec, holder, err := verify(s.Trust, envelope, pos)
	if err != nil {
		return err
	}
	v := receiptView{Schema: "marketops.receipt-show/v1", Digest: rec.Digest, By: string(holder.Role) + " " + holder.Name, Key: rec.By, Receipt: rec.Body.(*receipt.Receipt), State: notAsked}
	state, err := s.Core.ClaimState(ctx, v.Receipt.ReceiptID)
	if err == nil {
		v.State, v.Epoch, v.Outcome = state.State, state.Epoch, state.Outcome
		v.Effects, err = effects(ctx, s, v.Receipt)
	}
	if err != nil && !errors.Is(err, marketops.CoreUnreachable) {
		return err
	}
	printReceipt(s.Streams, v)
	return s.Result(v)
}

// effects are those that the outcome of a receipt lists; none while there is no outcome.
func effects(ctx context.Context, s *session.Session, r *receipt.Receipt) ([]receipt.Effect, error) {
	all, err := s.Records(ctx, r.RunID)
	if err != nil {
		return nil, err
	}
	return effectsIn(s.Trust, all, r.ReceiptID), nil
}

// effectsIn finds the outcome of a receipt among the records of its run, by a key that may sign one.
func effectsIn(t *trust.Trust, all api.RunRecords, id marketops.ReceiptID) []receipt.Effect {
	for _, e := range all.Entries {
		rec, _, err := t.Open(e.Envelope, cli.Now(), &e.Position)
		if err != nil {
			continue
		}
		if out, ok := rec.Body.(*receipt.Outcome); ok && out.ReceiptID == id {
			return out.Effects
		}
	}
	return nil
}

// verify opens a receipt under the version of the trust file that it names.
func verify(t *trust.Trust, envelope []byte, pos *log.Position) (*receipt.Record, trust.Holder, error) {
	rec, err := receipt.Open(envelope, t.Ring())
	if err != nil {
		return nil, trust.Holder{}, err
	}
	r, ok := rec.Body.(*receipt.Receipt)
	if !ok {
		return nil, trust.Holder{}, marketops.Refuse(marketops.PredicateTypeWrong, "this is a record of type "+string(rec.Body.Kind()))
	}
	law, err := t.Named(r.Trust)
	if err != nil {
		return nil, trust.Holder{}, err
	}
	holder, err := law.Admit(rec, cli.Now(), pos)
	return rec, holder, err
}

// find reads a file, or asks the Core for the run of an id and takes the receipt from there.
func find(ctx context.Context, s *session.Session, arg string) ([]byte, *log.Position, error) {
	id := marketops.ReceiptID(arg)
	if !id.Valid() {
		envelope, err := regular.ReadPath(arg, crypto.MaxEnvelope)
		if errors.Is(err, fs.ErrNotExist) {
			err = &marketops.Failure{Code: marketops.StateMissing, What: arg + " is neither a file nor a receipt id", Next: "marketops receipt show RUN/receipts/1.json"}
		}
		return envelope, nil, err
	}
	state, err := s.Core.ClaimState(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.Core.Records(ctx, state.Run)
	if err != nil {
		return nil, nil, err
	}
	return pick(s.Trust, all, id)
}

// pick returns the receipt of an id from the records of its run.
func pick(t *trust.Trust, all api.RunRecords, id marketops.ReceiptID) ([]byte, *log.Position, error) {
	for _, e := range all.Entries {
		rec, err := receipt.Open(e.Envelope, t.Ring())
		if err != nil {
			continue
		}
		if r, ok := rec.Body.(*receipt.Receipt); ok && r.ReceiptID == id {
			return e.Envelope, &e.Position, nil
		}
	}
	return nil, nil, &marketops.Failure{Code: marketops.StateMissing, What: "the Core knows no receipt " + string(id)}
}

func printReceipt(s *cli.Streams, v receiptView) {
	r := v.Receipt
	spent := string(v.State)
	if v.Outcome != "" {
		spent += ": " + string(v.Outcome)
	}
	rows := [][]string{
		{"shows", shows(v, cli.Now())}, {"receipt", string(r.ReceiptID)}, {"digest", v.Digest.String()}, {"signed by", v.By}, {"key", string(v.Key)}, {"issued", r.IssuedAt.String()},
		{"nonce", r.Nonce}, {"run", string(r.RunID)}, {"kind", string(r.OperationKind)},
		{"repository", r.Target.FullName + " (" + r.Target.ID() + ")"}, {"operation", r.Operation.String()}, {"plan", r.Plan.String()},
		{"policy", r.Policy.String()}, {"trust", fmt.Sprintf("version %d %s", r.Trust.Version, r.Trust.Digest)},
		{"audience", fmt.Sprint(r.Audience)}, {"enforceable", fmt.Sprintf("%v in %s", r.Enforceable, r.Mode)},
		{"valid", fmt.Sprintf("%s to %s", r.NotBefore, r.ExpiresAt)}, {"submission", r.Submission.String()},
	}
	for _, d := range r.Approvals {
		rows = append(rows, []string{"approval", d.String()})
	}
	rows = append(rows, []string{"spent", spent})
	for _, e := range v.Effects {
		rows = append(rows, []string{"effect", tell(e)})
	}
	s.Table(rows)
}

// endings are the outcomes that are no success.
var endings = map[receipt.Status]string{
	receipt.Failed: "failed, not published as authorised", receipt.Rejected: "rejected, not published", receipt.Unknown: "unknown whether published",
}

// shows says first what was verified, and what is only the Core's word.
func shows(v receiptView, now marketops.Time) string {
	said := "authorised; the Core says: "
	switch {
	case v.Outcome == receipt.Success:
		return said + "published"
	case v.Outcome != "":
		return said + endings[v.Outcome]
	case v.State == notAsked:
		return "authorised; whether it was published was not asked"
	case v.State == api.StateNone && v.Receipt.ExpiresAt <= now:
		return said + "not published, and its time is over"
	case v.State == api.StateNone:
		return said + "unused, not published"
	case v.State == api.StateRevoked:
		return said + "revoked, not published"
	}
	return said + string(v.State) + ", not known whether published"
}

// tell is one effect for people.
func tell(e receipt.Effect) string {
	words := fmt.Sprintf("%s: %s", e.Name, e.State)
	if e.Attempts > 0 {
		words += ", after " + cli.Count(int(e.Attempts), "attempt")
	}
	if e.Earlier != nil {
		words += ", made under the earlier receipt " + e.Earlier.String()
	}
	return words
}
