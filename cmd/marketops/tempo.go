//go:build !unpaced && !faults

package main

import (
	"time"

	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/publisher/ratelimit"
)

// tempo is how fast GitHub is written to, and how long absence is doubted.
func tempo(b *ratelimit.Limiter) (github.Pacing, []time.Duration) {
	return github.Paced(b), github.DefaultPauses()
}
