//go:build !faults

package config

import "time"

const minLease = 10 * time.Second
