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
	late := !c.deadline.IsZero() && now.Add(d).After(c.deadline)
	if n >= maxLimits || d > longestLimit || late {
		return Permanent(&marketops.Failure{
			Code: marketops.GitHubRateLimited, State: StateStopped,
			What: fmt.Sprintf("%s: GitHub wants a rest of %s", call.Step, d.Round(time.Second)),
		})
	}
	return fmt.Errorf("GitHub's rate limit: %w", &retryAfter{d})
}
