package maintain

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/tiles"
)

// ExportAudit copies what an outsider needs to audit the log into a folder: log/ with checkpoint and tiles, and
// records/ with every envelope and the versions of trust.json. Plans, documents and texts are not in it. The Core may
// run: the checkpoint is read first, and written last, so that all that it covers is there. A folder without
// log/checkpoint is an export that was interrupted. It returns that checkpoint.
func (s Source) ExportAudit(ctx context.Context, dest string, policy *log.Policy) (*log.Checkpoint, error) {
	raw, err := os.ReadFile(filepath.Join(s.Config.Log, log.CheckpointPath))
	if err != nil {
		return nil, lost(err)
	}
	cp, err := policy.OpenUnwitnessed(raw)
	if err != nil {
		return nil, err
	}
	to := filepath.Join(dest, "log")
	isTile := func(name string) bool { return ctx.Err() == nil && name != log.CheckpointPath && log.IsPath(name) }
	if err := copyTree(s.Config.Log, to, false, isTile); err != nil {
		return nil, lost(err)
	}
	isRecord := func(name string) bool { return ctx.Err() == nil && strings.HasSuffix(name, ".json") }
	if err := copyTree(s.Config.Records, filepath.Join(dest, "records"), false, isRecord); err != nil {
		return nil, lost(err)
	}
	if err := requireWhole(ctx, to, cp); err != nil {
		return nil, err
	}
	return cp, lost(os.WriteFile(filepath.Join(to, log.CheckpointPath), raw, 0o644))
}

// requireWhole reads every entry that a checkpoint covers from a copy of the log.
func requireWhole(ctx context.Context, dir string, cp *log.Checkpoint) error {
	if cp.Size == 0 {
		return lost(os.MkdirAll(dir, 0o700))
	}
	from, err := tiles.Open(dir)
	if err != nil {
		return lost(err)
	}
	defer from.Close()
	return lost(log.NewTree(cp, from).Entries(0, cp.Size, func(uint64, []byte) error { return ctx.Err() }))
}
