// Package fastclock is a clock that runs many times as fast as the machine's, for worlds in which hours must pass. It is
// in no binary that ships: package patches builds it in.
//
// All processes of a world have the same time. MARKETOPS_FAST says how fast it runs, and since when, in milliseconds since
// 1970: "240 1770000000000". Without it the clock is the machine's.
package fastclock

import (
	"fmt"
	"os"
	"time"
)

// Variable is the name of the environment variable.
const Variable = "MARKETOPS_FAST"

var (
	rate  time.Duration = 1
	since               = time.Now()
)

func init() {
	said := os.Getenv(Variable)
	if said == "" {
		return
	}
	var begun int64
	if n, err := fmt.Sscanf(said, "%d %d", (*int64)(&rate), &begun); n != 2 || err != nil || rate < 1 {
		panic("fastclock: " + Variable + " cannot be read: " + said)
	}
	since = time.UnixMilli(begun)
}

// Setting is the variable of a clock that begins now.
func Setting(rate int) string {
	return fmt.Sprintf("%d %d", rate, time.Now().UnixMilli())
}

// Now is the time.
func Now() time.Time { return since.Add(rate * time.Since(since)) }

// Real is how long a duration of this clock takes.
func Real(d time.Duration) time.Duration { return d / rate }
