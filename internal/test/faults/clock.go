package faults

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
)

// clock names the file that says how far the clocks of all processes are moved forward.
var clock = os.Getenv("MARKETOPS_CLOCK")

// Ahead is the duration in the file that MARKETOPS_CLOCK names, 0 without one. A test may change the file at any
// time, by renaming another one over it.
func Ahead() time.Duration {
	if clock == "" {
		return 0
	}
	b, err := os.ReadFile(clock)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	d, perr := time.ParseDuration(strings.TrimSpace(string(b)))
	if err != nil || perr != nil {
		panic("faults: the clock cannot be read: " + string(b))
	}
	return d
}
