package log

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"golang.org/x/mod/sumdb/tlog"
)

// Entry returns the leaf at index, verified against the root. Errors carry
// [marketops.LogUnavailable], [marketops.InclusionInvalid] or [marketops.LeafMismatch] for a
// leaf that is not the one of the tree.
func (t *Tree) Entry(index uint64) ([]byte, error) {
	want, err := t.LeafHash(index)
	if err != nil {
		return nil, err
	}
	leaves, err := t.bundle(index / TileWidth)
	if err != nil {
		return nil, err
	}
	leaf := leaves[index%TileWidth]
	if LeafHash(leaf) != want {
		return nil, t.mismatch(index)
	}
	return leaf, nil
}

// Entries calls f with each leaf from index from up to but without to, in order and verified,
// and stops at the first error. Errors are those of [Tree.Entry] and of f.
func (t *Tree) Entries(from, to uint64, f func(index uint64, leaf []byte) error) error {
	return t.Bundles(from, to, func(first uint64, leaves [][]byte, _ []Hash) error {
		for i, leaf := range leaves {
			if err := f(first+uint64(i), leaf); err != nil {
				return err
			}
		}
		return nil
	})
}

// Bundles is [Tree.Entries] with up to [TileWidth] leaves at a time and their hashes, which are f's
// to keep. It holds one bundle and O(log n) hashes at a time.
func (t *Tree) Bundles(from, to uint64, f func(first uint64, leaves [][]byte, hashes []Hash) error) error {
	if from > to || to > t.cp.Size || t.cp.Size > MaxSize {
		return marketops.Refuse(marketops.InclusionInvalid, fmt.Sprintf("entries %d to %d of %s at size %d", from, to, t.cp.Origin, t.cp.Size))
	}
	var roots bundleRoots
	for n := from / TileWidth; n*TileWidth < to; n++ {
		leaves, err := t.bundle(n)
		if err != nil {
			return err
		}
		hashes, err := t.verifyBundle(n, leaves, &roots)
		if err != nil {
			return err
		}
		start, end := max(from, n*TileWidth), min(to, (n+1)*TileWidth)
		if err := f(start, leaves[start-n*TileWidth:end-n*TileWidth], hashes[start-n*TileWidth:end-n*TileWidth]); err != nil {
			return err
		}
	}
	return nil
}

// verifyBundle compares a full bundle by the root of its 256 leaves, which costs one node hash
// a leaf, and the last, partial one leaf by leaf. It returns the hashes of the leaves.
func (t *Tree) verifyBundle(n uint64, leaves [][]byte, roots *bundleRoots) ([]Hash, error) {
	hashes := make([]Hash, len(leaves))
	for i, leaf := range leaves {
		hashes[i] = LeafHash(leaf)
	}
	if len(leaves) == TileWidth {
		want, err := roots.get(t, n)
		if err != nil {
			return nil, err
		}
		if fold([TileWidth]Hash(hashes)) != want {
			return nil, t.mismatch(n * TileWidth)
		}
		return hashes, nil
	}
	indexes := make([]int64, len(leaves))
	for i := range leaves {
		indexes[i] = tlog.StoredHashIndex(0, int64(n*TileWidth)+int64(i))
	}
	want, err := t.read(indexes)
	if err != nil {
		return nil, err
	}
	for i := range want {
		if Hash(want[i]) != hashes[i] {
			return nil, t.mismatch(n*TileWidth + uint64(i))
		}
	}
	return hashes, nil
}

// fold returns the root above the leaves of a full bundle.
func fold(h [TileWidth]Hash) Hash {
	for n := len(h) / 2; n > 0; n /= 2 {
		for i := range n {
			h[i] = NodeHash(h[2*i], h[2*i+1])
		}
	}
	return h[0]
}

// bundleRoots holds the verified roots of the full bundles below one tile of level 1: reading
// them together authenticates that tile once, not once a bundle.
type bundleRoots struct {
	first uint64
	roots []tlog.Hash
}

func (b *bundleRoots) get(t *Tree, n uint64) (Hash, error) {
	if n < b.first || n-b.first >= uint64(len(b.roots)) {
		first := n - n%TileWidth
		full := min(t.cp.Size/TileWidth, first+TileWidth)
		indexes := make([]int64, 0, TileWidth)
		for i := first; i < full; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(tileHeight, int64(i)))
		}
		roots, err := t.read(indexes)
		if err != nil {
			return Hash{}, err
		}
		b.first, b.roots = first, roots
	}
	return Hash(b.roots[n-b.first]), nil
}

// bundle returns the entries of bundle n that belong to the tree, unverified.
func (t *Tree) bundle(n uint64) ([][]byte, error) {
	width := int(min(t.cp.Size-n*TileWidth, TileWidth))
	b, full, err := readPartial(t.files, func(w int) string { return EntriesPath(n, w) }, width)
	if err != nil {
		return nil, err
	}
	leaves, err := parseBundle(b, full)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.LeafMismatch, fmt.Sprintf("bundle %d of %s", n, t.cp.Origin), err)
	}
	return leaves[:width], nil
}

// parseBundle splits a bundle: exactly count entries, each after its length in two bytes, big
// endian (C2SP tlog-tiles).
func parseBundle(b []byte, count int) ([][]byte, error) {
	leaves := make([][]byte, 0, count)
	for len(leaves) < count {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, errors.New("truncated")
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		leaves, b = append(leaves, b[2:n:n]), b[n:]
	}
	if len(b) != 0 {
		return nil, errors.New("trailing data")
	}
	return leaves, nil
}

func (t *Tree) mismatch(index uint64) error {
	return marketops.Refuse(marketops.LeafMismatch, fmt.Sprintf("the bundle of entry %d of %s is not the one of the tree", index, t.cp.Origin))
}
