package server

import (
	"context"
	"errors"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/issue"
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
		case <-c.life.Done():
			return
		case <-c.seals.bell():
			c.undisturbed(c.sealAll)
		case <-t.C:
			c.undisturbed(c.Sweep)
		}
	}
}

// undisturbed waits for a backup to end, and keeps one from beginning.
func (c *Core) undisturbed(do func(context.Context)) {
	c.backupMu.RLock()
	defer c.backupMu.RUnlock()
	do(c.life)
}

// Sweep does once what happens without a call; see the package comment. What fails is tried
// again at the next sweep and said in the Core's own log.
func (c *Core) Sweep(ctx context.Context) {
	c.lookForChange(ctx)
	if err := errors.Join(c.drain(ctx), c.settle(ctx)); err != nil && ctx.Err() == nil {
		c.log.Error("sweep", "error", err)
	}
	c.sealAll(ctx)
}

// drain appends what is frozen, in the order in which it was frozen. Records that a call is
// appending at this moment are waited for; what is frozen meanwhile is for the next sweep.
func (c *Core) drain(ctx context.Context) error {
	_, err := c.outbox(ctx, func(row claims.Record) error {
		_, err := c.append(ctx, row, nil)
		return err
	})
	return err
}

// outbox calls each with the frozen records that have no index, and returns for how many that
// went well. A record that fails holds up its own run, whose later records may name it, and no other.
func (c *Core) outbox(ctx context.Context, each func(claims.Record) error) (done int, err error) {
	rows, err := c.ledger.Unindexed(ctx)
	if err != nil {
		return 0, err
	}
	failed := map[marketops.RunID]bool{}
	var errs []error
	for _, row := range rows {
		if failed[row.Run] {
			continue
		}
		if err := each(row); err != nil {
			failed[row.Run] = true
			errs = append(errs, err)
			continue
		}
		done++
	}
	return done, errors.Join(errs...)
}

// settle closes what is decided and decides what nobody will.
func (c *Core) settle(ctx context.Context) error {
	live, err := c.ledger.Live(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, row := range live {
		if row.State == claims.Decided {
			errs = append(errs, c.closeDecided(ctx, row))
		} else if c.overdue(row) {
			errs = append(errs, c.settleOne(ctx, row))
		}
	}
	return errors.Join(errs...)
}

// closeDecided brings a frozen outcome into the log, after the claims that led to it, and closes
// its claim.
func (c *Core) closeDecided(ctx context.Context, row claims.Claim) error {
	if err := c.appendClaims(ctx, row.Receipt, row.Epoch+1); err != nil {
		return err
	}
	rows, err := c.ledger.ByReceipt(ctx, row.Receipt)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Kind != claims.KindOutcome {
			continue
		}
		e, err := c.append(ctx, r, nil)
		if err != nil {
			return err
		}
		if err := c.ledger.CloseClaim(ctx, row.Receipt, row.Epoch, e.Position.Index); err != nil {
			return err
		}
		c.seals.add(row.Run)
	}
	return nil
}

// silence is how long after its receipt's expiry an execution may stay without an outcome.
const silence = 24 * time.Hour

func (c *Core) overdue(row claims.Claim) bool {
	now := c.now()
	switch row.State {
	case claims.Claimed:
		return now >= row.ExpiresAt
	case claims.Executing:
		return now >= row.ExpiresAt.Add(silence) || c.orphaned(row)
	}
	return false
}

// orphaned reports that no key of the receipt's audience is valid any more.
func (c *Core) orphaned(row claims.Claim) bool {
	i, err := c.receipt(c.life, row.Receipt)
	if err != nil {
		return false
	}
	for _, key := range i.body.Audience {
		if c.active.Load().mayPublish(key, c.now()) {
			return false
		}
	}
	return true
}

func (c *Core) settleOne(ctx context.Context, row claims.Claim) error {
	intent, err := c.intentOf(ctx, row.Receipt, 0)
	if err != nil {
		return err
	}
	about := issue.ReceiptHistory{Run: row.Run, Receipt: row.Receipt, Digest: row.ReceiptDigest, Kind: row.Kind, Operation: row.OpDigest}
	decide := func(_ claims.Claim, epoch int64, o claims.Outcome) (claims.Record, error) {
		var rec *receipt.Record
		var err error
		switch {
		case o == claims.Rejected:
			rec, err = c.mint.Rejected(about, epoch, marketops.Expired)
		case intent == nil || intent.Index == nil:
			err = marketops.Refuse(marketops.ReceiptUnlogged, "an execution without an intent in the log")
		default:
			rec, err = c.mint.Unknown(about, epoch, c.position(*intent.Index))
		}
		if err != nil {
			return claims.Record{}, err
		}
		return frozenForm(rec), nil
	}
	settled, err := c.ledger.Settle(ctx, row.Receipt, c.mint.LedgerKey(), c.orphaned(row), decide)
	if err != nil {
		return err
	}
	return c.closeDecided(ctx, settled)
}
