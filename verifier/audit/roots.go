package audit

import (
	"fmt"
	"math/bits"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// recentSizes is how many sizes below the current one have their subtrees at hand. Outcomes
// quote a size a few entries below themselves; older ones are proved from the tiles.
const recentSizes = 1 << 14

// roots gives the log's root at any size up to the current one. For recent sizes it keeps the
// compact range (the roots of the full subtrees) as a list that grows at its head and shares its
// tail, so that a range costs one node an entry.
type roots struct {
	tree   *log.Tree
	from   uint64 // the smallest size at hand
	size   uint64
	recent [recentSizes]*subtree // by size modulo recentSizes
}

// subtree is a full subtree and those to its left.
type subtree struct {
	hash log.Hash
	left *subtree
}

func newRoots(tree *log.Tree) *roots { return &roots{tree: tree} }

// start goes on from a size whose root is known to be the tree's.
func (r *roots) start(size uint64) error {
	full, err := r.tree.Subtrees(size)
	if err != nil {
		return err
	}
	var top *subtree
	for _, hash := range full {
		top = &subtree{hash, top}
	}
	r.from, r.size = size, size
	r.recent[size%recentSizes] = top
	return nil
}

// push adds the next leaf hash.
func (r *roots) push(leaf log.Hash) {
	top := &subtree{leaf, r.recent[r.size%recentSizes]}
	for range bits.TrailingZeros64(r.size + 1) {
		top = &subtree{log.NodeHash(top.left.hash, top.hash), top.left.left}
	}
	r.size++
	r.recent[r.size%recentSizes] = top
}

// at returns the root of a recent size (RFC 6962 §2.1).
func (r *roots) at(size uint64) log.Hash {
	if size == 0 {
		return log.EmptyRoot()
	}
	top := r.recent[size%recentSizes]
	hash := top.hash
	for s := top.left; s != nil; s = s.left {
		hash = log.NodeHash(s.hash, hash)
	}
	return hash
}

// compareQuoted compares a checkpoint that an outcome quotes with the log; its size must not lie above
// the current one.
func (r *roots) compareQuoted(c receipt.CheckpointRef) error {
	size := uint64(c.Size)
	if c.Size >= 0 && size <= r.size && size >= r.from && r.size-size < recentSizes {
		if got := r.at(size); got != c.Root {
			return marketops.Refuse(marketops.SplitView, fmt.Sprintf("the root of %s at size %d is %s", c.Origin, size, got))
		}
		return nil
	}
	_, err := r.tree.Consistency(&log.Checkpoint{Origin: c.Origin, Size: size, Root: c.Root})
	if marketops.CodeOf(err) == marketops.ConsistencyInvalid {
		return marketops.RefuseErr(marketops.SplitView, fmt.Sprintf("another root of %s at size %d", c.Origin, size), err)
	}
	return err
}
