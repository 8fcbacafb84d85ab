package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

func backupCommand(s *cli.Streams) *cobra.Command {
	dir, keys := "", false
	cmd := &cobra.Command{
		Use: "backup FOLDER", Short: "copy log, records, claims and configuration, all of one moment",
		Long: "FOLDER must be new or empty. The Core may run: it is asked to hold still while the last files are copied.\n" +
			"Private keys are not in it unless --keys says so, for which the Core must be stopped. checkpoint.mark never\n" +
			"is: it must remember more than any backup.",
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return backup(cmd.Context(), s, dir, args[0], keys) },
	}
	cmd.Flags().StringVar(&dir, "dir", ".marketops", "state folder")
	cmd.Flags().BoolVar(&keys, "keys", false, "copy the Core's private keys, too")
	return cmd
}

func backup(ctx context.Context, s *cli.Streams, dir, folder string, keys bool) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	if found, err := os.ReadDir(folder); len(found) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return marketops.RefuseErr(marketops.ConfigInvalid, folder+" is not a new or empty folder", err)
	}
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return err
	}
	c := cfg.In(dir)
	s.Say("backing up %s into %s", dir, folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if !keys { // else the Core is stopped, and nobody waits
		if err := (maintain.Source{State: dir, Config: c}).Copy(folder); err != nil {
			return err
		}
	}
	m, err := finish(ctx, c, dir, folder, keys)
	if err != nil {
		return err
	}
	s.Print("backed up %s at size %d into %s", m.Origin, m.Size, folder)
	return s.Result(backupView{"marketops.backup-result/v1", m.Origin, m.Size, m.Root.String(), folder, keys})
}

// backupView is a backup in --json.
type backupView struct {
	Schema string `json:"schema"`
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Folder string `json:"folder"`
	Keys   bool   `json:"keys"`
}

// finish completes the backup itself, or asks the Core that runs to.
func finish(ctx context.Context, c config.Core, dir, folder string, keys bool) (receipt.CheckpointRef, error) {
	state, err := maintain.Open(dir, now)
	if errors.Is(err, marketops.CoreAlreadyRunning) && !keys {
		return ask(ctx, c, folder)
	}
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	var paths []string
	if keys {
		paths = []string{c.Keys.Authority, c.Keys.Advisory, c.Keys.Ledger, c.Keys.Checkpoint}
	}
	m, err := state.Backup(ctx, folder, now(), paths...)
	if err = errors.Join(err, state.Close()); err != nil {
		return receipt.CheckpointRef{}, err
	}
	return m.Log, nil
}

func ask(ctx context.Context, c config.Core, folder string) (receipt.CheckpointRef, error) {
	by, err := signer.Load(c.Keys.Ledger, nil)
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	path, err := config.SocketPath(c.Listen.Unix, os.Getenv("XDG_RUNTIME_DIR"))
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	client, err := api.Dial(path, c.Origin, by, now)
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	b, err := client.Backup(ctx, folder)
	return receipt.CheckpointRef(b), err
}

type restoreOptions struct {
	dir    string
	seen   []string
	unseen bool
}

func restoreCommand(s *cli.Streams) *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use: "restore FOLDER", Short: "put a backup back, unless the log had come further than it",
		Long: "Puts log, records and claims into the state folder, from which the old ones must have been moved away, and\n" +
			"whatever else is missing there. checkpoint.mark must stay in the state folder: a backup that is older than it,\n" +
			"or than a checkpoint given by --seen, is refused, since it would give out again what is spent.",
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return restore(s, args[0], o) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringArrayVar(&o.seen, "seen", nil, "a checkpoint that a user, an auditor or a witness has kept; may be given often")
	cmd.Flags().BoolVar(&o.unseen, "unseen", false, "nobody has seen a newer log; for a state folder that remembers nothing")
	return cmd
}

func restore(s *cli.Streams, folder string, o restoreOptions) error {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	m := maintain.Memory{Nothing: o.unseen}
	for _, path := range o.seen {
		raw, err := os.ReadFile(path)
		if err != nil {
			return &marketops.Failure{Code: marketops.StateMissing, What: "a checkpoint that was seen", Err: err}
		}
		m.Checkpoints = append(m.Checkpoints, raw)
	}
	s.Say("restoring %s into %s", folder, dir)
	man, err := maintain.Restore(folder, dir, m)
	if err != nil {
		return err
	}
	s.Print("restored %s at size %d into %s", man.Log.Origin, man.Log.Size, dir)
	if !man.Keys {
		s.Say("the backup has no private keys: they must lie where core.yaml says")
	}
	return s.Result(backupView{"marketops.restore/v1", man.Log.Origin, man.Log.Size, man.Log.Root.String(), folder, man.Keys})
}
