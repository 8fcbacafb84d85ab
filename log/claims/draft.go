package claims

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// maxDrafts caps the notes about drafts of one operation over all receipts. The caller makes a few at most.
const maxDrafts = 64

// NoteDraft remembers that the holder of an executing claim made a draft at GitHub with this id, so that
// a later epoch or receipt of the same operation finds it: no other draft is the operation's. Noting an
// id again changes nothing.
//
// Codes: operation-in-flight with [ErrFenced], or with [ErrState] if the claim is not executing; consumed,
// revoked, rejected-by-approver; limit-reached beyond 64 of one operation; ledger-unavailable, disk-full.
func (l *Ledger) NoteDraft(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, id int64) error {
	if id <= 0 {
		return malformedError("draft %d", id)
	}
	return l.changeDraft(ctx, receipt, epoch, owner, func(t *tx, c row) error { return t.noteDraft(c, id) })
}

// StrikeDraft forgets a draft, which cannot be undone, before its maker deletes it: a deletion can reach GitHub late, and must then
// meet no draft that another epoch or receipt has published. It is refused once an attempt of the
// operation was counted, under any receipt.
//
// Codes: as NoteDraft; consumed with [ErrState] after an attempt.
func (l *Ledger) StrikeDraft(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, id int64) error {
	return l.changeDraft(ctx, receipt, epoch, owner, func(t *tx, c row) error {
		var attempts int
		if _, err := t.get(`SELECT coalesce(sum(attempts), 0) FROM claim WHERE op_digest = ?`, []any{c.OpDigest[:]}, &attempts); err != nil {
			return err
		}
		if attempts > 0 {
			return marketops.RefuseErr(marketops.Consumed, fmt.Sprintf("draft %d of %s, after %d attempts", id, receipt, attempts), ErrState)
		}
		return t.insertDraft(c, id, 1)
	})
}

func (l *Ledger) changeDraft(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, change func(*tx, row) error) error {
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		c, err := t.loadHeld("note a draft", receipt, epoch, owner, Executing)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, change(t, c)
	})
	return err
}

func (t *tx) noteDraft(c row, id int64) error {
	var all, struck, known int
	if _, err := t.get(`SELECT count(*), coalesce(sum(id = ?2 AND struck = 1), 0), coalesce(sum(id = ?2), 0) FROM draft WHERE op_digest = ?1`,
		[]any{c.OpDigest[:], id}, &all, &struck, &known); err != nil {
		return err
	}
	switch {
	case struck > 0:
		return marketops.RefuseErr(marketops.Consumed, fmt.Sprintf("draft %d was struck", id), ErrState)
	case known == 0 && all >= maxDrafts:
		return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("%d drafts of one operation", all))
	}
	return t.insertDraft(c, id, 0)
}

func (t *tx) insertDraft(c row, id int64, struck int) error {
	_, err := t.exec(`INSERT INTO draft(op_digest, id, receipt_id, epoch, noted_at, struck) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		c.OpDigest[:], id, string(c.Receipt), c.Epoch, int64(t.now), struck)
	return err
}

// Drafts returns the ids of the drafts that were noted for an operation under any receipt, and not struck, lowest first.
func (l *Ledger) Drafts(ctx context.Context, operation marketops.Digest) ([]int64, error) {
	return do(ctx, l, func(t *tx) ([]int64, error) { return t.drafts(operation) })
}

func (t *tx) drafts(operation marketops.Digest) (ids []int64, err error) {
	err = t.list(`SELECT id FROM draft WHERE op_digest = ?1 GROUP BY id HAVING max(struck) = 0 ORDER BY id`, []any{operation[:]}, func(rows *sql.Rows) error {
		ids = append(ids, 0)
		return rows.Scan(&ids[len(ids)-1])
	})
	return ids, err
}
