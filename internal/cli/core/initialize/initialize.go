// Package initialize is the command init of marketops-core.
package initialize

import (
	"crypto/rand"
	"errors"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/setup"
	"github.com/spf13/cobra"
)

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(*cli.Streams, setup.Options) error) *cobra.Command {
	var o setup.Options
	cmd := &cobra.Command{
		Use: "init --origin HOST", Short: "make the Core's keys, configuration, policy and trust file",
		Long: "Makes the Core's part of a state folder and leaves every existing file alone. The trust file lists\n" +
			"the Core's own keys only: add persons, publishers and approval rules before anything can be authorised.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if o.Origin == "" {
				return &cli.UsageError{Err: errors.New("--origin must be given: a bare host name, the log's name for ever")}
			}
			return run(s, o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&o.Origin, "origin", "", "bare host name of the log")
	cmd.Flags().StringArrayVar(&o.Hosts, "host", nil, "a GitHub that may be published to; may be repeated (default: github.com)")
	cmd.Flags().StringArrayVar(&o.Witnesses, "witness", nil, "\"VKEY URL\" of a witness that is asked to cosign; may be repeated")
	cmd.Flags().IntVar(&o.Quorum, "quorum", 0, "how many witnesses must cosign (default: more than half)")
	return cmd
}

func run(s *cli.Streams, o setup.Options) error {
	o.Now, o.Random = cli.Now(), rand.Reader
	s.Say("making %s for the log %s", o.Dir, o.Origin)
	made, err := setup.InitCore(o)
	if err != nil {
		return err
	}
	for _, path := range made.Made {
		s.Print("%s", path)
	}
	if len(o.Witnesses) > 0 {
		s.Print("log %s", made.Log)
	}
	s.Say("%s", made.Notice)
	return s.Result(struct {
		Schema string   `json:"schema"`
		Dir    string   `json:"dir"`
		Made   []string `json:"made"`
		Log    string   `json:"log"`
		Notice string   `json:"notice"`
	}{"marketops.init/v1", made.Dir, made.Made, made.Log, made.Notice})
}
