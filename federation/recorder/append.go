package recorder

import (
	"context"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// appendTimeout bounds one append, however many callers wait for it: once begun it is not given up because
// a caller went away.
const appendTimeout = 30 * time.Second

// Frozen is what the ledger keeps of a record.
func Frozen(rec *receipt.Record) claims.Record {
	refs := rec.Body.Refs()
	r := claims.Record{Leaf: rec.LeafHash(), Digest: rec.Digest, Kind: string(rec.Body.Kind()), Epoch: refs.Epoch, Envelope: rec.Envelope}
	if refs.Run.Valid() {
		r.Run = refs.Run
	}
	if refs.Receipt.Valid() {
		r.Receipt = refs.Receipt
	}
	return r
}

// Freeze makes records durable that change no claim, all or none.
func (r *Recorder) Freeze(ctx context.Context, recs ...*receipt.Record) error {
	rows := make([]claims.Record, len(recs))
	for i, rec := range recs {
		rows[i] = Frozen(rec)
	}
	return r.outbox.Freeze(ctx, rows...)
}

// Record freezes rec, which changes no claim, appends it and returns its place.
func (r *Recorder) Record(ctx context.Context, rec *receipt.Record) (receipt.Entry, error) {
	return r.RecordAs(ctx, Frozen(rec), rec)
}

// RecordAs is [Recorder.Record] of a record that takes a share of the limits.
func (r *Recorder) RecordAs(ctx context.Context, row claims.Record, rec *receipt.Record) (receipt.Entry, error) {
	if err := r.outbox.Freeze(ctx, row); err != nil {
		return receipt.Entry{}, err
	}
	return r.Append(ctx, row, rec)
}

// Append brings a frozen record into the log, once, however many callers ask at the same time. rec
// is the record opened, or nil where only the ledger has it.
func (r *Recorder) Append(ctx context.Context, row claims.Record, rec *receipt.Record) (receipt.Entry, error) {
	if row.Index == nil {
		index, err := r.inflight.do(ctx, row.Leaf, func(failed bool) (uint64, error) { return r.appendOnce(row, rec, failed) })
		if err != nil {
			return receipt.Entry{}, err
		}
		row.Index = &index
	}
	r.remember(row)
	return r.Entry(row)
}

// remember notes what became certain when a record got its index. Of a receipt there may be one
// record for each authority under one digest, so only kinds with a single signer are noted.
func (r *Recorder) remember(row claims.Record) {
	switch row.Kind {
	case claims.KindIntent:
		r.intents.Put(epochOf{row.Receipt, row.Epoch}, *row.Index)
	case claims.KindClaim:
		r.settled.Put(row.Digest, true)
	}
}

// appendOnce is the part that must not run twice at a time for one leaf. failed says that an
// earlier try failed, so that the leaf may be in the log already.
func (r *Recorder) appendOnce(row claims.Record, rec *receipt.Record, failed bool) (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	defer cancel()
	stored, found, err := r.outbox.ByLeaf(ctx, row.Leaf)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, &marketops.Failure{Code: marketops.LedgerUnavailable, What: "a record was to be appended that is not frozen"}
	}
	if stored.Index != nil {
		return *stored.Index, nil
	}
	if rec == nil {
		if rec, err = r.Reopen(r.trust(), stored); err != nil {
			return 0, err
		}
	}
	if err := r.tree.Put(rec.Envelope, rec.LeafHash()); err != nil {
		return 0, err
	}
	add := r.tree.Append
	if failed {
		add = r.appendAgain
	}
	index, err := add(ctx, rec.Leaf())
	if err != nil {
		return 0, err
	}
	return index, r.noteIndex(ctx, row, index)
}

// appendAgain returns the first place of a leaf of which an earlier append failed, perhaps after the
// log had taken it. Readers count the first of two places, and which that is is certain once a
// checkpoint covers the second.
func (r *Recorder) appendAgain(ctx context.Context, leaf []byte) (uint64, error) {
	hash := log.LeafHash(leaf)
	if first, found := r.findLeaf(hash); found {
		return first, nil
	}
	last, found := r.repeated.Get(hash)
	if !found {
		var err error
		if last, err = r.tree.Append(ctx, leaf); err != nil {
			return 0, err
		}
		r.repeated.Put(hash, last)
	}
	if err := r.Published(ctx, last); err != nil {
		return 0, err
	}
	if first, found := r.findLeaf(hash); found {
		return first, nil
	}
	return 0, &marketops.Failure{Code: marketops.LogUnavailable, What: "a record that was appended is not in the published log"}
}

// noteIndex notes a place; that of an outcome closes its claim with it. What may have ended a run
// is told.
func (r *Recorder) noteIndex(ctx context.Context, row claims.Record, index uint64) (err error) {
	switch row.Kind {
	case claims.KindOutcome:
		err = r.outbox.CloseClaim(ctx, row.Receipt, row.Epoch, index)
	case claims.KindRevocation, claims.KindResolution:
		err = r.outbox.Indexed(ctx, row.Leaf, index)
	default:
		return r.outbox.Indexed(ctx, row.Leaf, index)
	}
	if err == nil {
		r.opts.Ended(row.Run)
	}
	return err
}

// EnsureIndexed appends the records of these digests that have no index, before anything names them.
func (r *Recorder) EnsureIndexed(ctx context.Context, digests ...marketops.Digest) error {
	for _, d := range digests {
		if _, ok := r.settled.Get(d); ok {
			continue
		}
		rows, err := r.outbox.ByDigest(ctx, d)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return marketops.Refuse(marketops.ReceiptUnlogged, "a record that is named here, "+d.Short()+", is not recorded")
		}
		for _, row := range rows {
			if _, err := r.Append(ctx, row, nil); err != nil {
				return err
			}
		}
		r.settled.Put(d, true)
	}
	return nil
}

// AppendRun appends what is frozen of a run and has no index, in the order in which it was frozen.
func (r *Recorder) AppendRun(ctx context.Context, id marketops.RunID) error {
	rows, err := r.outbox.Waiting(ctx, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := r.Append(ctx, row, nil); err != nil {
			return err
		}
	}
	return nil
}

// AppendEarlier appends the claims and intents of a receipt whose epochs are before this one.
func (r *Recorder) AppendEarlier(ctx context.Context, id marketops.ReceiptID, epoch int64) error {
	if epoch == 1 {
		return nil
	}
	rows, err := r.outbox.ByReceipt(ctx, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if (row.Kind == claims.KindClaim || row.Kind == claims.KindIntent) && row.Epoch < epoch {
			if _, err := r.Append(ctx, row, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
