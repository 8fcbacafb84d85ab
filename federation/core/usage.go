package core

import (
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

const day = marketops.Time(24 * 60 * 60)

// usage counts the receipts that are live. It is rebuilt from the log at start; the ledger counts all else.
type usage struct {
	mu   sync.Mutex
	live map[marketops.ReceiptID]liveReceipt // issued and not expired when last looked at
}

type liveReceipt struct {
	target  string
	expires marketops.Time
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
