package main

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"

	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/spf13/cobra"
)

type freezeOptions struct{ dir, next, key string }

func freezeCommand(s *cli.Streams) *cobra.Command {
	var o freezeOptions
	cmd := &cobra.Command{
		Use: "freeze --next HOST --key FILE", Short: "end the log for good, and prepare the one that goes on after it",
		Long: "Appends the last leaf (shard-sealed), publishes it, moves log and records to shards/<origin>/ and makes\n" +
			"them read-only. The claims go on: what is spent stays spent, and receipts that nobody has used cannot be used\n" +
			"any more. The next log's first leaf names the frozen one. The Core must be stopped and nothing be open; make\n" +
			"packs of finished runs before. Afterwards put trust.next.json in place as trust.json, set origin and\n" +
			"keys.checkpoint in core.yaml, and start the Core. Interrupted, the same command goes on.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.next == "" || o.key == "" {
				return &cli.UsageError{Err: errors.New("--next and --key are needed: origin and new checkpoint key of the log that goes on")}
			}
			return freeze(cmd.Context(), s, o)
		},
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&o.next, "next", "", "bare host name of the log that goes on (required)")
	cmd.Flags().StringVar(&o.key, "key", "", "private key that will sign its checkpoints (required)")
	return cmd
}

func freeze(ctx context.Context, s *cli.Streams, o freezeOptions) error {
	old, next, err := logKeys(o.dir, o.key)
	if err != nil {
		return err
	}
	f := maintain.Freeze{Next: o.next, NextKey: next.Public(), Checkpoint: old}
	if f.Mint, err = mint(o.dir); err != nil {
		return err
	}
	state, err := maintain.Open(o.dir, now)
	if err != nil {
		return err
	}
	s.Say("freezing the log of %s for good; %s goes on after it", o.dir, o.next)
	done, err := state.Freeze(ctx, f)
	if err = errors.Join(err, state.Close()); err != nil {
		return err
	}
	s.Print("frozen %s at size %d, in %s", done.Shard.Origin, done.Shard.Size, done.Folder)
	s.Print("wrote %s: %s goes on", done.Trust, done.Vkey)
	s.Say("%s that nobody used cannot be used any more: authorise again", cli.Count(done.Unspent, "receipt"))
	s.Say("next: put %s in place as trust.json, everywhere; in core.yaml set origin to %s and keys.checkpoint to %s; start the Core", maintain.NextTrust, o.next, o.key)
	return s.Result(struct {
		Schema  string `json:"schema"`
		Origin  string `json:"origin"`
		Size    int64  `json:"size"`
		Root    string `json:"root"`
		Folder  string `json:"folder"`
		Next    string `json:"next"`
		Vkey    string `json:"vkey"`
		Unspent int    `json:"unspent"`
		Trust   string `json:"trust"`
	}{"marketops.freeze/v1", done.Shard.Origin, done.Shard.Size, done.Shard.Root.String(), done.Folder, done.Next, done.Vkey, done.Unspent, done.Trust})
}

func mint(dir string) (*issue.Issuer, error) {
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return nil, err
	}
	k, err := keys(cfg.In(dir).Keys)
	if err != nil {
		return nil, err
	}
	return issue.New(k, rand.Reader, now)
}
