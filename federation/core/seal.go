package core

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

const maxQueue = 1 << 14 // runs that wait to be sealed; more are found again at the next start

// sealQueue holds runs of which an operation ended, for the background to seal.
type sealQueue struct {
	mu   sync.Mutex
	runs map[marketops.RunID]bool
	wake chan struct{} // is sent to when a run waits
}

// add asks for a run to be sealed soon.
func (q *sealQueue) add(id marketops.RunID) {
	q.later(id)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// later leaves a run for the next sweep.
func (q *sealQueue) later(id marketops.RunID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.runs) < maxQueue {
		q.runs[id] = true
	}
}

func (q *sealQueue) take() (out []marketops.RunID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id := range q.runs {
		out = append(out, id)
	}
	clear(q.runs)
	return out
}

// seals records the ends of runs.
type seals struct{ *parts }

// sealAll seals what waits; a run that cannot be sealed now waits for the next sweep.
func (s seals) sealAll(ctx context.Context) {
	for _, id := range s.sealQueue.take() {
		if err := s.seal(ctx, id); err != nil {
			if ctx.Err() == nil {
				s.log.Error("a run could not be sealed", "run", string(id), "error", err)
			}
			s.sealQueue.later(id)
		}
	}
}

// seal records run-closed if every operation of the run has ended and the newest run-closed does
// not cover all records. The run is locked, so that no record comes between the list and the leaf.
func (s seals) seal(ctx context.Context, id marketops.RunID) error {
	if ended, err := s.hasEnded(ctx, id); err != nil || !ended {
		return err
	}
	defer s.locks.hold(id)()
	if err := s.records.AppendRun(ctx, id); err != nil {
		return err
	}
	rows, err := s.records.Run(ctx, id)
	if err != nil {
		return err
	}
	rows = recorder.InLogOrder(rows)
	if len(rows) == 0 || receipt.Kind(rows[len(rows)-1].Kind) == receipt.KindRunClosed {
		return nil
	}
	return s.close(ctx, id, rows)
}

func (s seals) close(ctx context.Context, id marketops.RunID, rows []claims.Record) error {
	sub, err := s.runs.submission(rows)
	if err != nil || sub == nil {
		return err
	}
	var digests []marketops.Digest
	var previous *marketops.Digest
	counts := map[string]int64{}
	for _, row := range rows {
		digests = append(digests, row.Digest)
		counts[row.Kind]++
		if receipt.Kind(row.Kind) == receipt.KindRunClosed {
			previous = &row.Digest
		}
	}
	rec, err := s.issuer.RunClosed(id, sub.Plan, sortedCounts(counts), digests, previous)
	if err != nil {
		return err
	}
	_, err = s.records.Record(ctx, rec)
	return err
}

func sortedCounts(counts map[string]int64) (out []receipt.Count) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, receipt.Count{Name: receipt.Kind(name), Count: counts[name]})
	}
	return out
}

// hasEnded reports whether every operation of a run has a receipt that is closed or revoked.
func (s seals) hasEnded(ctx context.Context, id marketops.RunID) (bool, error) {
	rows, err := s.records.Run(ctx, id)
	if err != nil {
		return false, err
	}
	sub, err := s.runs.submission(rows)
	if err != nil || sub == nil {
		return false, err
	}
	state := map[marketops.Digest]bool{}
	for _, row := range rows {
		if receipt.Kind(row.Kind) != receipt.KindReceipt {
			continue
		}
		claim, found, err := s.ledger.Get(ctx, row.Receipt)
		if err != nil {
			return false, err
		}
		if found {
			state[claim.OpDigest] = claim.State == claims.Closed || claim.State == claims.Revoked
			continue
		}
		i, err := s.runs.openReceipt(s.rules.active.Load(), row)
		switch {
		case err == nil:
			state[i.body.Operation] = false
		case !errors.Is(err, marketops.RecordWithheld): // one that was erased can never be used
			return false, err
		}
	}
	for _, ref := range sub.Operations {
		if !state[ref.Operation] {
			return false, nil
		}
	}
	return true, nil
}
