package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log/claims"
	"github.com/spf13/cobra"
)

type clockOptions struct{ dir, to, reason string }

func clockCommand(s *cli.Streams) *cobra.Command {
	var o clockOptions
	cmd := &cobra.Command{
		Use: "lower-clock --to TIME --reason TEXT", Short: "forget that the clock once ran ahead",
		Long: "The ledger grants no claim before the latest time at which it granted one (clock-unsure). If the\n" +
			"machine's clock once ran ahead, this lowers that mark. The Core must be stopped; time, old mark and\n" +
			"reason stay in the ledger's history.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return lowerClock(cmd.Context(), s, o) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&o.to, "to", "", "the new mark, such as 2026-11-22T13:00:00Z (required)")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for those who read the history (required)")
	return cmd
}

func lowerClock(ctx context.Context, s *cli.Streams, o clockOptions) error {
	var to marketops.Time
	if err := to.UnmarshalText([]byte(o.to)); err != nil || o.reason == "" {
		return &cli.UsageError{Err: errors.Join(errors.New("--to and --reason are needed"), err)}
	}
	cfg, err := config.LoadCore(filepath.Join(o.dir, "core.yaml"))
	if err != nil {
		return err
	}
	s.Say("lowering the clock mark of %s to %s", o.dir, to)
	l, err := claims.Open(cfg.In(o.dir).Claims, func() marketops.Time { return marketops.TimeOf(time.Now()) })
	if err != nil {
		return err
	}
	old, _, err := l.Marks(ctx)
	if err == nil {
		err = l.LowerMark(ctx, to, o.reason)
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
