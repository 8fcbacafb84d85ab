package core

import (
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// Bounds of the refusals that one key may have recorded.
const (
	refusalsPerMinute = 60
	maxRated          = crypto.MaxKeys
)

// rates counts what each key had recorded in the current minute.
type rates struct {
	mu     sync.Mutex
	minute marketops.Time
	count  map[crypto.KeyID]int
}

func (r *rates) allow(key crypto.KeyID, now marketops.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := now / 60; r.count == nil || m != r.minute {
		r.minute, r.count = m, map[crypto.KeyID]int{}
	}
	if len(r.count) >= maxRated || r.count[key] >= refusalsPerMinute {
		return false
	}
	r.count[key]++
	return true
}
