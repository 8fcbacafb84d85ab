package github

import (
	"testing"

	"github.com/omega/marketops"
)

// TestManyFiles: an outcome holds 64 ids. Of a release with many files it has their number; of a few, the id of each.
func TestManyFiles(t *testing.T) {
	for n, want := range map[int]string{maxListed: "asset_0040", maxListed + 1: "assets", marketops.MaxAssets: "assets"} {
		var f facts
		for i := range n {
			f.asset(i, n, int64(1000+i))
		}
		if len(f.ids) > maxListed || f.ids[want] == "" {
			t.Errorf("%d files: %d ids, and %s is %q", n, len(f.ids), want, f.ids[want])
		}
	}
}
