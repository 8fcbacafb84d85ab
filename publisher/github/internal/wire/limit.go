package wire

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/omega/marketops"
)

const (
	longestLimit = 65 * time.Minute // a primary limit ends within the hour
	longestWork  = time.Hour        // of a limit that work under a receipt waits for: the same command continues later
	maxLimits    = 6                // limits in a row before we give up
)

// limitWait says how long GitHub wants us to wait: Retry-After, else the reset of an exhausted
// allowance, else Options.LimitWait, doubled each time. n counts from 0.
func (c *Client) limitWait(x *Exchange, n int) time.Duration {
	least := c.options.LimitWait
	if s, err := strconv.ParseInt(x.header.Get("Retry-After"), 10, 64); err == nil && s >= 0 {
		return max(seconds(s), min(least, time.Second))
	}
	if x.header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(x.header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return max(seconds(reset-c.serverTime(x).Unix()+1), min(least, time.Second))
		}
	}
	return least << min(n, 6)
}

func seconds(s int64) time.Duration {
	return time.Duration(max(0, min(s, math.MaxInt32))) * time.Second
}

// serverTime is GitHub's clock, which the reset is measured by.
func (c *Client) serverTime(x *Exchange) time.Time {
	if t, err := http.ParseTime(x.header.Get("Date")); err == nil {
		return t
	}
	return c.options.Now()
}

// backOff turns a limit into a pause, or into a failure if waiting cannot help. Either way
// every other user of the credential is told.
func (c *Caller) backOff(ctx context.Context, call *Call, x *Exchange, n int) error {
	d, now := c.limitWait(x, n), c.options.Now()
	if err := c.options.Limiter.SetBackOff(ctx, now, now.Add(d)); err != nil {
		return Permanent(c.limiterFailure(err))
	}
	late := !c.deadline.IsZero() && (d > longestWork || now.Add(d).After(c.deadline))
	if n >= maxLimits || d > longestLimit || late {
		return Permanent(&marketops.Failure{
			Code: marketops.GitHubRateLimited, State: StateStopped,
			What: fmt.Sprintf("%s: GitHub wants a rest of %s", call.Step, d.Round(time.Second)),
		})
	}
	return fmt.Errorf("GitHub's rate limit: %w", &retryAfter{d})
}

// shownPause is the shortest pause of PauseQuietly that is told.
const shownPause = 3 * time.Second

// Limiter is the Limiter of package github.
type Limiter interface {
	Reserve(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	Peek(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	Takes(ctx context.Context, now time.Time, n int) (time.Duration, error)
	BackOff(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	SetBackOff(ctx context.Context, now, until time.Time) error
}

type query func(context.Context, time.Time) (time.Duration, string, error)

// AwaitWrite waits until the credential could write, and reserves nothing. lasts bounds the wait: where
// it is longer, or longer than is bearable, the failure is github-rate-limited at once.
func (c *Client) AwaitWrite(ctx context.Context, lasts time.Duration) error {
	return c.await(ctx, c.options.Limiter.Peek, patience{c.options.Now().Add(min(lasts, longestLimit)), marketops.GitHubRateLimited})
}

// Takes says how long n more writes take at the pace of the credential, from now until the last may be sent.
func (c *Client) Takes(ctx context.Context, n int) (time.Duration, error) {
	d, err := c.options.Limiter.Takes(ctx, c.options.Now(), n)
	if err != nil {
		err = c.limiterFailure(err)
	}
	return d, err
}

// patience is until when to wait, and the code of a wait that is longer; zero: the usual bound.
type patience struct {
	until time.Time
	late  marketops.Code
}

// await asks until it need not wait any more, but waits for nothing beyond its patience.
func (c *Client) await(ctx context.Context, ask query, p patience) error {
	for {
		now := c.options.Now()
		d, why, err := ask(ctx, now)
		if err != nil {
			return c.limiterFailure(err)
		}
		if d <= 0 {
			return ctx.Err()
		}
		switch {
		case d > longestLimit:
			return Stopf(marketops.GitHubRateLimited, "%s: a wait of %s, which is too long", why, d.Round(time.Second))
		case !p.until.IsZero() && now.Add(d).After(p.until):
			return Stopf(p.late, "%s: a wait of %s, which is too long", why, d.Round(time.Second))
		}
		if err := c.PauseQuietly(ctx, why, d); err != nil {
			return err
		}
	}
}

// limiterFailure is the failure of a limiter that cannot be asked. Going on would be faster than allowed.
func (c *Client) limiterFailure(err error) error {
	return FailureOf(c.RedactError(err), marketops.DiskFull, "the pace of the writes cannot be kept")
}
