// Package erase is the command erase.
package erase

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir    string
	Leaf   log.Hash
	Reason string
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(context.Context, *cli.Streams, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "erase LEAFHASH --reason TEXT", Short: "forget what one person's record said",
		Long: "Removes the record of a person (or an advisory) and the texts that it names from the record\n" +
			"store. The leaf and all proofs stay; audits report it as erased. The Core must be stopped and\n" +
			"the run over; leaf, time and reason stay in the ledger's history. `marketops log leaf` shows leaf hashes.",
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			leaf, err := log.ParseHash(args[0])
			if err != nil || o.Reason == "" {
				return &cli.UsageError{Err: errors.Join(errors.New("a leaf hash and --reason are needed"), err)}
			}
			o.Leaf = leaf
			return run(cmd.Context(), s, o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why, for those who read the history (required)")
	return cmd
}

func run(ctx context.Context, s *cli.Streams, o Options) error {
	state, err := maintain.Open(o.Dir, cli.Now)
	if err != nil {
		return err
	}
	s.Say("erasing the record of leaf %s from %s", o.Leaf, o.Dir)
	e, err := state.Erase(ctx, o.Leaf, o.Reason)
	if err = errors.Join(err, state.Close()); err != nil {
		return err
	}
	s.Print("erased %s by %s, leaf %d", e.Kind, e.By, e.Index)
	return s.Result(struct {
		Schema string          `json:"schema"`
		Leaf   log.Hash        `json:"leaf_hash"`
		Index  uint64          `json:"index"`
		Record string          `json:"record"`
		Run    marketops.RunID `json:"run"`
		By     string          `json:"by"`
	}{"marketops.erase/v1", o.Leaf, e.Index, e.Kind, e.Run, e.By})
}
