package core

import (
	"context"
	"errors"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

const sweepEvery = 2 * time.Second

func (c *Core) sweepForever() {
	defer c.background.Done()
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.sealQueue.wake:
			c.sealWaiting(c.ctx)
		case <-t.C:
			c.Sweep(c.ctx)
		}
	}
}

func (c *Core) sealWaiting(ctx context.Context) {
	c.sweeping.Lock()
	defer c.sweeping.Unlock()
	defer c.begin()()
	seals{c.parts}.sealAll(ctx)
}

// Sweep does once what happens without a call; see the package comment. What fails is tried
// again at the next sweep and said in the Core's own log. A sweep under way is waited for.
func (c *Core) Sweep(ctx context.Context) {
	c.sweeping.Lock()
	defer c.sweeping.Unlock()
	c.rules.reloadChanged(ctx)
	defer c.begin()()
	c.rules.warnOfEnds()
	if err := errors.Join(c.records.Drain(ctx), settlements{c.parts}.settle(ctx)); err != nil && ctx.Err() == nil {
		c.log.Error("sweep failed", "error", err)
	}
	seals{c.parts}.sealAll(ctx)
}

// settlements end the claims that no publisher will.
type settlements struct{ *parts }

// settle closes what is decided, and decides what no publisher will.
func (s settlements) settle(ctx context.Context) error { return s.settleRun(ctx, "") }

// settleRun is settle for the claims of one run, or of all runs for "".
func (s settlements) settleRun(ctx context.Context, run marketops.RunID) error {
	live, err := s.ledger.Live(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, row := range live {
		if run == "" || row.Run == run {
			errs = append(errs, s.settleClaim(ctx, row))
		}
	}
	return errors.Join(errs...)
}

// settleClaim asks for votes first: what a veto stops was never tried.
func (s settlements) settleClaim(ctx context.Context, row claims.Claim) error {
	if row.State == claims.Decided {
		return s.closeDecided(ctx, row)
	}
	ended, err := s.vetoes.settle(ctx, row)
	switch {
	case err != nil:
		return err
	case ended != nil:
		return s.closeDecided(ctx, *ended)
	case s.isOverdue(ctx, row):
		return s.settleOne(ctx, row)
	}
	return nil
}

// closeDecided appends a frozen outcome to the log, after the claims that led to it, and closes
// its claim.
func (s settlements) closeDecided(ctx context.Context, row claims.Claim) error {
	if err := s.records.AppendEarlier(ctx, row.Receipt, row.Epoch+1); err != nil {
		return err
	}
	rows, err := s.records.Receipt(ctx, row.Receipt)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Kind != claims.KindOutcome {
			continue
		}
		e, err := s.records.Append(ctx, r, nil)
		if err != nil {
			return err
		}
		if err := s.ledger.CloseClaim(ctx, row.Receipt, row.Epoch, e.Position.Index); err != nil {
			return err
		}
		s.sealQueue.add(row.Run)
	}
	return nil
}

// silence is how long after its receipt's expiry an execution may stay without an outcome.
const silence = 24 * time.Hour

func (s settlements) isOverdue(ctx context.Context, row claims.Claim) bool {
	now := s.now()
	switch {
	case row.State == claims.Claimed, row.State == claims.Executing && row.Attempts == 0:
		return now >= row.ExpiresAt
	case row.State == claims.Executing:
		return now >= row.ExpiresAt.Add(silence) || s.isOrphaned(ctx, row)
	}
	return false
}

// isOrphaned reports that no key of the receipt's audience is valid any more.
func (s settlements) isOrphaned(ctx context.Context, row claims.Claim) bool {
	i, err := s.runs.receipt(ctx, row.Receipt)
	if err != nil {
		return false
	}
	for _, key := range i.body.Audience {
		if s.rules.active.Load().mayPublish(key, s.now()) {
			return false
		}
	}
	return true
}

func (s settlements) settleOne(ctx context.Context, row claims.Claim) error {
	unknown, err := s.unknown(ctx, row)
	if err != nil {
		return err
	}
	decide := func(_ claims.Claim, epoch int64, o claims.Outcome) (claims.Record, error) {
		decided := unknown
		if o == claims.Rejected {
			decided = func(epoch int64) (*receipt.Record, error) {
				return s.issuer.Rejected(historyOf(row), epoch, marketops.Expired)
			}
		}
		rec, err := decided(epoch)
		if err != nil {
			return claims.Record{}, err
		}
		return recorder.Frozen(rec), nil
	}
	settled, err := s.ledger.Settle(ctx, row.Receipt, s.issuer.LedgerKey(), s.isOrphaned(ctx, row), decide)
	if errors.Is(err, claims.ErrState) {
		return s.closeEnded(ctx, row, err)
	}
	if err != nil {
		return err
	}
	return s.closeDecided(ctx, settled)
}

// closeEnded closes a claim that another call ended since it was listed; why is the answer if it did not.
func (s settlements) closeEnded(ctx context.Context, row claims.Claim, why error) error {
	now, _, err := s.ledger.Get(ctx, row.Receipt)
	switch {
	case err != nil:
		return err
	case now.State == claims.Decided:
		return s.closeDecided(ctx, now)
	case now.State == claims.Closed:
		return nil
	}
	return why
}

// unknown returns the maker of the outcome of an execution that no publisher ended.
func (s settlements) unknown(ctx context.Context, row claims.Claim) (func(epoch int64) (*receipt.Record, error), error) {
	intent, err := s.records.Intent(ctx, row.Receipt, 0)
	if err != nil {
		return nil, err
	}
	counts, err := s.attempts(ctx, row)
	return func(epoch int64) (*receipt.Record, error) {
		if intent == nil || intent.Index == nil {
			return nil, marketops.Refuse(marketops.ReceiptUnlogged, "an execution without an intent in the log")
		}
		return s.issuer.Unknown(historyOf(row), epoch, s.records.Position(*intent.Index), effects(s.runs.effectsOf(row), receipt.EffectUnknown, counts))
	}, err
}

// effectsOf returns the names of a claim's effects. Those of an operation whose document was erased are all
// that its kind can have.
func (rs runs) effectsOf(row claims.Claim) []string {
	if op, err := rs.operation(row.OpDigest); err == nil {
		return op.Effects()
	}
	forms := receipt.EffectNames(row.Kind)
	return forms[len(forms)-1]
}

func historyOf(row claims.Claim) issue.ReceiptHistory {
	return issue.ReceiptHistory{Run: row.Run, Receipt: row.Receipt, Digest: row.ReceiptDigest, Kind: row.Kind, Operation: row.OpDigest}
}
