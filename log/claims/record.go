package claims

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"math"

	"github.com/omega/marketops"
)

// Limits of one record and of one look into the outbox.
const (
	maxEnvelope  = 4 << 20 // bytes
	maxKind      = 64      // bytes
	maxUnindexed = 4096    // records in one answer of Unindexed, runs in one of Unsealed
)

const recordColumns = `leaf, digest, kind, run_id, receipt_id, epoch, envelope, log_index, frozen_at, seq`

// Freeze makes records durable before they are appended to the log, all or none. A leaf that
// is frozen already is left as it is. The kinds that change a claim, or ask for one, are refused: each is
// frozen by its own method.
//
// Codes: consumed for other content under a leaf that is frozen; ledger-unavailable, disk-full.
func (l *Ledger) Freeze(ctx context.Context, records ...Record) error {
	for _, r := range records {
		if err := r.validate(); err != nil {
			return err
		}
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		for _, r := range records {
			if err := t.freezeFree(r); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

func (r Record) validate() error {
	switch {
	case r.Leaf == [32]byte{} || r.Digest.IsZero():
		return malformedError("a record without leaf hash or digest")
	case r.Kind == "" || len(r.Kind) > maxKind:
		return malformedError("a record without a kind of at most %d bytes", maxKind)
	case len(r.Envelope) == 0 || len(r.Envelope) > maxEnvelope:
		return malformedError("a record needs an envelope of at most %d bytes", maxEnvelope)
	case r.Run != "" && !r.Run.Valid() || r.Receipt != "" && !r.Receipt.Valid() || r.Epoch < 0:
		return malformedError("a record with a bad run, receipt or epoch")
	case len(r.Who) > maxWho || r.Stored < 0:
		return malformedError("a record of a caller with a name of %d bytes, or of %d bytes", len(r.Who), r.Stored)
	case r.Index != nil:
		return malformedError("a record that has an index before it is frozen")
	}
	return nil
}

// freezeFree freezes a record that changes no claim.
func (t *tx) freezeFree(r Record) error {
	switch r.Kind {
	case KindApproval, KindClaim, KindIntent, KindOutcome, KindRevocation, KindResolution:
		return malformedError("a record of kind %s is frozen only by the change that it stands for", r.Kind)
	}
	_, err := t.freeze(r)
	return err
}

// Intend freezes an intent (Kind [KindIntent], a receipt, its run and an epoch). It needs a claimed or
// executing claim of its epoch; guard is asked as long as no attempt was counted. The same intent again is
// no error.
//
// Codes: operation-in-flight for a second intent of an epoch, and with [ErrFenced] for one of an older
// epoch; consumed, revoked, rejected-by-approver, what guard returns; ledger-unavailable, disk-full.
func (l *Ledger) Intend(ctx context.Context, intent Record, guard Guard) error {
	if guard == nil {
		return malformedError("intend without a guard")
	}
	if err := intent.fits(KindIntent, intent.Receipt, intent.Run); err != nil {
		return err
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		if err := t.mayIntend(intent, guard); err != nil {
			return struct{}{}, err
		}
		_, err := t.freeze(intent)
		return struct{}{}, err
	})
	return err
}

// mayIntend keeps a publisher that was fenced out from announcing an effect. A leaf that is
// frozen already was allowed when it came, and a repeat of the call must not fail.
func (t *tx) mayIntend(r Record, guard Guard) error {
	if _, found, err := t.record(`leaf = ?`, r.Leaf[:]); err != nil || found {
		return err
	}
	c, found, err := t.load(r.Receipt)
	switch {
	case err != nil:
		return err
	case !found:
		return unavailable("an intent without a claim", errNoClaim)
	case c.Epoch != r.Epoch:
		return c.fenceError()
	case c.State != Claimed && c.State != Executing:
		return c.stateError("intend")
	}
	return t.ask(guard, c.Claim)
}

// freeze stores r unless its leaf is stored, and returns what is stored.
func (t *tx) freeze(r Record) (Record, error) {
	if err := r.validate(); err != nil {
		return Record{}, err
	}
	if err := t.requireShares(r); err != nil {
		return Record{}, err
	}
	_, err := t.exec(`INSERT INTO frozen(leaf, digest, kind, run_id, receipt_id, epoch, envelope, frozen_at, who, stored)
		VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(leaf) DO NOTHING`,
		r.Leaf[:], r.Digest[:], r.Kind, string(r.Run), string(r.Receipt), r.Epoch, r.Envelope, int64(t.now), r.Who, r.Stored)
	if errors.Is(err, errConstraint) {
		return Record{}, r.second()
	}
	if err != nil {
		return Record{}, err
	}
	s, found, err := t.record(`leaf = ?`, r.Leaf[:])
	if err != nil {
		return Record{}, err
	}
	if !found || !s.same(r) {
		return Record{}, marketops.RefuseErr(marketops.Consumed, "leaf of "+r.Kind+" record", errDiffers)
	}
	return s, nil
}

// second refuses a record where there may be one. The receipt of a second intent is not spent:
// another process of its owner is at work under this epoch.
func (r Record) second() error {
	code := marketops.Consumed
	if r.Kind == KindIntent {
		code = marketops.OperationInFlight
	}
	return marketops.RefuseErr(code, "a second "+r.Kind+" for receipt "+string(r.Receipt), errDiffers)
}

// same compares what one leaf hash must imply. An envelope that is gone cannot be compared, but
// its leaf hash commits to it.
func (s Record) same(r Record) bool {
	return s.Leaf == r.Leaf && s.Digest == r.Digest && s.Kind == r.Kind && s.Run == r.Run && s.Receipt == r.Receipt &&
		s.Epoch == r.Epoch && (s.Envelope == nil || bytes.Equal(s.Envelope, r.Envelope))
}

// Indexed notes where in the log a frozen record stands, and drops its envelope: the caller has
// stored it safely elsewhere, and the log commits to it. A leaf that was appended twice keeps its
// lowest index. Code ledger-unavailable for a leaf that was never frozen.
func (l *Ledger) Indexed(ctx context.Context, leaf [32]byte, index uint64) error {
	if index > math.MaxInt64 {
		return malformedError("a log index beyond 63 bits")
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		r, found, err := t.record(`leaf = ?`, leaf[:])
		if err == nil && !found {
			err = unavailable("cannot note an index", errNoRecord)
		}
		if err == nil {
			err = t.index(r, index)
		}
		return struct{}{}, err
	})
	return err
}

func (t *tx) index(r Record, index uint64) error {
	if _, err := t.exec(`UPDATE frozen SET log_index = ?1, envelope = NULL WHERE leaf = ?2 AND (log_index IS NULL OR log_index > ?1)`, int64(index), r.Leaf[:]); err != nil {
		return err
	}
	if r.Kind != KindOutcome {
		return nil
	}
	_, err := t.exec(`UPDATE claim SET outcome_index = ?1 WHERE receipt_id = ?2 AND outcome_leaf = ?3
		AND (outcome_index IS NULL OR outcome_index > ?1)`, int64(index), string(r.Receipt), r.Leaf[:])
	return err
}

// Erased notes for good that an operator erased a record from the record store, and why: the ledger
// itself dropped its bytes with its index, and forgets now whose it was. History("") keeps leaf and reason, which must not be empty.
// Code ledger-unavailable if the record is not frozen or has no index.
func (l *Ledger) Erased(ctx context.Context, leaf [32]byte, reason string) error {
	if reason == "" {
		return malformedError("a record is erased for a reason")
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		r, found, err := t.record(`leaf = ?`, leaf[:])
		if err == nil && (!found || r.Index == nil) {
			err = unavailable("cannot erase", errNoRecord)
		}
		if err != nil {
			return struct{}{}, err
		}
		if _, err := t.exec(`UPDATE frozen SET who = '' WHERE leaf = ?`, leaf[:]); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.writeTransition("", State("leaf "+hex.EncodeToString(leaf[:])), "erased", 0, "operator", reason)
	})
	return err
}

