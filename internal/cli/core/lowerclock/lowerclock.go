// Package lowerclock is the command lower-clock.
package lowerclock

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log/claims"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir    string
	To     string // time
	Reason string
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(context.Context, *cli.Streams, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "lower-clock --to TIME --reason TEXT", Short: "forget that the clock once ran ahead",
		Long: "The ledger grants no claim before the latest time at which it granted one (clock-unsure). If the\n" +
			"machine's clock once ran ahead, this lowers that mark. The Core must be stopped; time, old mark and\n" +
			"reason stay in the ledger's history.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), s, o) },
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&o.To, "to", "", "the new mark, such as 2026-11-22T13:00:00Z (required)")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why, for those who read the history (required)")
	return cmd
}

func run(ctx context.Context, s *cli.Streams, o Options) error {
	var to marketops.Time
	if err := to.UnmarshalText([]byte(o.To)); err != nil || o.Reason == "" {
		return &cli.UsageError{Err: errors.Join(errors.New("--to and --reason are needed"), err)}
	}
	cfg, err := config.LoadCore(filepath.Join(o.Dir, "core.yaml"))
	if err != nil {
		return err
	}
	s.Say("lowering the clock mark of %s to %s", o.Dir, to)
	l, err := claims.Open(cfg.In(o.Dir).Claims, cli.Now)
	if err != nil {
		return err
	}
	old, _, err := l.Marks(ctx)
	if err == nil {
		err = l.LowerMark(ctx, to, o.Reason)
	}
	if err = errors.Join(err, l.Close()); err != nil {
		return err
	}
	s.Print("%s %s", old, to)
	return s.Result(struct {
		Schema string         `json:"schema"`
		Old    marketops.Time `json:"old"`
		New    marketops.Time `json:"new"`
	}{"marketops.clock-mark/v1", old, to})
}
