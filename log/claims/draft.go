package claims

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// maxDrafts caps the drafts of one operation over all receipts. The caller makes a few at most.
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
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		c, err := t.loadHeld("note a draft", receipt, epoch, owner, Executing)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.noteDraft(c, id)
	})
	return err
}

func (t *tx) noteDraft(c row, id int64) error {
	known, err := t.drafts(c.OpDigest)
	if err != nil {
		return err
	}
	for _, d := range known {
		if d == id {
			return nil
		}
	}
	if len(known) >= maxDrafts {
		return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("%d drafts of one operation", len(known)))
	}
	return t.one(`INSERT INTO draft(op_digest, id, receipt_id, epoch, noted_at) VALUES(?, ?, ?, ?, ?)`,
		c.OpDigest[:], id, string(c.Receipt), c.Epoch, int64(t.now))
}

// Drafts returns the ids of the drafts that were noted for an operation, by whatever receipt, lowest first.
func (l *Ledger) Drafts(ctx context.Context, operation marketops.Digest) ([]int64, error) {
	return do(ctx, l, func(t *tx) ([]int64, error) { return t.drafts(operation) })
}

func (t *tx) drafts(operation marketops.Digest) (ids []int64, err error) {
	err = t.list(`SELECT id FROM draft WHERE op_digest = ? ORDER BY id`, []any{operation[:]}, func(rows *sql.Rows) error {
		ids = append(ids, 0)
		return rows.Scan(&ids[len(ids)-1])
	})
	return ids, err
}