// Unindexed returns the oldest records without an index, in the order in which they were
// frozen, at most 4096 of them: append these, note their indexes, and ask again.
func (l *Ledger) Unindexed(ctx context.Context) ([]Record, error) {
	return l.records(ctx, `log_index IS NULL ORDER BY seq LIMIT ?`, maxUnindexed)
}

// Adoptions returns the records that took a version of the trust file into force, in freeze order.
func (l *Ledger) Adoptions(ctx context.Context) ([]Record, error) {
	return l.records(ctx, `kind IN('trust-adopted','shard-genesis') ORDER BY seq`)
}

// LatestReceipt returns when a receipt was frozen last, or zero.
func (l *Ledger) LatestReceipt(ctx context.Context) (marketops.Time, error) {
	return do(ctx, l, func(t *tx) (at marketops.Time, err error) {
		_, err = t.get(`SELECT coalesce(max(frozen_at), 0) FROM frozen WHERE kind = 'receipt'`, nil, &at)
		return at, err
	})
}

// Latest returns when the newest record was frozen, or zero.
func (l *Ledger) Latest(ctx context.Context) (marketops.Time, error) {
	return do(ctx, l, func(t *tx) (at marketops.Time, err error) {
		_, err = t.get(`SELECT frozen_at FROM frozen ORDER BY seq DESC LIMIT 1`, nil, &at)
		return at, err
	})
}

// Newest returns the highest place in the log among the 4096 records that were frozen last, and
// false if none of them has one.
func (l *Ledger) Newest(ctx context.Context) (uint64, bool, error) {
	index, err := do(ctx, l, func(t *tx) (index *uint64, err error) {
		_, err = t.get(`SELECT max(log_index) FROM (SELECT log_index FROM frozen ORDER BY seq DESC LIMIT ?)`, []any{maxUnindexed}, &index)
		return index, err
	})
	if err != nil || index == nil {
		return 0, false, err
	}
	return *index, true, nil
}

