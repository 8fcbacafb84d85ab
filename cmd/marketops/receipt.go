package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

func newReceipt(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "receipt", Short: "Look at receipts", Args: cobra.ArbitraryArgs, RunE: cli.Group}
	c.AddCommand(newReceiptCheck(g), &cobra.Command{
		Use:   "show FILE|RECEIPT",
		Short: "Show a receipt, verified against trust.json, and how far it has been spent",
		Long: `Show a receipt from a file (RUN/receipts/1.json) or by its id (c-…). The signature is verified
against the trust file; the Federation Core is asked how far the receipt has been spent, and its
answer is shown as its own.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return g.showReceipt(c.Context(), args[0]) },
	})
	return c
}

type receiptView struct {
	Schema  string           `json:"schema"`
	Digest  marketops.Digest `json:"digest"`
	By      string           `json:"by"`
	Receipt *receipt.Receipt `json:"receipt"`
	State   api.State        `json:"state"` // what the Core says; "not asked" if it does not answer
	Epoch   int64            `json:"epoch"`
	Outcome receipt.Status   `json:"outcome"`
}

func (g *globals) showReceipt(ctx context.Context, arg string) error {
	s, err := g.connect("", "")
	if err != nil {
		return err
	}
	env, pos, err := s.findReceipt(ctx, arg)
	if err != nil {
		return err
	}
	rec, holder, err := s.openReceipt(env, pos)
	if err != nil {
		return err
	}
	v := receiptView{Schema: "marketops.receipt-show/v1", Digest: rec.Digest, By: string(holder.Role) + " " + holder.Name, Receipt: rec.Body.(*receipt.Receipt), State: "not asked"}
	state, err := s.core.ClaimState(ctx, v.Receipt.ReceiptID)
	if err == nil {
		v.State, v.Epoch, v.Outcome = state.State, state.Epoch, state.Outcome
	} else if !errors.Is(err, marketops.CoreUnreachable) {
		return err
	}
	s.printReceipt(v)
	return s.Result(v)
}

func (s *session) openReceipt(env []byte, pos *log.Position) (*receipt.Record, trust.Holder, error) {
	rec, holder, err := s.trust.Open(env, now(), pos)
	if err == nil && rec.Body.Kind() != receipt.KindReceipt {
		err = marketops.Refuse(marketops.PredicateTypeWrong, "this is a record of type "+string(rec.Body.Kind()))
	}
	return rec, holder, err
}

// findReceipt reads a file, or asks the Core for the run of an id and takes the receipt from there.
func (s *session) findReceipt(ctx context.Context, arg string) ([]byte, *log.Position, error) {
	id := marketops.ReceiptID(arg)
	if !id.Valid() {
		env, err := readBounded(arg, crypto.MaxEnvelope)
		if errors.Is(err, fs.ErrNotExist) {
			err = &marketops.Failure{Code: marketops.StateMissing, What: arg + " is neither a file nor a receipt id", Next: "marketops receipt show RUN/receipts/1.json"}
		}
		return env, nil, err
	}
	state, err := s.core.ClaimState(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.core.Records(ctx, state.Run)
	if err != nil {
		return nil, nil, err
	}
	return s.receiptAmong(all, id)
}

func (s *session) receiptAmong(all api.RunRecords, id marketops.ReceiptID) ([]byte, *log.Position, error) {
	for _, e := range all.Entries {
		rec, err := receipt.Open(e.Envelope, s.trust.Ring())
		if err != nil {
			continue
		}
		if r, ok := rec.Body.(*receipt.Receipt); ok && r.ReceiptID == id {
			return e.Envelope, &e.Position, nil
		}
	}
	return nil, nil, &marketops.Failure{Code: marketops.StateMissing, What: "the Core knows no receipt " + string(id)}
}

func (s *session) printReceipt(v receiptView) {
	r := v.Receipt
	spent := string(v.State)
	if v.Outcome != "" {
		spent += ": " + string(v.Outcome)
	}
	s.Table([][]string{
		{"receipt", string(r.ReceiptID)}, {"signed by", v.By}, {"run", string(r.RunID)}, {"kind", string(r.OperationKind)},
		{"repository", r.Target.FullName + " (" + r.Target.ID() + ")"}, {"operation", r.Operation.String()}, {"plan", r.Plan.String()},
		{"policy", r.Policy.String()}, {"trust", fmt.Sprintf("version %d %s", r.Trust.Version, r.Trust.Digest)},
		{"audience", fmt.Sprint(r.Audience)}, {"enforceable", fmt.Sprintf("%v in %s", r.Enforceable, r.Mode)},
		{"valid", fmt.Sprintf("%s to %s", r.NotBefore, r.ExpiresAt)}, {"approvals", fmt.Sprint(len(r.Approvals))},
		{"spent", spent},
	})
}
