// Package unpaced is a rate limiter that waits for nothing, for tests that write to a practice GitHub.
package unpaced

import (
	"context"
	"time"
)

// Limiter is a publisher/github.Limiter that never waits and remembers nothing.
type Limiter struct{}

func (Limiter) Reserve(context.Context, time.Time) (time.Duration, string, error) { return 0, "", nil }
func (Limiter) Peek(context.Context, time.Time) (time.Duration, string, error)    { return 0, "", nil }
func (Limiter) Takes(context.Context, time.Time, int) (time.Duration, error)      { return 0, nil }
func (Limiter) BackOff(context.Context, time.Time) (time.Duration, string, error) { return 0, "", nil }
func (Limiter) SetBackOff(context.Context, time.Time, time.Time) error            { return nil }
