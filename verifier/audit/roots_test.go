package audit

import (
	"errors"
	"fmt"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// TestRootsOfAllSizes compares every root with the one that x/mod computes.
func TestRootsOfAllSizes(t *testing.T) {
	l := logtest.New("log.example.com", logtest.Key(1))
	r := newRoots(nil)
	for i := range 600 {
		leaf := fmt.Appendf(nil, "leaf %d", i)
		l.Append(leaf)
		r.push(log.LeafHash(leaf))
		for size := uint64(max(0, i-9)); size <= l.Size(); size++ {
			if r.at(size) != l.Root(size) {
				t.Fatalf("the root at %d, seen from %d, differs", size, l.Size())
			}
		}
	}
}

// TestRootsOfOldSizes proves from the tiles what is not at hand any more.
func TestRootsOfOldSizes(t *testing.T) {
	l := logtest.New("log.example.com", logtest.Key(1))
	for i := range 300 {
		l.Append(fmt.Appendf(nil, "leaf %d", i))
	}
	r := newRoots(l.Tree())
	r.size = recentSizes + 300
	good := receipt.CheckpointRef{Origin: l.Origin, Size: 123, Root: l.Root(123)}
	if err := r.compareQuoted(good); err != nil {
		t.Error(err)
	}
	good.Root[0] ^= 1
	if err := r.compareQuoted(good); !errors.Is(err, marketops.SplitView) {
		t.Error(err)
	}
	if err := r.compareQuoted(receipt.CheckpointRef{Origin: l.Origin, Size: -1}); err == nil {
		t.Error("a negative size")
	}
}
