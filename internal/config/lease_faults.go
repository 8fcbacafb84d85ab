//go:build faults

package config

import "time"

// minLease, built with the tag faults, lets a test wait for the end of a lease.
const minLease = time.Second
