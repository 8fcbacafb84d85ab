package recorder

import (
	"context"

	"github.com/omega/marketops/log/tessera"
	"github.com/omega/marketops/receipt"
)

// AppendLast stores and appends the record that ends a log. Nothing follows it, so it does not pass
// through the outbox: a caller that was interrupted looks first whether it is the last leaf.
func (r *Recorder) AppendLast(ctx context.Context, rec *receipt.Record) (uint64, error) {
	if err := r.tree.Put(rec.Envelope, rec.LeafHash()); err != nil {
		return 0, err
	}
	return r.tree.Append(ctx, rec.Leaf())
}

// FreezeShard closes a log's folder and its record store for ever, see [tessera.Freeze].
func FreezeShard(log, records string) error { return tessera.Freeze(log, records) }
