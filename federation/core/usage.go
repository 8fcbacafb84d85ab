package core

import (
	"sync"

	"github.com/omega/marketops"
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

func (u *usage) addSubmission(at marketops.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.today = append(u.today, at)
}

// submissions counts those of the last 24 hours.
func (u *usage) submissions(now marketops.Time) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	kept := u.today[:0]
	for _, at := range u.today {
		if now-at < day {
			kept = append(kept, at)
		}
	}
	u.today = kept
	return len(kept)
}

func (u *usage) addReceipt(r *receipt.Receipt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.live[r.ReceiptID] = liveReceipt{r.Target.ID(), r.ExpiresAt}
}

func (u *usage) candidates(target string, now marketops.Time) (out []marketops.ReceiptID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, r := range u.live {
		switch {
		case r.expires <= now:
			delete(u.live, id)
		case r.target == target:
			out = append(out, id)
		}
	}
	return out
}

func (u *usage) removeReceipt(id marketops.ReceiptID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.live, id)
}
