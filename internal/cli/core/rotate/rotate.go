// Package rotate is the command rotate.
package rotate

import (
	"errors"

	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/core/keys"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir string
	Key string // that will sign checkpoints
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(*cli.Streams, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "rotate --key FILE", Short: "propose a trust file under which another key signs the log",
		Long: "Writes trust.next.json: the next version of trust.json, in which the new checkpoint key is listed and the\n" +
			"old one signs nothing above what it has signed. The Core must be stopped, and nothing else is changed: put\n" +
			"the file in place wherever trust.json lies, set keys.checkpoint in core.yaml, and start the Core.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if o.Key == "" {
				return &cli.UsageError{Err: errors.New("--key is needed: the new checkpoint key, as `marketops key new --plain` makes it")}
			}
			return run(s, o)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&o.Key, "key", "", "private key that will sign checkpoints (required)")
	return cmd
}

func run(s *cli.Streams, o Options) error {
	old, next, err := keys.Checkpoint(o.Dir, o.Key)
	if err != nil {
		return err
	}
	state, err := maintain.Open(o.Dir, cli.Now)
	if err != nil {
		return err
	}
	s.Say("proposing another checkpoint key for %s", o.Dir)
	r, err := state.Rotate(old.Public(), next.Public())
	if err = errors.Join(err, state.Close()); err != nil {
		return err
	}
	s.Print("wrote %s: %s signs %s from size %d on", r.Trust, r.New, r.Origin, r.Size)
	s.Say("next: put it in place as trust.json, everywhere; set keys.checkpoint in core.yaml to %s; start the Core", o.Key)
	return s.Result(struct {
		Schema string `json:"schema"`
		Origin string `json:"origin"`
		Size   uint64 `json:"size"`
		Old    string `json:"old"`
		New    string `json:"new"`
		Trust  string `json:"trust"`
	}{"marketops.rotate/v1", r.Origin, r.Size, r.Old, r.New, r.Trust})
}
