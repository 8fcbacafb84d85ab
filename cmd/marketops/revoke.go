package main

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

func newRevoke(g *globals) *cobra.Command {
	var key, reason string
	c := &cobra.Command{
		Use:   "revoke RECEIPT --reason TEXT",
		Short: "Withdraw a receipt before it is used",
		Long: `Withdraw a receipt. It works until the publisher has been let through to GitHub; after that it is
too late, and the command says so. Your key must belong to a person whom trust.json lets revoke.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return g.revoke(c.Context(), args[0], key, reason) },
	}
	c.Flags().StringVar(&key, "key", "", "your private key: a file or env://NAME (default: .marketops/keys/requester.pem)")
	c.Flags().StringVar(&reason, "reason", "", "why, one line (required); it is kept as evidence")
	return c
}

func (g *globals) revoke(ctx context.Context, arg, key, reason string) error {
	id := marketops.ReceiptID(arg)
	if !id.Valid() || reason == "" {
		return &cli.UsageError{Err: fmt.Errorf("a receipt id (c-…) and --reason are needed")}
	}
	s, err := g.connectAs(key, "requester", "")
	if err != nil {
		return err
	}
	e, err := s.core.Revoke(ctx, api.Revoke{Receipt: id, Reason: reason})
	if err != nil {
		return err
	}
	rec, _, err := s.proveEntry(ctx, e, receipt.KindRevocation)
	if err != nil {
		return err
	}
	s.Print("revoked %s: leaf %d", id, e.Position.Index)
	return s.Result(struct {
		Schema  string              `json:"schema"`
		Receipt marketops.ReceiptID `json:"receipt"`
		Digest  marketops.Digest    `json:"digest"`
		Leaf    uint64              `json:"leaf"`
	}{"marketops.revoke/v1", id, rec.Digest, e.Position.Index})
}
