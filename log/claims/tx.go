package claims

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/omega/marketops"
)

// tx is the open transaction as one request sees it.
type tx struct {
	w     *writer
	now   marketops.Time // one reading of the clock for the whole request
	fault error          // the first database error; voids the batch whatever the request says
}

// exec runs a statement and returns the number of rows it changed. The context is the
// background: an interrupted statement would void the other requests of the batch.
func (w *writer) exec(query string, args ...any) (int64, error) {
	s, err := w.prepare(query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (w *writer) prepare(query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err == nil {
		w.stmts[query] = s
	}
	return s, err
}

func (t *tx) classifyFailure(err error) error {
	if isConstraint(err) {
		return &marketops.Failure{Code: marketops.LedgerUnavailable, What: err.Error(), Err: errConstraint}
	}
	if t.fault == nil {
		t.fault = err
	}
	return err
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	n, err := t.w.exec(query, args...)
	if err != nil {
		return 0, t.classifyFailure(err)
	}
	return n, nil
}

// one runs a statement that must change exactly one row.
func (t *tx) one(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n != 1 {
		err = unavailable(fmt.Sprintf("a statement changed %d rows instead of one", n), ErrState)
	}
	return err
}

// get scans the first row, and says whether there was one.
func (t *tx) get(query string, args []any, dest ...any) (bool, error) {
	s, err := t.w.prepare(query)
	if err != nil {
		return false, t.classifyFailure(err)
	}
	err = s.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, t.classifyFailure(err)
	}
	return true, nil
}

// list calls scan for each row.
func (t *tx) list(query string, args []any, scan func(*sql.Rows) error) error {
	s, err := t.w.prepare(query)
	if err != nil {
		return t.classifyFailure(err)
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return t.classifyFailure(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return t.classifyFailure(err)
		}
	}
	if err := rows.Err(); err != nil {
		return t.classifyFailure(err)
	}
	return nil
}

// bytes32 moves a digest or leaf hash in and out of a BLOB; NULL reads as zero.
type bytes32 [32]byte

// Scan implements [sql.Scanner].
func (b *bytes32) Scan(v any) error {
	*b = bytes32{}
	if v == nil {
		return nil
	}
	if raw, ok := v.([]byte); ok && len(raw) == len(b) {
		copy(b[:], raw)
		return nil
	}
	return fmt.Errorf("a digest column holds %T", v)
}
