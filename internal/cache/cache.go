// Package cache remembers facts that never change again.
package cache

import "sync"

const limit = 1 << 14 // entries

// Cache is bounded: when full it forgets everything and asks again. The zero value is empty.
type Cache[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]V
}

// Get returns what is remembered of k, and whether anything is.
func (c *Cache[K, V]) Get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.kept[k]
	return v, ok
}

// Put remembers v.
func (c *Cache[K, V]) Put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= limit {
		c.kept = map[K]V{}
	}
	c.kept[k] = v
}

// Clear forgets everything.
func (c *Cache[K, V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = nil
}
