package server

import (
	"context"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

const day = marketops.Time(24 * 60 * 60)

// usage counts what the limits are about. It is rebuilt from the log at start.
type usage struct {
	mu    sync.Mutex
	today []marketops.Time                    // submissions of the last day, oldest first
	live  map[marketops.ReceiptID]liveReceipt // issued and not expired when last looked at
}

type liveReceipt struct {
	target  string
	expires marketops.Time
}

func (l *usage) submitted(at marketops.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.today = append(l.today, at)
}

// submissions counts those of the last 24 hours.
func (l *usage) submissions(now marketops.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.today[:0]
	for _, at := range l.today {
		if now-at < day {
			kept = append(kept, at)
		}
	}
	l.today = kept
	return len(kept)
}

func (l *usage) issued(r *receipt.Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live == nil {
		l.live = map[marketops.ReceiptID]liveReceipt{}
	}
	l.live[r.ReceiptID] = liveReceipt{r.Target.ID(), r.ExpiresAt}
}

func (l *usage) candidates(target string, now marketops.Time) (out []marketops.ReceiptID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, r := range l.live {
		switch {
		case r.expires <= now:
			delete(l.live, id)
		case r.target == target:
			out = append(out, id)
		}
	}
	return out
}

func (l *usage) ended(id marketops.ReceiptID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.live, id)
}

// liveReceipts counts receipts for a repository that may still be spent, or are being spent.
func (c *Core) liveReceipts(ctx context.Context, target marketops.Target) (n int, err error) {
	for _, id := range c.load.candidates(target.ID(), c.now()) {
		claim, found, err := c.ledger.Get(ctx, id)
		if err != nil {
			return 0, err
		}
		if found && (claim.State == claims.Closed || claim.State == claims.Revoked) {
			c.load.ended(id)
			continue
		}
		n++
	}
	return n, nil
}
