package main

import (
	"context"
	"errors"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/spf13/cobra"
)

func eraseCommand(s *cli.Streams) *cobra.Command {
	dir, reason := "", ""
	cmd := &cobra.Command{
		Use: "erase LEAFHASH --reason TEXT", Short: "forget what one person's record said",
		Long: "Removes the record of a person (or an advisory) and the texts that it names from the record\n" +
			"store. The leaf and all proofs stay; audits report it as erased. The Core must be stopped and\n" +
			"the run over; leaf, time and reason stay in the ledger's history. `marketops log leaf` shows leaf hashes.",
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			leaf, err := log.ParseHash(args[0])
			if err != nil || reason == "" {
				return &cli.UsageError{Err: errors.Join(errors.New("a leaf hash and --reason are needed"), err)}
			}
			return erase(cmd.Context(), s, dir, leaf, reason)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who read the history (required)")
	return cmd
}

func now() marketops.Time { return marketops.TimeOf(time.Now()) }

func erase(ctx context.Context, s *cli.Streams, dir string, leaf log.Hash, reason string) error {
	state, err := maintain.Open(dir, now)
	if err != nil {
		return err
	}
	s.Say("erasing the record of leaf %s from %s", leaf, dir)
	e, err := state.Erase(ctx, leaf, reason)
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
	}{"marketops.erase/v1", leaf, e.Index, e.Kind, e.Run, e.By})
}
