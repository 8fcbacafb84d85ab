package server

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

const maxQueue = 1 << 14 // runs that wait to be sealed; more are found again at the next start

// queue holds runs of which an operation ended, for the background to seal.
type queue struct {
	mu   sync.Mutex
	runs map[marketops.RunID]bool
	wake chan struct{}
}

// add asks for a run to be sealed soon.
func (q *queue) add(id marketops.RunID) {
	q.later(id)
	select {
	case q.bell() <- struct{}{}:
	default:
	}
}

// later leaves a run for the next sweep.
func (q *queue) later(id marketops.RunID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.runs == nil {
		q.runs = map[marketops.RunID]bool{}
	}
	if len(q.runs) < maxQueue {
		q.runs[id] = true
	}
}

// bell is rung when a run waits.
func (q *queue) bell() chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wake == nil {
		q.wake = make(chan struct{}, 1)
	}
	return q.wake
}

func (q *queue) take() (out []marketops.RunID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id := range q.runs {
		out = append(out, id)
	}
	clear(q.runs)
	return out
}

// sealAll seals what waits; a run that cannot be sealed now waits for the next sweep.
func (c *Core) sealAll(ctx context.Context) {
	for _, id := range c.seals.take() {
		if err := c.seal(ctx, id); err != nil {
			if ctx.Err() == nil {
				c.log.Error("a run could not be sealed", "run", string(id), "error", err)
			}
			c.seals.later(id)
		}
	}
}

// seal records run-closed if every operation of the run has ended and the newest run-closed does
// not cover all records. The run is locked, so that no record comes between the list and the leaf.
func (c *Core) seal(ctx context.Context, id marketops.RunID) error {
	if ended, err := c.ended(ctx, id); err != nil || !ended {
		return err
	}
	lock := c.runs.of(id)
	lock.Lock()
	defer lock.Unlock()
	rows, err := c.ledger.ByRun(ctx, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Index == nil {
			if _, err := c.append(ctx, row, nil); err != nil {
				return err
			}
		}
	}
	if rows, err = c.ledger.ByRun(ctx, id); err != nil {
		return err
	}
	rows = inLogOrder(rows)
	if len(rows) == 0 || rows[len(rows)-1].Kind == "run-closed" {
		return nil
	}
	return c.close(ctx, id, rows)
}

func (c *Core) close(ctx context.Context, id marketops.RunID, rows []claims.Record) error {
	sub, err := c.submissionOf(rows)
	if err != nil || sub == nil {
		return err
	}
	var digests []marketops.Digest
	var previous *marketops.Digest
	counts := map[string]int64{}
	for _, row := range rows {
		digests = append(digests, row.Digest)
		counts[row.Kind]++
		if row.Kind == "run-closed" {
			previous = &row.Digest
		}
	}
	rec, err := c.mint.RunClosed(id, sub.Plan, sortedCounts(counts), digests, previous)
	if err != nil {
		return err
	}
	_, err = c.freezeAndAppend(ctx, rec)
	return err
}

func sortedCounts(counts map[string]int64) (out []receipt.Count) {
	for name, n := range counts {
		out = append(out, receipt.Count{Name: receipt.Kind(name), Count: n})
	}
	slices.SortFunc(out, func(a, b receipt.Count) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// submissionOf reads what a run is about, nil if that was erased. Its key is not judged: it was
// when it came.
func (c *Core) submissionOf(rows []claims.Record) (*receipt.Submission, error) {
	for _, row := range rows {
		if row.Kind == "submission" {
			rec, err := c.reopen(c.active.Load(), row)
			if errors.Is(err, marketops.RecordWithheld) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			return rec.Body.(*receipt.Submission), nil
		}
	}
	return nil, nil
}

// ended reports whether every operation of a run has a receipt that is closed or revoked.
func (c *Core) ended(ctx context.Context, id marketops.RunID) (bool, error) {
	rows, err := c.ledger.ByRun(ctx, id)
	if err != nil {
		return false, err
	}
	sub, err := c.submissionOf(rows)
	if err != nil || sub == nil {
		return false, err
	}
	state := map[marketops.Digest]bool{}
	for _, row := range rows {
		if row.Kind != "receipt" {
			continue
		}
		claim, found, err := c.ledger.Get(ctx, row.Receipt)
		if err != nil {
			return false, err
		}
		if found {
			state[claim.OpDigest] = claim.State == claims.Closed || claim.State == claims.Revoked
			continue
		}
		i, err := c.reopenReceipt(c.active.Load(), row)
		switch {
		case err == nil:
			state[i.body.Operation] = false
		case !errors.Is(err, marketops.RecordWithheld): // one that was erased can never be spent
			return false, err
		}
	}
	for _, d := range sub.Operations {
		if !state[d] {
			return false, nil
		}
	}
	return true, nil
}
