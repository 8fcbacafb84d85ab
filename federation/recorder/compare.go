package recorder

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
)

// Compare refuses a ledger that does not belong to the log, before anything is appended: one that is older than the
// log would give out again what is used or revoked, and one that is newer has lost its log. The Core alone writes the log, and
// freezes each record before, so the ledger knows every leaf. Leaves that an earlier start has compared are not read
// again, but for the last of them: a ledger never forgets one.
//
// The code is ledger-unavailable.
func (r *Recorder) Compare(ctx context.Context) error {
	published, durable, err := r.sizes(ctx)
	if err != nil {
		return err
	}
	if err := r.compareSizes(ctx, published.Checkpoint().Size, durable); err != nil {
		return err
	}
	known, err := r.outbox.Compared(ctx)
	if err != nil {
		return err
	}
	size := published.Checkpoint().Size
	err = published.Entries(min(max(known, 1)-1, size), size, func(index uint64, entry []byte) error {
		_, found, err := r.outbox.ByLeaf(ctx, log.LeafHash(entry))
		if err == nil && !found {
			err = stranger(index)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.outbox.NoteCompared(ctx, size)
}

// sizes returns the published tree and how many entries the log has. It publishes what a crash left behind, if it can.
func (r *Recorder) sizes(ctx context.Context) (published *log.Tree, durable uint64, err error) {
	if durable, err = r.tree.Size(); err != nil {
		return nil, 0, err
	}
	if published, err = r.publishedTree(); err != nil || published.Checkpoint().Size >= durable {
		return published, durable, err
	}
	if _, err := r.tree.Settled(ctx); err != nil {
		r.opts.Logger.Warn("the log is not published while it is compared with claims.db: its newest part is counted alone", "error", err)
	}
	published, err = r.publishedTree()
	return published, durable, err
}

// compareSizes demands that the log has what the ledger knows to stand in it, and, beyond what is published and can be
// read, no more than the ledger may have appended.
func (r *Recorder) compareSizes(ctx context.Context, published, durable uint64) error {
	newest, found, err := r.outbox.Newest(ctx)
	if err != nil {
		return err
	}
	compared, err := r.outbox.Compared(ctx)
	if err != nil {
		return err
	}
	if found && newest >= durable || compared > durable {
		return notOurs(fmt.Sprintf("claims.db knows %d leaves, the log has %d: it is newer than the log, or of another one", max(newest+1, compared), durable))
	}
	waiting, err := r.outbox.Unindexed(ctx)
	if err != nil {
		return err
	}
	if noted := max(published, next(newest, found)); durable > noted+uint64(len(waiting)) {
		return notOurs(fmt.Sprintf("claims.db knows %d leaves, the log has %d, of which %d are published: start the witnesses first, so that the others can be compared", noted, durable, published))
	}
	return nil
}

// next is the place after the newest that is known.
func next(newest uint64, found bool) uint64 {
	if !found {
		return 0
	}
	return newest + 1
}

func notOurs(what string) error {
	return &marketops.Failure{Code: marketops.LedgerUnavailable, What: what,
		State: "the Core did not start; receipts that are used or revoked would have looked unused",
		Next:  "put the claims.db and the log of one moment back: marketops-core restore FOLDER; if the newest claims.db is lost, begin a new log under another origin"}
}

// stranger refuses a leaf that is in the log and not in the ledger.
func stranger(index uint64) error {
	return notOurs(fmt.Sprintf("claims.db does not know leaf %d of the log: it is older than the log, or of another one", index))
}
