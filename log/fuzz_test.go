package log_test

import (
	"bytes"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
)

// FuzzParseHash: one spelling.
func FuzzParseHash(f *testing.F) {
	f.Add(log.EmptyRoot().String())
	f.Add("00")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := log.ParseHash(s)
		var other log.Hash
		if uerr := other.UnmarshalText([]byte(s)); (uerr == nil) != (err == nil) || err == nil && (h.String() != s || other != h) {
			t.Fatalf("%q is %s, %v", s, h, err)
		}
	})
}

// given serves one hash tile and one bundle in the place of the log's.
type given struct {
	*logtest.Log
	tile, bundle []byte
}

func (g given) ReadFile(name string) ([]byte, error) {
	switch name {
	case log.TilePath(0, 0, 5):
		return g.tile, nil
	case log.EntriesPath(0, 5):
		return g.bundle, nil
	}
	return g.Log.ReadFile(name)
}

// FuzzTree: whatever stands in tiles and bundles, an entry or a proof is the log's or is refused.
func FuzzTree(f *testing.F) {
	l := logtest.New("log.example.com", logtest.Key(1))
	for n := range byte(5) {
		l.Append([]byte{n, n})
	}
	tile, err := l.ReadFile(log.TilePath(0, 0, 5))
	if err != nil {
		f.Fatal(err)
	}
	bundle, err := l.ReadFile(log.EntriesPath(0, 5))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(tile, bundle, uint8(2))
	f.Add(tile[:100], []byte{0, 0}, uint8(0))
	f.Fuzz(func(t *testing.T, tile, bundle []byte, index uint8) {
		tree := log.NewTree(l.Tree().Checkpoint(), given{l, tile, bundle})
		if leaf, err := tree.Entry(uint64(index)); err == nil && !bytes.Equal(leaf, []byte{index, index}) {
			t.Fatalf("entry %d is %x", index, leaf)
		} else if err != nil && marketops.CodeOf(err) == "" {
			t.Fatal("no code:", err)
		}
		if p, err := tree.Inclusion(uint64(index)); err == nil {
			if err := p.VerifyUnder(tree.Checkpoint(), []byte{index, index}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
