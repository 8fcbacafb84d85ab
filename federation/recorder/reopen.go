package recorder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Run returns all records of a run, in the order in which they were frozen.
func (r *Recorder) Run(ctx context.Context, id marketops.RunID) ([]claims.Record, error) {
	return r.outbox.ByRun(ctx, id)
}

// Receipt returns all records of a receipt, in the order in which they were frozen.
func (r *Recorder) Receipt(ctx context.Context, id marketops.ReceiptID) ([]claims.Record, error) {
	return r.outbox.ByReceipt(ctx, id)
}

// Intent returns the intent of an epoch, nil if there is none; of epoch 0, the newest.
func (r *Recorder) Intent(ctx context.Context, id marketops.ReceiptID, epoch int64) (*claims.Record, error) {
	rows, err := r.outbox.ByReceipt(ctx, id)
	if err != nil {
		return nil, err
	}
	var newest *claims.Record
	for _, row := range rows {
		if row.Kind == claims.KindIntent && (epoch == 0 || row.Epoch == epoch) && (newest == nil || row.Epoch > newest.Epoch) {
			newest = &row
		}
	}
	return newest, nil
}

// IntentIndex returns where the intent of an epoch stands in the log, if it does.
func (r *Recorder) IntentIndex(ctx context.Context, id marketops.ReceiptID, epoch int64) (uint64, bool, error) {
	if index, ok := r.intents.Get(epochOf{id, epoch}); ok {
		return index, true, nil
	}
	row, err := r.Intent(ctx, id, epoch)
	if err != nil || row == nil || row.Index == nil {
		return 0, false, err
	}
	return *row.Index, true, nil
}

// envelope returns the bytes of a record: those at hand, which the ledger gives until the record
// has an index, else the record store's. Code record-withheld for one that was erased there.
func (r *Recorder) envelope(row claims.Record) ([]byte, error) {
	if len(row.Envelope) != 0 {
		return row.Envelope, nil
	}
	return log.ReadRecord(r.files.records.FS().(fs.ReadFileFS), row.Leaf)
}

// Reopen opens a recorded envelope, and refuses any but the one that was frozen: the record store
// is a folder of files. Keys are not judged again: what is frozen was admitted, and a key that
// left since must not keep it out of the log. Code record-withheld for a record that was erased.
func (r *Recorder) Reopen(t *trust.Trust, row claims.Record) (*receipt.Record, error) {
	env, err := r.envelope(row)
	if err != nil {
		return nil, err
	}
	rec, err := receipt.Open(env, t.Ring())
	if err != nil {
		return nil, fmt.Errorf("a frozen %s cannot be read: %w", row.Kind, err)
	}
	if rec.LeafHash() != row.Leaf {
		return nil, marketops.Refuse(marketops.LeafMismatch, fmt.Sprintf("another record is kept for leaf hash %x", row.Leaf))
	}
	return rec, nil
}

// Entry returns an indexed record, without an envelope if that was erased.
func (r *Recorder) Entry(row claims.Record) (receipt.Entry, error) {
	env, err := r.envelope(row)
	if errors.Is(err, marketops.RecordWithheld) {
		env, err = nil, nil
	}
	return receipt.Entry{Name: receipt.Kind(row.Kind), Digest: row.Digest, Leaf: row.Leaf, Position: r.Position(*row.Index), Envelope: env}, err
}

// InLogOrder returns the records that have an index.
func InLogOrder(rows []claims.Record) (out []claims.Record) {
	for _, row := range rows {
		if row.Index != nil {
			out = append(out, row)
		}
	}
	slices.SortFunc(out, func(a, b claims.Record) int { return int(int64(*a.Index) - int64(*b.Index)) })
	return out
}
