package server

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// Bounds of looking back into the log at start.
const (
	lookBack  = 64 * log.TileWidth  // entries among which an unindexed leaf is looked for
	countBack = 512 * log.TileWidth // entries from which the limits are counted again
)

// recover repairs what a crash left, before anybody is served.
func (c *Core) recover(ctx context.Context) error {
	if err := c.reindex(ctx); err != nil {
		return err
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	if err := c.recount(ctx); err != nil {
		return err
	}
	c.sealAll(ctx)
	return nil
}

// reindex finds or appends every frozen record that has no index. The first one that is not
// found is appended although it may stand in the part of the log that no checkpoint covers yet;
// once that is published all the others can be looked up, so that one leaf at most is there twice.
func (c *Core) reindex(ctx context.Context) error {
	published := false
	for {
		rows, err := c.ledger.Unindexed(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		c.log.Info("recovering", "records", len(rows))
		for _, row := range rows {
			if err := c.reindexOne(ctx, row, &published); err != nil {
				return err
			}
		}
	}
}

func (c *Core) reindexOne(ctx context.Context, row claims.Record, published *bool) error {
	if index, found := c.findLeaf(row.Leaf); found {
		return c.ledger.Indexed(ctx, row.Leaf, index)
	}
	e, err := c.append(ctx, row, nil)
	if err != nil || *published {
		return err
	}
	*published = true
	if _, err = c.tree.Published(ctx, e.Position.Index); err != nil {
		return err
	}
	if first, found := c.findLeaf(row.Leaf); found {
		return c.ledger.Indexed(ctx, row.Leaf, first)
	}
	return nil
}

// findLeaf looks for a leaf in the newest part of the published log and returns the lowest place
// there. Not finding it says nothing: a leaf that is appended twice is counted once.
func (c *Core) findLeaf(leaf log.Hash) (at uint64, found bool) {
	tree, err := c.tip()
	if err != nil {
		return 0, false
	}
	size := tree.Checkpoint().Size
	from := size - min(size, lookBack)
	err = tree.Entries(from, size, func(index uint64, entry []byte) error {
		if !found && log.LeafHash(entry) == leaf {
			at, found = index, true
		}
		return nil
	})
	return at, found && err == nil
}

// recount reads the newest part of the log to count again what the limits are about, and to
// find runs that were not sealed.
func (c *Core) recount(ctx context.Context) error {
	tree, err := c.tip()
	if err != nil {
		return err
	}
	size := tree.Checkpoint().Size
	from := size - min(size, countBack)
	return tree.Entries(from, size, func(_ uint64, entry []byte) error {
		row, found, err := c.ledger.ByLeaf(ctx, log.LeafHash(entry))
		if err != nil || !found {
			return err
		}
		return c.recountOne(row)
	})
}

func (c *Core) recountOne(row claims.Record) error {
	now := c.now()
	switch row.Kind {
	case "submission":
		if now-row.FrozenAt < day {
			c.load.submitted(row.FrozenAt)
		}
	case "receipt":
		if now-row.FrozenAt < day+receipt.MaxLifetime {
			i, err := c.reopenReceipt(c.force.Load(), row)
			if marketops.CodeOf(err) == marketops.KeyUnknown {
				return nil
			}
			if err != nil {
				return err
			}
			if i.body.ExpiresAt > now {
				c.load.issued(i.body)
			}
		}
	case claims.KindOutcome, claims.KindResolution, claims.KindRevocation:
		if now-row.FrozenAt < day {
			c.seals.add(row.Run)
		}
	}
	return nil
}
