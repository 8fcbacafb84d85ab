package core

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/receipt"
)

const (
	Silence           = silence
	RefusalsPerMinute = federation.RefusalsPerMinute
)

// Quiet ends the background work, so that a test can look at what only a sweep would change.
func (c *Core) Quiet() {
	c.stop()
	c.background.Wait()
}

// Append brings a record into the log that is frozen.
func (c *Core) Append(ctx context.Context, rec *receipt.Record) (api.Entry, error) {
	return c.records.Append(ctx, recorder.Frozen(rec), rec)
}

// Seal seals a run now, if it has ended.
func (c *Core) Seal(ctx context.Context, run marketops.RunID) error {
	return seals{c.parts}.seal(ctx, run)
}

// ReloadChanged is what a sweep does first. The Core must be quiet.
func (c *Core) ReloadChanged(ctx context.Context) { c.rules.reloadChanged(ctx) }

// Published waits until a published checkpoint covers index.
func (c *Core) Published(ctx context.Context, index uint64) error {
	return c.records.Published(ctx, index)
}

// Late returns the settling of a receipt's claim as it stands now, to be done after another has been quicker.
func (c *Core) Late(ctx context.Context, id marketops.ReceiptID) func() error {
	row, _, err := c.ledger.Get(ctx, id)
	return func() error {
		if err != nil {
			return err
		}
		return settlements{c.parts}.settleClaim(ctx, row)
	}
}

// Record freezes a record that changes no claim, and appends it.
func (c *Core) Record(ctx context.Context, rec *receipt.Record) (receipt.Entry, error) {
	return c.records.Record(ctx, rec)
}
