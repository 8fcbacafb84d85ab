package core

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

const maxQueue = 1 << 14 // runs that wait to be sealed; more are found again at the next start

// sealQueue holds runs for the background to look at and to seal: those that were submitted, those of which an
// operation ended, and those that end by themselves.
type sealQueue struct {
	mu   sync.Mutex
	runs map[marketops.RunID]bool
	ends map[marketops.RunID]marketops.Time // when a run will have ended without a call
	wake chan struct{}                      // is sent to when a run waits
}

func newSealQueue() sealQueue {
	return sealQueue{runs: map[marketops.RunID]bool{}, ends: map[marketops.RunID]marketops.Time{}, wake: make(chan struct{}, 1)}
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

// after leaves a run for the first sweep after its end.
func (q *sealQueue) after(id marketops.RunID, end marketops.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if end != never && len(q.ends) < maxQueue {
		q.ends[id] = end
	}
}

func (q *sealQueue) take(now marketops.Time) []marketops.RunID {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, end := range q.ends {
		if end < now {
			q.runs[id] = true
		}
	}
	out := slices.Collect(maps.Keys(q.runs))
	for _, id := range out {
		delete(q.ends, id)
	}
	clear(q.runs)
	return out
}

// seals records the ends of runs.
type seals struct{ *parts }

// sealAll seals what waits; a run that cannot be sealed now waits for the next sweep.
func (s seals) sealAll(ctx context.Context) {
	for _, id := range s.sealQueue.take(s.now()) {
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
	end, err := s.endOf(ctx, id)
	if err != nil {
		return err
	}
	if s.now() <= end {
		s.sealQueue.after(id, end)
		return nil
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

// never is the end of what only a call can end.
const never = marketops.Time(math.MaxInt64)

// endOf returns until when something of a run may still begin or end: 0 if every operation has a receipt that is
// closed or revoked. An operation without a live receipt has ended when the submission is stale.
func (s seals) endOf(ctx context.Context, id marketops.RunID) (end marketops.Time, err error) {
	rows, err := s.records.Run(ctx, id)
	if err != nil {
		return 0, err
	}
	sub, err := s.runs.submission(rows)
	if err != nil && !errors.Is(err, marketops.KeyUnknown) {
		return 0, err
	}
	if sub == nil {
		return never, nil
	}
	ends, err := s.endsOf(ctx, rows, sub.IssuedAt+federation.MaxSubmission)
	for _, ref := range sub.Operations {
		at, asked := ends[ref.Operation]
		if !asked {
			at = sub.IssuedAt + federation.MaxSubmission
		}
		end = max(end, at)
	}
	return end, err
}

// endsOf returns the ends of the operations that had a receipt, by the newest receipt of each.
func (s seals) endsOf(ctx context.Context, rows []claims.Record, stale marketops.Time) (map[marketops.Digest]marketops.Time, error) {
	ends := map[marketops.Digest]marketops.Time{}
	for _, row := range rows {
		if receipt.Kind(row.Kind) != receipt.KindReceipt {
			continue
		}
		claim, found, err := s.ledger.Get(ctx, row.Receipt)
		if err != nil {
			return nil, err
		}
		if found {
			ends[claim.OpDigest] = endOfClaim(claim)
			continue
		}
		i, err := s.runs.openReceipt(s.rules.active.Load(), row)
		switch {
		case err == nil:
			ends[i.body.Operation] = max(i.body.ExpiresAt, stale)
		case !errors.Is(err, marketops.RecordWithheld) && !errors.Is(err, marketops.KeyUnknown): // such a one can never be used
			return nil, err
		}
	}
	return ends, nil
}

func endOfClaim(c claims.Claim) marketops.Time {
	if c.State == claims.Closed || c.State == claims.Revoked {
		return 0
	}
	return never
}
