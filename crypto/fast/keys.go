package fast

import (
	"sync"
	"sync/atomic"

	"github.com/omega/marketops/crypto"
)

// A key that has verified manyUses signatures is expanded: that costs as much as some twenty save.
// Expanded keys are large, and at most maxExpanded are made.
const (
	manyUses    = 32
	maxExpanded = 16
)

// Keys verifies signatures of a few keys, from many goroutines at once. It remembers every key that it
// is asked about. The zero value is ready.
type Keys struct {
	used     sync.Map // of *use, by [crypto.PublicKey]
	expanded atomic.Int32
}

// use counts the signatures that a key was asked about, and holds its expanded form.
type use struct {
	times atomic.Int32
	key   atomic.Pointer[Key]
}

// Verify is [crypto.PublicKey.Verify]. Once a key is used often, the standard library is asked only
// about what its expanded form refuses.
func (k *Keys) Verify(key crypto.PublicKey, message, sig []byte) bool {
	u := k.use(key)
	if u.key.Load().Verify(message, sig) {
		return true
	}
	if u.times.Add(1) == manyUses && k.expanded.Add(1) <= maxExpanded {
		if made, err := New(key.Raw()); err == nil {
			u.key.Store(made)
		}
	}
	return key.Verify(message, sig)
}

func (k *Keys) use(key crypto.PublicKey) *use {
	if u, known := k.used.Load(key); known {
		return u.(*use)
	}
	u, _ := k.used.LoadOrStore(key, new(use))
	return u.(*use)
}
