package claims

import (
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
)

// maxWho bounds the name of the caller that a record counts for, in bytes.
const maxWho = 512

// Scope says which records of a kind count against one share.
type Scope string

// The scopes. OfOne and those below it count the records of the same Who.
const (
	OfAll          Scope = "of all"
	OfOne          Scope = "of one"
	OfOneInRun     Scope = "of one in the run"
	OfOneByReceipt Scope = "of one for the receipt"
)

// Share bounds how many records of one kind are frozen. Record.Kind, Run, Receipt and Who say which count. The
// zero Share allows none.
type Share struct {
	Scope    Scope
	Within   time.Duration // how far back is counted; 0 for ever
	Max      int           // records
	MaxBytes int64         // of Record.Stored together; 0 bounds nothing
}

// counts are the queries of the scopes: ?1 kind, ?2 the beginning, ?3 who, ?4 run or receipt.
var counts = map[Scope]string{
	OfAll:          `SELECT count(*), coalesce(sum(stored), 0) FROM frozen INDEXED BY frozen_kind WHERE kind = ?1 AND frozen_at > ?2`,
	OfOne:          `SELECT count(*), coalesce(sum(stored), 0) FROM frozen INDEXED BY frozen_who WHERE kind = ?1 AND frozen_at > ?2 AND who = ?3 AND who <> ''`,
	OfOneInRun:     `SELECT count(*), coalesce(sum(stored), 0) FROM frozen INDEXED BY frozen_who_run WHERE kind = ?1 AND frozen_at > ?2 AND who = ?3 AND who <> '' AND run_id = ?4`,
	OfOneByReceipt: `SELECT count(*), coalesce(sum(stored), 0) FROM frozen INDEXED BY frozen_receipt WHERE kind = ?1 AND frozen_at > ?2 AND who = ?3 AND receipt_id = ?4 AND receipt_id <> ''`,
}

// RequireShares refuses a record with limit-reached as freezing it would, and changes nothing. A record that is
// frozen already counts no more.
func (l *Ledger) RequireShares(ctx context.Context, r Record) error {
	_, err := do(ctx, l, func(t *tx) (struct{}, error) { return struct{}{}, t.requireShares(r) })
	return err
}

func (t *tx) requireShares(r Record) error {
	if len(r.Shares) == 0 {
		return nil
	}
	if _, found, err := t.record(`leaf = ?`, r.Leaf[:]); err != nil || found {
		return err
	}
	for _, s := range r.Shares {
		if err := t.requireShare(r, s); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) requireShare(r Record, s Share) error {
	query, known := counts[s.Scope]
	if !known || s.Scope != OfAll && r.Who == "" {
		return malformedError("a share %q of no caller", s.Scope)
	}
	since := int64(0)
	if s.Within > 0 {
		since = int64(t.now.Add(-s.Within))
	}
	args := []any{r.Kind, since, r.Who, string(r.Run)}
	switch s.Scope {
	case OfAll:
		args = args[:2]
	case OfOne:
		args = args[:3]
	case OfOneByReceipt:
		args[3] = string(r.Receipt)
	}
	var n int
	var stored int64
	if _, err := t.get(query, args, &n, &stored); err != nil {
		return err
	}
	if n >= s.Max || s.MaxBytes > 0 && stored+r.Stored > s.MaxBytes {
		return r.usedUp(s, n, stored)
	}
	return nil
}

func (r Record) usedUp(s Share, n int, stored int64) error {
	whose, where, when := r.Who, "", ""
	switch s.Scope {
	case OfAll:
		whose = "all callers together"
	case OfOneInRun:
		where = " in " + string(r.Run)
	case OfOneByReceipt:
		where = " for " + string(r.Receipt)
	}
	if s.Within > 0 {
		when = fmt.Sprintf(" within %s", s.Within)
	}
	what := fmt.Sprintf("%s records of %s%s%s: there are %d, at most %d are taken", r.Kind, whose, where, when, n, s.Max)
	if n < s.Max {
		what = fmt.Sprintf("%s records of %s%s%s: %d bytes are stored and %d would be added, at most %d are taken", r.Kind, whose, where, when, stored, r.Stored, s.MaxBytes)
	}
	return &marketops.Refusal{Code: marketops.LimitReached, What: what, State: "nothing was recorded"}
}
