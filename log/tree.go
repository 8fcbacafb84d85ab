package log

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"sync"

	"github.com/omega/marketops"
	"golang.org/x/mod/sumdb/tlog"
)

// TileReader reads the files of a log by their names relative to its root, like
// [fs.ReadFileFS]: "checkpoint", "tile/0/x001/234.p/5", "tile/entries/000". A missing file is
// [fs.ErrNotExist]. An implementation that reads from strangers must stop after [MaxBundle]
// bytes; nothing it returns is believed unverified.
type TileReader interface {
	ReadFile(name string) ([]byte, error)
}

const (
	tileHeight = 8
	tilesKept  = 64 // verified tiles a tree remembers, 8 KiB each
)

// Tree is a checkpoint and the tiles below it. Every hash, entry and proof it returns was
// verified against the checkpoint's root. It may be used by several goroutines.
type Tree struct {
	cp     *Checkpoint
	files  TileReader
	hashes tlog.HashReader
}

// NewTree returns the tree of a checkpoint that was opened before. It reads nothing yet.
func NewTree(cp *Checkpoint, r TileReader) *Tree {
	tiles := &tiles{files: r, kept: map[tlog.Tile][]byte{}}
	return &Tree{cp, r, tlog.TileHashReader(tlog.Tree{N: int64(min(cp.Size, MaxSize)), Hash: tlog.Hash(cp.Root)}, tiles)}
}

// Checkpoint returns what the tree was made with.
func (t *Tree) Checkpoint() *Checkpoint { return t.cp }

// LeafHash returns the hash of the entry at index.
func (t *Tree) LeafHash(index uint64) (Hash, error) {
	if err := t.has(index); err != nil {
		return Hash{}, err
	}
	hs, err := t.read([]int64{tlog.StoredHashIndex(0, int64(index))})
	if err != nil {
		return Hash{}, err
	}
	return Hash(hs[0]), nil
}

// Inclusion returns the proof of the entry at index, with the tree's checkpoint in it. Errors
// carry [marketops.LogUnavailable] for tiles that are missing and [marketops.InclusionInvalid]
// for tiles that do not fit the root, and for an index outside the tree.
func (t *Tree) Inclusion(index uint64) (*Proof, error) {
	if err := t.has(index); err != nil {
		return nil, err
	}
	hs, err := tlog.ProveRecord(int64(t.cp.Size), int64(index), tlog.HashReaderFunc(t.read))
	if err != nil {
		return nil, err
	}
	return &Proof{Index: index, Hashes: fromTlog(hs), Checkpoint: t.cp.Raw}, nil
}

// Consistency returns the proof that the tree extends the log of old, verified. Errors are those
// of [VerifyConsistency] and [Tree.Inclusion].
func (t *Tree) Consistency(old *Checkpoint) ([]Hash, error) {
	var hashes []Hash
	if old != nil && 0 < old.Size && old.Size < t.cp.Size && t.cp.Size <= MaxSize {
		hs, err := tlog.ProveTree(int64(t.cp.Size), int64(old.Size), tlog.HashReaderFunc(t.read))
		if err != nil {
			return nil, err
		}
		hashes = fromTlog(hs)
	}
	return hashes, VerifyConsistency(old, t.cp, hashes)
}

// Subtrees returns the roots of the full subtrees that the first size entries consist of, the
// largest first, verified: what is needed to go on hashing from there. Errors are those of
// [Tree.Inclusion].
func (t *Tree) Subtrees(size uint64) ([]Hash, error) {
	if size > t.cp.Size || t.cp.Size > MaxSize {
		return nil, t.has(size)
	}
	var indexes []int64
	for level := bits.Len64(size) - 1; level >= 0; level-- {
		if size>>level&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, int64(size>>level-1)))
		}
	}
	if len(indexes) == 0 {
		return nil, nil
	}
	hs, err := t.read(indexes)
	return fromTlog(hs), err
}

func (t *Tree) has(index uint64) error {
	if t.cp.Size > MaxSize || index >= t.cp.Size {
		return marketops.Refuse(marketops.InclusionInvalid, fmt.Sprintf("entry %d of %s at size %d", index, t.cp.Origin, t.cp.Size))
	}
	return nil
}

// read returns verified hashes by their x/mod storage indexes.
func (t *Tree) read(indexes []int64) ([]tlog.Hash, error) {
	hs, err := t.hashes.ReadHashes(indexes)
	if err == nil || marketops.CodeOf(err) != "" {
		return hs, err
	}
	return nil, marketops.RefuseErr(marketops.InclusionInvalid, fmt.Sprintf("the tiles of %s do not fit its root at size %d", t.cp.Origin, t.cp.Size), err)
}

func fromTlog(in []tlog.Hash) []Hash {
	out := make([]Hash, len(in))
	for i, h := range in {
		out[i] = Hash(h)
	}
	return out
}

// tiles reads C2SP tiles for x/mod and remembers those that were verified.
type tiles struct {
	files TileReader
	mu    sync.Mutex
	kept  map[tlog.Tile][]byte // guarded by mu; only tiles passed to SaveTiles
}

func (t *tiles) Height() int { return tileHeight }

func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, w := range want {
		b, err := t.readTile(w)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

func (t *tiles) readTile(w tlog.Tile) ([]byte, error) {
	t.mu.Lock()
	b, ok := t.kept[w]
	t.mu.Unlock()
	if ok {
		return b, nil
	}
	b, full, err := readPartial(t.files, func(width int) string { return TilePath(uint64(w.L), uint64(w.N), width) }, w.W)
	if err != nil {
		return nil, err
	}
	if len(b) != full*tlog.HashSize {
		return nil, marketops.Refuse(marketops.InclusionInvalid, fmt.Sprintf("tile %d/%d has %d bytes", w.L, w.N, len(b)))
	}
	return b[:w.W*tlog.HashSize], nil
}

// SaveTiles is called with verified tiles only.
func (t *tiles) SaveTiles(got []tlog.Tile, data [][]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept)+len(got) > tilesKept {
		clear(t.kept)
	}
	for i, tile := range got[:min(len(got), tilesKept)] {
		t.kept[tile] = data[i]
	}
}

// readPartial reads a tile or bundle of this width. A log may delete a partial one as soon as
// the full one exists, which then begins with the same content. It returns the width it found.
func readPartial(r TileReader, name func(width int) string, width int) ([]byte, int, error) {
	b, err := r.ReadFile(name(width))
	if errors.Is(err, fs.ErrNotExist) && width < TileWidth {
		width = TileWidth
		b, err = r.ReadFile(name(width))
	}
	if err != nil {
		return nil, 0, &marketops.Failure{Code: marketops.LogUnavailable, What: name(width), Err: err}
	}
	return b, width, nil
}
