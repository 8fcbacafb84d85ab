package logworld

import (
	"fmt"

	"github.com/omega/marketops"
)

// often are the stories of a log as it grows in use: most runs are published and closed, each
// other one now and then.
var often = []string{
	"a refusal beside it", "taken over by another publisher", "taken over by reading GitHub", "unknown and resolved", "failed",
	"rejected by the ledger after a revocation", "closed twice", "two operations", "a later rejection is no veto", "claimed only",
}

// NewMany returns a world that keeps one run at a time; its log grows by [World.Grow].
func NewMany() *World {
	w := New()
	w.File.MaxLifetime = 86400
	return w
}

// Grow plays whole runs, each about another tag, until the log has this many entries or a few
// more. Every twentieth run is not the plain one.
func (w *World) Grow(entries uint64) {
	for w.Log.Size() < entries {
		w.runs++
		w.Run = marketops.NewRunID([16]byte{1, 2: byte(w.runs >> 16), 3: byte(w.runs >> 8), 4: byte(w.runs)})
		w.Ops = []marketops.Operation{Release(fmt.Sprintf("v1.%d", w.runs))}
		w.Entries, w.Evidence = nil, nil
		clear(w.Edit)
		story := "published and closed"
		if w.runs%20 == 0 {
			story = often[w.runs/20%len(often)]
		}
		Stories[story](w)
	}
	clear(w.Edit)
}
