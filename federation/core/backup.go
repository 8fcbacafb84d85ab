package core

import (
	"context"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/maintain"
)

// Backup completes a backup that marketops-core backup has begun, while all other calls wait: log and
// claims are then of one moment. Who holds the ledger's key could do worse than read.
func (c *Core) Backup(ctx context.Context, _ *federation.Caller, in api.Backup) (api.BackedUp, error) {
	if !filepath.IsAbs(in.Folder) {
		return api.BackedUp{}, marketops.Refuse(marketops.ConfigInvalid, "the folder of a backup must be an absolute path")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	checkpoint, err := c.records.Settle(ctx)
	if err != nil {
		return api.BackedUp{}, err
	}
	m, err := maintain.Source{State: c.opts.State, Config: c.config}.Finish(ctx, in.Folder, c.ledger, checkpoint, c.now())
	if err != nil {
		return api.BackedUp{}, err
	}
	c.log.Info("backup completed", "folder", in.Folder, "size", m.Log.Size)
	return api.BackedUp{Origin: m.Log.Origin, Size: m.Log.Size, Root: m.Log.Root}, nil
}
