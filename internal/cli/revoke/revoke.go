// Package revoke is the command revoke.
package revoke

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Receipt marketops.ReceiptID
	Key     string // "": the requester's of the state folder
	Reason  string
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "revoke RECEIPT --reason TEXT",
		Short: "Withdraw a receipt before it is used",
		Long: `Withdraw a receipt. It works until the publisher has been let through to GitHub; after that it is
too late, and the command says so. Your key must belong to a person whom trust.json lets revoke.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.Receipt = marketops.ReceiptID(args[0])
			return run(c.Context(), e, o)
		},
	}
	c.Flags().StringVar(&o.Key, "key", "", "your private key: a file or env://NAME (default: .marketops/keys/requester.pem)")
	c.Flags().StringVar(&o.Reason, "reason", "", "why, one line (required); it is kept as evidence")
	return c
}

func run(ctx context.Context, e *env.Env, o Options) error {
	if !o.Receipt.Valid() || o.Reason == "" {
		return &cli.UsageError{Err: fmt.Errorf("a receipt id (c-…) and --reason are needed")}
	}
	s, err := session.ConnectAs(e, o.Key, "requester", "")
	if err != nil {
		return err
	}
	logged, err := s.Core.Revoke(ctx, api.Revoke{Receipt: o.Receipt, Reason: o.Reason})
	if err != nil {
		return err
	}
	rec, _, err := s.Prove(ctx, logged, receipt.KindRevocation)
	if err != nil {
		return err
	}
	s.Print("revoked %s: leaf %d", o.Receipt, logged.Position.Index)
	return s.Result(struct {
		Schema  string              `json:"schema"`
		Receipt marketops.ReceiptID `json:"receipt"`
		Digest  marketops.Digest    `json:"digest"`
		Leaf    uint64              `json:"leaf"`
	}{"marketops.revoke/v1", o.Receipt, rec.Digest, logged.Position.Index})
}
