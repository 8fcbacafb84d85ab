// Package patches holds the changes of the product that stories, crash, soak and disk tests are built with.
// The source of the product has none of it: package overlay changes a copy for one build.
//
//	Points      the moments of package faults, one table for each product package:
//	            publisher.go, github.go, core.go, claims.go
//	Fast        no pace for GitHub, no minute of doubt: pacing.go
//	ShortLease  leases of one second: lease.go
//	Clock       clocks that a test moves forward: clock.go
//	FastClock   a clock that runs many times as fast: fastclock.go
//	Quick       short pauses: quick.go
//
// Each table begins with the paths of its files. A patch that no longer fits the source fails
// TestFit, which builds nothing; what no longer compiles fails TestAbsent.
package patches

import (
	"slices"

	"github.com/omega/marketops/internal/test/overlay"
)

// Points are the moments at which a process may break off.
var Points = slices.Concat(publisherPoints, githubPoints, corePoints, claimsPoints)

// Crash is what the tests of these moments are built with: the process that continues need not wait.
var Crash = slices.Concat(Points, Fast, ShortLease, Clock)

const faults = overlay.Module + "/internal/test/faults"

// wrap puts a call of a point around an expression that is an error.
func wrap(file, expr, point string) overlay.Patch {
	return overlay.Patch{File: file, Old: expr, New: "faults.After(" + expr + ", " + point + ")", Import: faults}
}

// follow adds a call of a point behind a statement that sets err.
func follow(file, statement, point string) overlay.Patch {
	return overlay.Patch{File: file, Old: statement, New: statement + "; err = faults.After(err, " + point + ")", Import: faults}
}

// swap replaces a text by one that passes a point.
func swap(file, old, text string) overlay.Patch {
	return overlay.Patch{File: file, Old: old, New: text, Import: faults}
}
