package claims

import (
	"context"
	"math"

	"github.com/omega/marketops"
)

// Page returns the records of a run that have an index of at least from, in log order, at most limit of them. It
// reads no other record.
func (l *Ledger) Page(ctx context.Context, run marketops.RunID, from uint64, limit int) ([]Record, error) {
	if from > math.MaxInt64 {
		return nil, nil
	}
	return l.records(ctx, `run_id = ? AND run_id <> '' AND log_index >= ? ORDER BY log_index LIMIT ?`, string(run), int64(from), limit)
}

// Parties returns the records of a run that say whose business it is (submission, approvals and receipts) and that
// were frozen after seq, in freeze order, and the seq of the run's newest record of any kind: 0 if it has none.
func (l *Ledger) Parties(ctx context.Context, run marketops.RunID, seq int64) (rows []Record, newest int64, err error) {
	rows, err = do(ctx, l, func(t *tx) (rows []Record, err error) {
		if _, err = t.get(`SELECT coalesce(max(seq), 0) FROM frozen WHERE run_id = ? AND run_id <> ''`, []any{string(run)}, &newest); err != nil {
			return nil, err
		}
		return t.records(`run_id = ? AND run_id <> '' AND seq > ? AND kind IN('submission','approval','receipt') ORDER BY seq`, string(run), seq)
	})
	return rows, newest, err
}

// Bring notes that evidence came with a record of a run. A digest follows the first run that brought it.
func (l *Ledger) Bring(ctx context.Context, run marketops.RunID, evidence ...marketops.Digest) error {
	if !run.Valid() {
		return malformedError("evidence of no run")
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		for _, d := range evidence {
			if _, err := t.exec(`INSERT INTO evidence(digest, run_id) VALUES(?,?) ON CONFLICT(digest) DO NOTHING`, d[:], string(run)); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Brought returns the run that evidence belongs to, "" for none.
func (l *Ledger) Brought(ctx context.Context, evidence marketops.Digest) (marketops.RunID, error) {
	return do(ctx, l, func(t *tx) (run marketops.RunID, err error) {
		_, err = t.get(`SELECT run_id FROM evidence WHERE digest = ?`, []any{evidence[:]}, &run)
		return run, err
	})
}
