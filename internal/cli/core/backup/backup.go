// Package backup is the command backup.
package backup

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
	"github.com/omega/marketops/federation/versions"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir    string
	Folder string // that the backup goes into
	Keys   bool   // with the private keys
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(context.Context, *cli.Streams, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "backup FOLDER", Short: "copy log, records, claims and configuration, all of one moment",
		Long: "FOLDER must be new or empty. The Core may run: it is asked to hold still while the last files are copied.\n" +
			"Private keys are not in it unless --keys says so, for which the Core must be stopped. checkpoint.mark never\n" +
			"is: it must remember more than any backup.",
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { o.Folder = args[0]; return run(cmd.Context(), s, o) },
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	cmd.Flags().BoolVar(&o.Keys, "keys", false, "copy the Core's private keys, too")
	return cmd
}

func run(ctx context.Context, s *cli.Streams, o Options) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return err
	}
	if found, err := regular.EntriesPath(folder, 1); len(found) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return marketops.RefuseErr(marketops.ConfigInvalid, folder+" is not a new or empty folder", err)
	}
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return err
	}
	c := cfg.In(dir)
	s.Say("backing up %s into %s", dir, folder)
	root, err := durable.Folder(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if !o.Keys { // else the Core is stopped, and no caller waits
		if err := (maintain.Source{State: dir, Config: c}).Copy(folder); err != nil {
			return err
		}
	}
	m, err := finish(ctx, c, dir, folder, o.Keys)
	if err != nil {
		return err
	}
	s.Print("backed up %s at size %d into %s", m.Origin, m.Size, folder)
	return s.Result(View{"marketops.backup-result/v1", m.Origin, m.Size, m.Root.String(), folder, o.Keys})
}

// View is a backup in --json.
type View struct {
	Schema string `json:"schema"`
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Folder string `json:"folder"`
	Keys   bool   `json:"keys"`
}

// finish completes the backup itself, or asks the Core that runs to.
func finish(ctx context.Context, c config.Core, dir, folder string, keys bool) (receipt.CheckpointRef, error) {
	state, err := maintain.Open(dir, cli.Now)
	if errors.Is(err, marketops.CoreAlreadyRunning) && !keys {
		return askCore(ctx, c, dir, folder)
	}
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	var paths []string
	if keys {
		paths = []string{c.Keys.Authority, c.Keys.Advisory, c.Keys.Ledger, c.Keys.Checkpoint}
	}
	m, err := state.Backup(ctx, folder, cli.Now(), paths...)
	if err = errors.Join(err, state.Close()); err != nil {
		return receipt.CheckpointRef{}, err
	}
	return m.Log, nil
}

// askCore has the Core that runs complete the backup.
func askCore(ctx context.Context, c config.Core, dir, folder string) (receipt.CheckpointRef, error) {
	by, err := signer.Load(c.Keys.Ledger, nil)
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	path, err := config.SocketPath(c.Listen.Unix, os.Getenv("XDG_RUNTIME_DIR"))
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	t, err := versions.Load(dir, c)
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	client, err := api.Dial(path, c.Origin, by, t, cli.Now)
	if err != nil {
		return receipt.CheckpointRef{}, err
	}
	b, err := client.Backup(ctx, folder)
	return receipt.CheckpointRef(b), err
}
