//go:build unpaced || faults

package main

import (
	"time"

	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/publisher/ratelimit"
)

// tempo, built with the tag unpaced, does not wait for a GitHub whose lists never lag. With any that
// is not on loopback nothing works: the port refuses it.
func tempo(*ratelimit.Limiter) (github.Pacing, []time.Duration) {
	const ms = time.Millisecond
	return github.Unpaced(50 * ms), []time.Duration{50 * ms, 100 * ms, 200 * ms, 400 * ms}
}
