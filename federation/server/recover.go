package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
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
	if err := c.settle(ctx); err != nil && !errors.Is(err, marketops.KeyUnknown) { // which reindex has said
		return err
	}
	if err := c.awaitKnown(ctx); err != nil {
		return err
	}
	if err := c.recount(ctx); err != nil {
		return err
	}
	unsealed, err := c.ledger.Unsealed(ctx, "run-closed")
	if err != nil {
		return err
	}
	for _, run := range unsealed {
		c.seals.later(run)
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
		done, err := c.outbox(ctx, func(row claims.Record) error {
			c.log.Info("recovering", "record", row.Kind, "run", string(row.Run))
			return c.reindexOne(ctx, row, &published)
		})
		switch {
		case err != nil && !errors.Is(err, marketops.KeyUnknown):
			return err
		case err != nil && done == 0:
			// New claims stop by themselves while an outcome waits; whoever comes to mend it can read.
			c.log.Error("a record is signed by a key that trust.json no longer lists: list it with revoked_from instead", "error", err)
			return nil
		case done == 0:
			return nil
		}
	}
}

func (c *Core) reindexOne(ctx context.Context, row claims.Record, published *bool) error {
	if index, found := c.findLeaf(row.Leaf); found {
		return c.indexed(ctx, row, index)
	}
	e, err := c.append(ctx, row, nil)
	if err != nil || *published {
		return err
	}
	*published = true
	if _, err = c.tree.Published(ctx, e.Position.Index); err != nil {
		// Without a quorum of witnesses the log grows all the same; a leaf may be there twice then.
		c.log.Warn("the log is not published while recovering", "error", err)
		return nil
	}
	if first, found := c.findLeaf(row.Leaf); found {
		return c.indexed(ctx, row, first)
	}
	return nil
}

// continues refuses to begin any log but the one that the ledger goes on under: the one before is
// frozen, and a new one under its name would be a fork of it.
func (c *Core) continues(ctx context.Context) error {
	rows, err := c.ledger.Unindexed(ctx)
	if err != nil || len(rows) == 0 || rows[0].Kind != "shard-genesis" {
		return err
	}
	rec, err := receipt.Open(rows[0].Envelope, c.active.Load().trust.Ring())
	if err != nil {
		return err
	}
	if next := rec.Body.(*receipt.ShardGenesis).Origin; next != c.opts.Config.Origin {
		return marketops.Refuse(marketops.ConfigInvalid, "the log is frozen; the one that goes on has the origin "+next+", core.yaml another")
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

// awaitKnown waits until the published log covers what the ledger knows to stand in it. A crash
// leaves a moment's records that are in the log and under no checkpoint, and recount reads only
// what is published.
func (c *Core) awaitKnown(ctx context.Context) error {
	index, found, err := c.ledger.Newest(ctx)
	if err != nil || !found {
		return err
	}
	if _, err := c.tree.Published(ctx, index); err != nil {
		c.log.Warn("the log is not published while recovering: limits and ends of runs are counted without its newest part", "error", err)
	}
	return nil
}

// recount reads the newest part of the log, backwards to what is older than a day, to count
// again what the limits are about.
func (c *Core) recount(ctx context.Context) error {
	tree, err := c.tip()
	if err != nil {
		return err
	}
	size := tree.Checkpoint().Size
	for to, least := size, size-min(size, countBack); to > least; {
		from := (to - 1) / log.TileWidth * log.TileWidth
		old, err := c.recountBundle(ctx, tree, from, to)
		if err != nil || old {
			return err
		}
		to = from
	}
	return nil
}

// recountBundle reports whether it met a record that is older than a day.
func (c *Core) recountBundle(ctx context.Context, tree *log.Tree, from, to uint64) (old bool, err error) {
	err = tree.Entries(from, to, func(index uint64, entry []byte) error {
		row, found, err := c.ledger.ByLeaf(ctx, log.LeafHash(entry))
		if err != nil {
			return err
		}
		if !found {
			return c.stranger(index, entry)
		}
		if c.now()-row.FrozenAt >= day {
			old = true
			return nil
		}
		return c.recountOne(row)
	})
	return old, err
}

// stranger judges a leaf that the ledger does not know. What the ledger itself signed it once knew:
// claims.db is then older than the log, and would give out again what is spent.
func (c *Core) stranger(index uint64, entry []byte) error {
	leaf, err := log.ParseLeaf(entry)
	if err != nil {
		return nil // of another kind: an audit counts it
	}
	h, known := c.active.Load().trust.Holder(leaf.Key.ID())
	if !known || h.Role != trust.RoleLedger {
		return nil
	}
	return &marketops.Failure{Code: marketops.LedgerUnavailable,
		What:  fmt.Sprintf("claims.db does not know leaf %d, which the ledger signed: it is older than the log", index),
		State: "the Core did not start; receipts that are spent would have looked unspent",
		Next:  "put the newest claims.db back; if it is lost, begin a new log under another origin"}
}

func (c *Core) recountOne(row claims.Record) error {
	switch row.Kind {
	case "submission":
		c.load.submitted(row.FrozenAt)
	case "receipt":
		i, err := c.reopenReceipt(c.active.Load(), row)
		if errors.Is(err, marketops.KeyUnknown) || errors.Is(err, marketops.RecordWithheld) {
			return nil // its authority is gone, or it was erased: nobody can spend it
		}
		if err != nil {
			return err
		}
		c.load.issued(i.body)
	}
	return nil
}
