package server

import (
	"context"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/maintain"
)

const backupPath = "/v1/backup"

// backup completes a backup that marketops-core backup has begun, while everybody else waits: log and
// claims are then of one moment. Who holds the ledger's key could do worse than read.
func (c *Core) backup(ctx context.Context, _ *caller, in api.Backup) (api.BackedUp, error) {
	if !filepath.IsAbs(in.Folder) {
		return api.BackedUp{}, marketops.Refuse(marketops.ConfigInvalid, "the folder of a backup must be an absolute path")
	}
	c.backupMu.Lock()
	defer c.backupMu.Unlock()
	c.flights.up.Wait() // each has a time limit of its own
	if _, err := c.tree.Settled(ctx); err != nil {
		return api.BackedUp{}, err
	}
	tree, err := c.tip()
	if err != nil {
		return api.BackedUp{}, err
	}
	m, err := maintain.Source{State: c.opts.State, Config: c.opts.Config}.Finish(ctx, in.Folder, c.ledger, tree.Checkpoint(), c.now())
	if err != nil {
		return api.BackedUp{}, err
	}
	c.log.Info("backed up", "folder", in.Folder, "size", m.Log.Size)
	return api.BackedUp{Origin: m.Log.Origin, Size: m.Log.Size, Root: m.Log.Root}, nil
}
