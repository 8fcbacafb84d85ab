// Package restore is the command restore.
package restore

import (
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/core/backup"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir    string
	Folder string   // of the backup
	Seen   []string // files with checkpoints
	Unseen bool     // no user has seen a newer log
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(*cli.Streams, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "restore FOLDER", Short: "put a backup back, unless the log had come further than it",
		Long: "Puts log, records and claims into the state folder, from which the old ones must have been moved away, and\n" +
			"whatever else is missing there. checkpoint.mark must stay in the state folder: a backup that is older than it,\n" +
			"or than a checkpoint given by --seen, is refused, since it would give out again what is spent.",
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { o.Folder = args[0]; return run(s, o) },
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	cmd.Flags().StringArrayVar(&o.Seen, "seen", nil, "a checkpoint that a user, an auditor or a witness has kept; may be given often")
	cmd.Flags().BoolVar(&o.Unseen, "unseen", false, "no user has seen a newer log; for a state folder that remembers nothing")
	return cmd
}

func run(s *cli.Streams, o Options) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	m := maintain.Memory{Nothing: o.Unseen}
	for _, path := range o.Seen {
		raw, err := regular.ReadPath(path, log.MaxCheckpoint)
		if err != nil {
			return &marketops.Failure{Code: marketops.StateMissing, What: "a checkpoint that was seen", Err: err}
		}
		m.Checkpoints = append(m.Checkpoints, raw)
	}
	s.Say("restoring %s into %s", o.Folder, dir)
	man, err := maintain.Restore(o.Folder, dir, m)
	if err != nil {
		return err
	}
	s.Print("restored %s at size %d into %s", man.Log.Origin, man.Log.Size, dir)
	if !man.Keys {
		s.Say("the backup has no private keys: they must lie where core.yaml says")
	}
	return s.Result(backup.View{Schema: "marketops.restore/v1", Origin: man.Log.Origin, Size: man.Log.Size,
		Root: man.Log.Root.String(), Folder: o.Folder, Keys: man.Keys})
}
