package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	optionsFile = "publisher/github/options.go"
)

// Fast is for a practice GitHub whose lists do not lag: writes are not paced, and what is not there is
// doubted for less than a second.
var Fast = []overlay.Patch{
	{File: optionsFile, Old: "Pacing{Limiter: l, LimitWait: time.Minute}",
		New: "Pacing{Limiter: unpaced.Limiter{}, LimitWait: 50 * time.Millisecond}", Import: overlay.Module + "/internal/test/unpaced"},
	{File: optionsFile, Old: "{1e9, 2e9, 4e9, 8e9, 16e9, 30e9}", New: "{50e6, 100e6, 200e6, 400e6}"},
}
