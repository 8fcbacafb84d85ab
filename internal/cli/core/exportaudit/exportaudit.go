// Package exportaudit is the command export-audit.
package exportaudit

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/maintain"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Dir    string
	Folder string // that the copy goes into
}

// New returns the command.
func New(s *cli.Streams) *cobra.Command { return command(s, run) }

func command(s *cli.Streams, run func(context.Context, *cli.Streams, Options) error) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "export-audit FOLDER", Short: "copy the log and its records for an outsider to audit",
		Long: "Copies what an auditor needs who can reach no Core: checkpoint, tiles and records. FOLDER must be new or\n" +
			"empty. The Core may run. Plans, documents and texts are not in it, but records name persons, repositories,\n" +
			"tags and times.",
		Example: "  marketops-core export-audit /tmp/for-the-auditor\n" +
			"  marketops-verify audit --log for-the-auditor/log --records for-the-auditor/records --trust trust.json",
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { o.Folder = args[0]; return run(cmd.Context(), s, o) },
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".marketops", "state folder")
	return cmd
}

// View is an export in --json.
type View struct {
	Schema string `json:"schema"`
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"`
	Folder string `json:"folder"`
}

func run(ctx context.Context, s *cli.Streams, o Options) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	if found, err := regular.EntriesPath(o.Folder, 1); len(found) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return marketops.RefuseErr(marketops.ConfigInvalid, o.Folder+" is not a new or empty folder", err)
	}
	cfg, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return err
	}
	c := cfg.In(dir)
	text, err := regular.ReadOwned(c.Trust, trust.MaxTrust)
	if err != nil {
		return marketops.RefuseErr(marketops.TrustMissing, c.Trust, err)
	}
	t, err := trust.Parse(text)
	if err != nil {
		return err
	}
	s.Say("copying the log and the records of %s into %s", dir, o.Folder)
	cp, err := maintain.Source{State: dir, Config: c}.ExportAudit(ctx, o.Folder, t.Log())
	if err != nil {
		return err
	}
	s.Print("exported %s at size %d into %s", cp.Origin, cp.Size, o.Folder)
	s.Say("next: marketops-verify audit --log %s --records %s --trust %s", filepath.Join(o.Folder, "log"), filepath.Join(o.Folder, "records"), c.Trust)
	return s.Result(View{"marketops.export-audit/v1", cp.Origin, cp.Size, cp.Root.String(), o.Folder})
}
