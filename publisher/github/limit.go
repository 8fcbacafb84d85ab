package github

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/omega/marketops"
)

const (
	longestLimit = 65 * time.Minute // a primary limit ends within the hour
	maxLimits    = 6                // limits in a row before we give up
)

// limitWait says how long GitHub wants us to wait: Retry-After, else the reset of an exhausted
// allowance, else the floor, doubled each time. n counts from 0.
func (r *reader) limitWait(x *exchange, n int) time.Duration {
	floor := r.port.options.Pacing.LimitFloor
	if s, err := strconv.ParseInt(x.header.Get("Retry-After"), 10, 64); err == nil && s >= 0 {
		return max(seconds(s), min(floor, time.Second))
	}
	if x.header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(x.header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return max(seconds(reset-r.serverTime(x).Unix()+1), min(floor, time.Second))
		}
	}
	return floor << min(n, 6)
}

func seconds(s int64) time.Duration {
	return time.Duration(max(0, min(s, math.MaxInt32))) * time.Second
}

// serverTime is GitHub's clock, which the reset is measured by.
func (r *reader) serverTime(x *exchange) time.Time {
	if t, err := http.ParseTime(x.header.Get("Date")); err == nil {
		return t
	}
	return r.port.options.Now()
}

// limitReached turns a limit into a pause, or into a failure if waiting cannot help. Either way
// every other user of the credential is told.
func (r *reader) limitReached(ctx context.Context, c *call, x *exchange, n int) error {
	d, now := r.limitWait(x, n), r.port.options.Now()
	if err := r.port.options.Pacing.Book.Limited(ctx, now, now.Add(d)); err != nil {
		return backoff.Permanent(r.port.unbooked(err))
	}
	until := r.until()
	late := !until.IsZero() && now.Add(d).After(until)
	if n >= maxLimits || d > longestLimit || late {
		return backoff.Permanent(&marketops.Failure{
			Code: marketops.GitHubRateLimited, State: stateStopped,
			What: fmt.Sprintf("%s: GitHub wants a rest of %s", c.step, d.Round(time.Second)),
		})
	}
	return fmt.Errorf("GitHub's rate limit: %w", &backoff.RetryAfterError{Duration: d})
}

// ladder hands out the pauses one by one.
type ladder struct {
	pauses []time.Duration
	taken  int
}

func (l *ladder) Reset() { l.taken = 0 }

func (l *ladder) NextBackOff() time.Duration {
	if l.taken >= len(l.pauses) {
		return backoff.Stop
	}
	l.taken++
	return l.pauses[l.taken-1]
}

// again repeats op after each pause of the ladder until it succeeds or fails for good.
func (r *reader) again(ctx context.Context, step string, op func() error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, op() },
		backoff.WithBackOff(&ladder{pauses: r.port.options.Pauses}), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(why error, d time.Duration) {
			if d > 0 {
				r.port.options.Wait(step+": "+why.Error(), d)
			}
		}))
	return err
}