// Compared returns how many leaves of the log were found to be frozen here; 0 where none was looked at.
func (l *Ledger) Compared(ctx context.Context) (uint64, error) {
	n, err := do(ctx, l, func(t *tx) (n int64, err error) {
		n, _, err = t.mark(logMark)
		return n, err
	})
	return uint64(n), err
}

// NoteCompared remembers that the first so many leaves of the log are frozen here: what is frozen is never
// forgotten as long as the log continues, so they need not be looked at again.
func (l *Ledger) NoteCompared(ctx context.Context, leaves uint64) error {
	if leaves > math.MaxInt64 {
		return malformedError("a log size beyond 63 bits")
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) { return struct{}{}, t.raise(logMark, int64(leaves)) })
	return err
}

// Unsealed returns the runs that were submitted, or in which something ended (an outcome, a revocation or a
// resolution was frozen), after the run's newest record of the kind that seals: at most 4096 of them, those in
// which something ended first.
func (l *Ledger) Unsealed(ctx context.Context, seal string) ([]marketops.RunID, error) {
	return do(ctx, l, func(t *tx) (out []marketops.RunID, err error) {
		err = t.list(`SELECT run_id FROM frozen f WHERE run_id <> '' AND kind IN('submission','outcome','revocation','resolution')
			AND NOT EXISTS(SELECT 1 FROM frozen s WHERE s.run_id = f.run_id AND s.run_id <> '' AND s.kind = ? AND s.seq > f.seq)
			GROUP BY run_id ORDER BY max(kind <> 'submission') DESC, run_id LIMIT ?`, []any{seal, maxUnindexed}, func(rows *sql.Rows) error {
			out = append(out, "")
			return rows.Scan(&out[len(out)-1])
		})
		return out, err
	})
}

// ByRun returns all records of a run in freeze order.
func (l *Ledger) ByRun(ctx context.Context, run marketops.RunID) ([]Record, error) {
	return l.records(ctx, `run_id = ? AND run_id <> '' ORDER BY seq`, string(run))
}

// ForVote returns what a vote by who on a run is judged by, in freeze order: submission, receipts, revocations and
// resolutions, and of the votes those of who.
func (l *Ledger) ForVote(ctx context.Context, run marketops.RunID, who string) ([]Record, error) {
	return l.records(ctx, `seq IN(SELECT seq FROM frozen INDEXED BY frozen_who_run WHERE run_id = ?1 AND who = ?2 AND kind = 'approval' AND who <> ''
		UNION SELECT seq FROM frozen INDEXED BY frozen_ground WHERE run_id = ?1 AND run_id <> '' AND kind IN('submission','receipt','revocation','resolution')) ORDER BY seq`, string(run), who)
}

// Waiting returns the records of a run without an index, in freeze order.
func (l *Ledger) Waiting(ctx context.Context, run marketops.RunID) ([]Record, error) {
	return do(ctx, l, func(t *tx) (out []Record, err error) {
		err = t.list(`SELECT `+recordColumns+` FROM frozen INDEXED BY frozen_outbox WHERE log_index IS NULL AND run_id = ? ORDER BY seq`, []any{string(run)}, scanInto(&out))
		return out, err
	})
}

// ByReceipt returns all records of a receipt in freeze order.
func (l *Ledger) ByReceipt(ctx context.Context, receipt marketops.ReceiptID) ([]Record, error) {
	return l.records(ctx, `receipt_id = ? AND receipt_id <> '' ORDER BY seq`, string(receipt))
}

// ByDigest returns all records with this record digest in freeze order: of a receipt, one for
// each authority that signed it.
func (l *Ledger) ByDigest(ctx context.Context, digest marketops.Digest) ([]Record, error) {
	return l.records(ctx, `digest = ? ORDER BY seq`, digest[:])
}

// ByLeaf returns the record with this leaf hash, and whether there is one.
func (l *Ledger) ByLeaf(ctx context.Context, leaf [32]byte) (Record, bool, error) {
	rs, err := l.records(ctx, `leaf = ?`, leaf[:])
	if err != nil || len(rs) == 0 {
		return Record{}, false, err
	}
	return rs[0], true, nil
}

func (l *Ledger) records(ctx context.Context, where string, args ...any) ([]Record, error) {
	return do(ctx, l, func(t *tx) ([]Record, error) { return t.records(where, args...) })
}

func (t *tx) records(where string, args ...any) (out []Record, err error) {
	err = t.list(`SELECT `+recordColumns+` FROM frozen WHERE `+where, args, scanInto(&out))
	return out, err
}

func scanInto(out *[]Record) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		*out = append(*out, Record{})
		return rows.Scan(recordFields(&(*out)[len(*out)-1])...)
	}
}

func (t *tx) record(where string, args ...any) (Record, bool, error) {
	var out Record
	found, err := t.get(`SELECT `+recordColumns+` FROM frozen WHERE `+where, args, recordFields(&out)...)
	return out, found, err
}

func recordFields(r *Record) []any {
	return []any{(*bytes32)(&r.Leaf), (*bytes32)(&r.Digest), &r.Kind, &r.Run, &r.Receipt, &r.Epoch,
		&r.Envelope, &r.Index, &r.FrozenAt, &r.Seq}
}
