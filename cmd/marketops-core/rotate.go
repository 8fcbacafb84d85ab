package main

import (
	"errors"
	"path/filepath"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/spf13/cobra"
)

func rotateCommand(s *cli.Streams) *cobra.Command {
	dir, key := "", ""
	cmd := &cobra.Command{
		Use: "rotate --key FILE", Short: "propose a trust file under which another key signs the log",
		Long: "Writes trust.next.json: the next version of trust.json, in which the new checkpoint key is listed and the\n" +
			"old one signs nothing above what it has signed. The Core must be stopped, and nothing else is changed: put\n" +
			"the file in place wherever trust.json lies, set keys.checkpoint in core.yaml, and start the Core.",
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if key == "" {
				return &cli.UsageError{Err: errors.New("--key is needed: the new checkpoint key, as `marketops key new --plain` makes it")}
			}
			return rotate(s, dir, key)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringVar(&key, "key", "", "private key that will sign checkpoints (required)")
	return cmd
}

func rotate(s *cli.Streams, dir, key string) error {
	old, next, err := logKeys(dir, key)
	if err != nil {
		return err
	}
	state, err := maintain.Open(dir, now)
	if err != nil {
		return err
	}
	s.Say("proposing another checkpoint key for %s", dir)
	r, err := state.Rotate(old.Public(), next.Public())
	if err = errors.Join(err, state.Close()); err != nil {
		return err
	}
	s.Print("wrote %s: %s signs %s from size %d on", r.Trust, r.New, r.Origin, r.Size)
	s.Say("next: put it in place as trust.json, everywhere; set keys.checkpoint in core.yaml to %s; start the Core", key)
	return s.Result(struct {
		Schema string `json:"schema"`
		Origin string `json:"origin"`
		Size   uint64 `json:"size"`
		Old    string `json:"old"`
		New    string `json:"new"`
		Trust  string `json:"trust"`
	}{"marketops.rotate/v1", r.Origin, r.Size, r.Old, r.New, r.Trust})
}

// logKeys loads the checkpoint key in use and the one that follows it.
func logKeys(dir, key string) (old, next crypto.Signer, err error) {
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return nil, nil, err
	}
	if old, err = signer.Load(cfg.In(dir).Keys.Checkpoint, nil); err != nil {
		return nil, nil, err
	}
	next, err = signer.Load(key, nil)
	return old, next, err
}
