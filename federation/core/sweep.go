package core

import (
	"context"
	"errors"
	"time"
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
		case <-c.sealQueue.bell():
			c.betweenBackups(seals{c.parts}.sealAll)
		case <-t.C:
			c.betweenBackups(c.Sweep)
		}
	}
}

func (c *Core) betweenBackups(do func(context.Context)) {
	defer c.begin()()
	do(c.ctx)
}

// Sweep does once what happens without a call; see the package comment. What fails is tried
// again at the next sweep and said in the Core's own log.
func (c *Core) Sweep(ctx context.Context) {
	c.rules.reloadChanged(ctx)
	if err := errors.Join(c.records.Drain(ctx), settlements{c.parts}.settle(ctx)); err != nil && ctx.Err() == nil {
		c.log.Error("sweep failed", "error", err)
	}
	seals{c.parts}.sealAll(ctx)
}
