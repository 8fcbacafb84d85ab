package crypto

import (
	"fmt"
	"sync/atomic"

	"github.com/omega/marketops/crypto/fast"
)

// Keyring is a set of keys by id. The zero value knows nobody.
type Keyring struct {
	keys  []PublicKey
	names []KeyID // of keys
	often []often // of keys
	ids   map[KeyID]int

	expanded atomic.Int32 // how many of often
}

// NewKeyring refuses zero keys, one key twice, and more than [MaxKeys].
func NewKeyring(keys ...PublicKey) (*Keyring, error) {
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("%d keys, at most %d", len(keys), MaxKeys)
	}
	r := &Keyring{ids: make(map[KeyID]int, len(keys)), often: make([]often, len(keys))}
	for _, k := range keys {
		id := k.ID()
		if _, twice := r.ids[id]; twice || k.IsZero() {
			return nil, fmt.Errorf("key %s is there twice, or is not a key", id)
		}
		r.ids[id] = len(r.keys)
		r.keys, r.names = append(r.keys, k), append(r.names, id)
	}
	return r, nil
}

// Key returns the key with this id.
func (r *Keyring) Key(id KeyID) (PublicKey, bool) {
	if r == nil {
		return PublicKey{}, false
	}
	i, ok := r.ids[id]
	if !ok {
		return PublicKey{}, false
	}
	return r.keys[i], true
}

// find returns the place of the key that made a signature, or -1. It tries the hinted key first and
// then every other one: the hint may lie.
func (r *Keyring) find(hint KeyID, pae, sig []byte) int {
	if r == nil {
		return -1
	}
	if i, ok := r.ids[hint]; ok && r.verify(i, pae, sig) {
		return i
	}
	for i := range r.keys {
		if r.verify(i, pae, sig) {
			return i
		}
	}
	return -1
}

// A key that has verified manyUses signatures is expanded: that costs as much as some twenty save.
// Expanded keys are large, and a keyring has at most maxExpanded.
const (
	manyUses    = 32
	maxExpanded = 16
)

// often counts the signatures that a key has verified, and holds its expanded form.
type often struct {
	uses atomic.Int32
	key  atomic.Pointer[fast.Key]
}

// verify is [PublicKey.Verify] of one key of the ring. Once the key is used often, the standard
// library is asked only about what its expanded form refuses.
func (r *Keyring) verify(i int, message, sig []byte) bool {
	o := &r.often[i]
	if o.key.Load().Verify(message, sig) {
		return true
	}
	if o.uses.Add(1) == manyUses && r.expanded.Add(1) <= maxExpanded {
		if k, err := fast.New(r.keys[i].raw[:]); err == nil {
			o.key.Store(k)
		}
	}
	return r.keys[i].Verify(message, sig)
}
