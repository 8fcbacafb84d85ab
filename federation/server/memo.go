package server

import (
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log/claims"
)

const maxMemo = 1 << 14 // things of one kind that are remembered

// memo remembers facts of the ledger that never change again, since every look at the ledger
// waits for its next commit. It is bounded: when full it forgets everything and asks again.
type memo[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]V
}

func (m *memo[K, V]) get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.kept[k]
	return v, ok
}

func (m *memo[K, V]) put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= maxMemo {
		m.kept = map[K]V{}
	}
	m.kept[k] = v
}

func (m *memo[K, V]) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = nil
}

// epochOf names an epoch of a receipt.
type epochOf struct {
	receipt marketops.ReceiptID
	epoch   int64
}

// cache are what the ledger said once and for all.
type cache struct {
	receipts memo[marketops.ReceiptID, issued] // indexed ones; forgotten when trust changes
	settled  memo[marketops.Digest, bool]      // digests all of whose records have an index
	intents  memo[epochOf, uint64]             // the index of the one intent of an epoch
}

// indexed notes what became certain when a record got its index. Of a receipt there may be one
// record for each authority under one digest, so only kinds with a single signer are noted.
func (m *cache) indexed(r claims.Record, index uint64) {
	switch r.Kind {
	case claims.KindIntent:
		m.intents.put(epochOf{r.Receipt, r.Epoch}, index)
	case claims.KindClaim:
		m.settled.put(r.Digest, true)
	}
}
