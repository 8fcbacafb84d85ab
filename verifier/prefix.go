package verifier

import (
	"math/bits"

	"github.com/omega/marketops/log"
)

// subtree names a full subtree of a log: 1<<level leaves from index<<level on.
type subtree struct {
	level uint
	index uint64
}

// prefixes knows full subtrees of a log of some size, each out of a verified inclusion proof, and
// tells the roots of smaller sizes that they determine (RFC 6962 §2.1). The proof of entry n-1
// alone determines the root at size n: its left siblings are that root's subtrees. A proof passes every
// subtree above its entry, so what is not known has no known parts either.
type prefixes struct {
	size  uint64
	own   log.Hash // the root at size
	nodes map[subtree]log.Hash
}

func newPrefixes(cp *log.Checkpoint) *prefixes {
	return &prefixes{cp.Size, cp.Root, map[subtree]log.Hash{}}
}

func (p *prefixes) put(level uint, index uint64, h log.Hash) {
	if level < 64 && index < p.size>>level {
		p.nodes[subtree{level, index}] = h
	}
}

// add walks a proof that was verified (RFC 9162 §2.1.3.2) and keeps what it passes.
func (p *prefixes) add(leaf log.Hash, index uint64, path []log.Hash) {
	level, last, h := uint(0), p.size-1, leaf
	p.put(level, index, h)
	for _, sibling := range path {
		for index == last && index&1 == 0 && index > 0 { // no right sibling: carried up
			index, last, level = index>>1, last>>1, level+1
		}
		p.put(level, index^1, sibling)
		if index&1 == 1 {
			h = log.NodeHash(sibling, h)
		} else {
			h = log.NodeHash(h, sibling)
		}
		index, last, level = index>>1, last>>1, level+1
		p.put(level, index, h)
	}
}

// root returns the root at a size up to the log's own, and false if nothing determines it.
func (p *prefixes) root(size uint64) (log.Hash, bool) {
	if size == 0 {
		return log.EmptyRoot(), true
	}
	if size >= p.size {
		return p.own, size == p.size
	}
	var root log.Hash
	rest, first := size, true
	for rest > 0 { // the rightmost subtree first
		level := uint(bits.TrailingZeros64(rest))
		h, ok := p.nodes[subtree{level, rest>>level - 1}]
		if !ok {
			return log.Hash{}, false
		}
		if rest &^= 1 << level; first {
			root, first = h, false
		} else {
			root = log.NodeHash(h, root)
		}
	}
	return root, true
}
