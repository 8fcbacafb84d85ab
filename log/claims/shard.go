package claims

import (
	"context"

	"github.com/omega/marketops"
)

// Quiet refuses operation-in-flight while a claim is open or an unknown outcome is not resolved,
// and log-unavailable while a record waits for its index: the log cannot be frozen then.
func (l *Ledger) Quiet(ctx context.Context) error {
	_, err := do(ctx, l, func(t *tx) (struct{}, error) { return struct{}{}, t.quiet() })
	return err
}

func (t *tx) quiet() error {
	var open, waiting int
	_, err := t.get(`SELECT (SELECT count(*) FROM claim WHERE state IN('claimed','executing','decided') OR outcome = 'unknown'),
		(SELECT count(*) FROM frozen WHERE log_index IS NULL)`, nil, &open, &waiting)
	switch {
	case err != nil:
		return err
	case open > 0:
		return marketops.Refuse(marketops.OperationInFlight, "a claim is open, or its unknown outcome is not resolved")
	case waiting > 0:
		return marketops.Refuse(marketops.LogUnavailable, "a record is not in the log yet")
	}
	return nil
}

// Unspent counts the receipts that nobody has claimed or revoked, expired ones included.
func (l *Ledger) Unspent(ctx context.Context) (int, error) {
	return do(ctx, l, func(t *tx) (n int, err error) {
		_, err = t.get(`SELECT count(DISTINCT receipt_id) FROM frozen WHERE kind = 'receipt' AND receipt_id NOT IN (SELECT receipt_id FROM claim)`, nil, &n)
		return n, err
	})
}

// NextShard begins another log under the same claims. Every claim, mark and line of history stays,
// so that what is spent stays spent; records of the log before are forgotten here, so that none of
// its receipts can be claimed any more, and first waits to be the first leaf of the next log.
// It is refused as [Ledger.Quiet] is. Called again with the same record it changes nothing.
func (l *Ledger) NextShard(ctx context.Context, first Record, reason string) error {
	if first.Index != nil || reason == "" {
		return malformedError("the first record of a log has no index yet, and a log begins for a reason")
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		if _, again, err := t.record(`leaf = ?`, first.Leaf[:]); err != nil || again {
			return struct{}{}, err
		}
		if err := t.quiet(); err != nil {
			return struct{}{}, err
		}
		if _, err := t.exec(`DELETE FROM evidence`); err != nil {
			return struct{}{}, err
		}
		if _, err := t.exec(`DELETE FROM frozen`); err != nil {
			return struct{}{}, err
		}
		if _, err := t.exec(`DELETE FROM mark WHERE name = ?`, logMark); err != nil {
			return struct{}{}, err
		}
		if _, err := t.freeze(first); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.writeTransition("", "log frozen", "log begun", 0, "operator", reason)
	})
	return err
}

// copying is one wish for a copy of the database.
type copying struct {
	path string
	done chan error
}

// Copy writes a consistent copy of the database, as it is between two transactions, to a path
// where nothing is. Codes: ledger-unavailable, disk-full.
func (l *Ledger) Copy(ctx context.Context, path string) error {
	c := copying{path, make(chan error, 1)}
	select {
	case l.copies <- c:
		return <-c.done
	case <-ctx.Done():
		return unavailable("given up before it began", ctx.Err())
	case <-l.gone:
		return unavailable("nothing was copied", errClosed)
	}
}

func (w *writer) copy(path string) error {
	if w.broken != nil {
		return classify(w.broken)
	}
	if _, err := w.conn.ExecContext(context.Background(), `VACUUM INTO ?`, path); err != nil {
		return classify(err)
	}
	return nil
}
