package patches

import (
	"slices"

	"github.com/omega/marketops/internal/test/overlay"
)

const (
	historyFile = "publisher/ratelimit/history.go"
	clientFile  = "federation/api/client.go"
	viewFile    = "log/view/view.go"
	tesseraFile = "log/tessera/tessera.go"
)

// Quick is for the everyday stories. It shortens pauses alone: between two writes to GitHub, between two
// looks at GitHub whose answer is doubted, and between two tries to reach a Core. The same requests are
// sent in the same order, and as many tries are made.
var Quick = []overlay.Patch{
	{File: historyFile, Old: "{l.PerSecond, time.Second}", New: "{l.PerSecond, 20 * time.Millisecond}"},
	{File: optionsFile, Old: "LimitWait: time.Minute", New: "LimitWait: 600 * time.Millisecond"},
	{File: optionsFile, Old: "{1e9, 2e9, 4e9, 8e9, 16e9, 30e9}", New: "{1e7, 2e7, 4e7, 8e7, 16e7, 30e7}"},
	{File: clientFile, Old: "reachTimeout = 3 * time.Second", New: "reachTimeout = 300 * time.Millisecond"},
	{File: clientFile, Old: "reachPause   = 100 * time.Millisecond", New: "reachPause   = 10 * time.Millisecond"},
}

// Impatient is [Quick] that does not wait as long for missing witnesses. It is for stories about them alone:
// a machine that is busy may need the time that a log is otherwise given.
var Impatient = slices.Concat(Quick, []overlay.Patch{
	{File: viewFile, Old: "viewWait  = 30 * time.Second", New: "viewWait  = 8 * time.Second"},
	{File: tesseraFile, Old: "PublishTimeout:     10 * time.Second", New: "PublishTimeout:     5 * time.Second"},
})
