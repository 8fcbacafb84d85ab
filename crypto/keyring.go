package crypto

import (
	"fmt"
	"slices"
)

// Keyring is a set of keys by id. The zero value knows nobody.
type Keyring struct {
	keys  []PublicKey
	names []KeyID // of keys
	ids   map[KeyID]int
}

// NewKeyring refuses zero keys, one key twice, and more than [MaxKeys].
func NewKeyring(keys ...PublicKey) (*Keyring, error) {
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("%d keys, at most %d", len(keys), MaxKeys)
	}
	r := &Keyring{ids: make(map[KeyID]int, len(keys))}
	for _, k := range keys {
		id := k.ID()
		if k.IsZero() {
			return nil, fmt.Errorf("key %d of the keyring is invalid", len(r.keys)+1)
		}
		if _, twice := r.ids[id]; twice {
			return nil, fmt.Errorf("duplicate key %s", id)
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

// Keys returns all keys, in the order in which they were given.
func (r *Keyring) Keys() []PublicKey { return slices.Clone(r.keys) }

// find returns the place of the key that made a signature, or -1. It tries the hinted key first and
// then every other one: the hint may lie.
func (r *Keyring) find(o Opener, hint KeyID, pae, sig []byte) int {
	if r == nil {
		return -1
	}
	if i, ok := r.ids[hint]; ok && o.verify(r.keys[i], pae, sig) {
		return i
	}
	for i := range r.keys {
		if o.verify(r.keys[i], pae, sig) {
			return i
		}
	}
	return -1
}
