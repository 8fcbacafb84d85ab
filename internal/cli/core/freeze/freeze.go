// Package freeze is the command freeze.
package freeze

import (
	"context"
	"errors"

	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/core/keys"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir  string
	Next string // origin of the log that continues it
	Key  string // that will sign its checkpoints
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(context.Context, *cli.Streams, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "freeze --next HOST --key FILE", Short: "end the log for good, and prepare the one that goes on after it",
		Long: "Appends the last leaf (shard-sealed), publishes it, moves log and records to shards/<origin>/ and makes\n" +
			"them read-only. The claims go on: what is spent stays spent, and receipts that nobody has used cannot be used\n" +
			"any more. The next log's first leaf names the frozen one. The Core must be stopped and nothing be open; make\n" +
			"packs of finished runs before. Afterwards put trust.next.json in place as trust.json, set origin and\n" +
			"keys.checkpoint in core.yaml, and start the Core. Interrupted, the same command continues.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Next == "" || o.Key == "" {
				return &cli.UsageError{Err: errors.New("--next and --key are needed: origin and new checkpoint key of the log that continues it")}
			}
			return run(cmd.Context(), s, o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&o.Next, "next", "", "bare host name of the log that continues it (required)")
	cmd.Flags().StringVar(&o.Key, "key", "", "private key that will sign its checkpoints (required)")
	return cmd
}

func run(ctx context.Context, s *cli.Streams, o Options) error {
	old, next, err := keys.Checkpoint(o.Dir, o.Key)
	if err != nil {
		return err
	}
	f := maintain.Freeze{Next: o.Next, NextKey: next.Public(), Checkpoint: old}
	if f.Mint, err = keys.Issuer(o.Dir); err != nil {
		return err
	}
	state, err := maintain.Open(o.Dir, cli.Now)
	if err != nil {
		return err
	}
	s.Say("freezing the log of %s for good; %s continues it", o.Dir, o.Next)
	done, err := state.Freeze(ctx, f)
	if err = errors.Join(err, state.Close()); err != nil {
		return err
	}
	s.Print("frozen %s at size %d, in %s", done.Shard.Origin, done.Shard.Size, done.Folder)
	s.Print("wrote %s: %s goes on", done.Trust, done.Vkey)
	s.Say("%s that nobody used cannot be used any more: authorise again", cli.Count(done.Unspent, "receipt"))
	s.Say("next: put %s in place as trust.json, everywhere; in core.yaml set origin to %s and keys.checkpoint to %s; start the Core", maintain.NextTrust, o.Next, o.Key)
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
