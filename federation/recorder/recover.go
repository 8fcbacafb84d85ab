package recorder

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
)

// Bounds of looking back into the log at start.
const (
	lookBack  = 64 * log.TileWidth  // entries among which an unindexed leaf is looked for
	countBack = 512 * log.TileWidth // entries that [Recorder.Recent] reads
)

// Drain appends what is frozen, in the order in which it was frozen. Records that a call is
// appending at this moment are waited for; what is frozen meanwhile is for the next time.
func (r *Recorder) Drain(ctx context.Context) error {
	_, err := r.eachUnindexed(ctx, func(row claims.Record) error {
		_, err := r.Append(ctx, row, nil)
		return err
	})
	return err
}

// eachUnindexed calls do with the frozen records that have no index, and returns for how many that
// went well. A record that fails holds up its own run, whose later records may name it, and no other.
func (r *Recorder) eachUnindexed(ctx context.Context, do func(claims.Record) error) (done int, err error) {
	rows, err := r.outbox.Unindexed(ctx)
	if err != nil {
		return 0, err
	}
	failed := map[marketops.RunID]bool{}
	var errs []error
	for _, row := range rows {
		if failed[row.Run] {
			continue
		}
		if err := do(row); err != nil {
			failed[row.Run] = true
			errs = append(errs, err)
			continue
		}
		done++
	}
	return done, errors.Join(errs...)
}

// Recover finds or appends every frozen record that has no index. The first one that is not
// found is appended although it may stand in the part of the log that no checkpoint covers yet;
// once that is published all the others can be looked up, so that one leaf at most is there twice.
func (r *Recorder) Recover(ctx context.Context) error {
	published := false
	for {
		done, err := r.eachUnindexed(ctx, func(row claims.Record) error {
			r.opts.Logger.Info("recovering", "record", row.Kind, "run", string(row.Run))
			return r.recoverOne(ctx, row, &published)
		})
		switch {
		case errors.Is(err, marketops.KeyUnknown):
			return &marketops.Refusal{Code: marketops.TrustUnavailable, What: "a frozen record is signed by a key that no version of trust.json at hand lists: " + err.Error(),
				State: "the Core did not start; nothing is lost", Next: "put the versions before trust.json back into records/trust"}
		case err != nil:
			return err
		case done == 0:
			return nil
		}
	}
}

func (r *Recorder) recoverOne(ctx context.Context, row claims.Record, published *bool) error {
	if index, found := r.findLeaf(row.Leaf); found {
		return r.noteIndex(ctx, row, index)
	}
	e, err := r.Append(ctx, row, nil)
	if err != nil || *published {
		return err
	}
	*published = true
	if err := r.Published(ctx, e.Position.Index); err != nil {
		// Without a quorum of witnesses the log grows all the same; a leaf may be there twice then.
		r.opts.Logger.Warn("the log is not published while recovering", "error", err)
		return nil
	}
	if first, found := r.findLeaf(row.Leaf); found {
		return r.noteIndex(ctx, row, first)
	}
	return nil
}

// Recent calls visit with the records of the newest part of the log, backwards to what was frozen
// at since or before. A ledger that does not know what it signed is refused.
func (r *Recorder) Recent(ctx context.Context, since marketops.Time, visit func(claims.Record) error) error {
	if err := r.awaitKnown(ctx); err != nil {
		return err
	}
	tree, err := r.publishedTree()
	if err != nil {
		return err
	}
	size := tree.Checkpoint().Size
	for to, least := size, size-min(size, countBack); to > least; {
		from := (to - 1) / log.TileWidth * log.TileWidth
		old, err := r.visitBundle(ctx, tree, from, to, since, visit)
		if err != nil || old {
			return err
		}
		to = from
	}
	return nil
}

// awaitKnown waits until the published log covers what the ledger knows to stand in it. A crash
// leaves a moment's records that are in the log and under no checkpoint, and Recent reads only
// what is published.
func (r *Recorder) awaitKnown(ctx context.Context) error {
	index, found, err := r.outbox.Newest(ctx)
	if err != nil || !found {
		return err
	}
	if err := r.Published(ctx, index); err != nil {
		r.opts.Logger.Warn("the log is not published while recovering: limits and ends of runs are counted without its newest part", "error", err)
	}
	return nil
}

// visitBundle reports whether it met a record that is too old.
func (r *Recorder) visitBundle(ctx context.Context, tree *log.Tree, from, to uint64, since marketops.Time, visit func(claims.Record) error) (old bool, err error) {
	err = tree.Entries(from, to, func(index uint64, entry []byte) error {
		row, found, err := r.outbox.ByLeaf(ctx, log.LeafHash(entry))
		if err != nil {
			return err
		}
		if !found {
			return stranger(index)
		}
		if row.FrozenAt <= since {
			old = true
			return nil
		}
		return visit(row)
	})
	return old, err
}
