package publisher

import (
	"sync/atomic"

	"github.com/omega/marketops"
)

// Permit is the right to apply one operation once. Only the gate of this package makes one,
// after every check passed and the intent stands in a published checkpoint; the package exports
// no way to. A zero Permit is refused by every port before any request.
type Permit struct {
	work *Work
	used atomic.Bool
}

// Open hands out the work, once.
func (p *Permit) Open() (*Work, error) {
	if p == nil || p.work == nil {
		return nil, marketops.Refuse(marketops.ReceiptMissing, "a permit that no gate made")
	}
	if p.used.Swap(true) {
		return nil, marketops.Refuse(marketops.Consumed, "a permit is good for one use")
	}
	return p.work, nil
}
