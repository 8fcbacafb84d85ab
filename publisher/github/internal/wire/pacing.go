package wire

import (
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
)

// shownPause is the shortest pause of PauseQuietly that is told.
const shownPause = 3 * time.Second

// Limiter is the Limiter of package github.
type Limiter interface {
	Reserve(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	Peek(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	BackOff(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	SetBackOff(ctx context.Context, now, until time.Time) error
}

type query func(context.Context, time.Time) (time.Duration, string, error)

// AwaitWrite waits until the credential could write, and reserves nothing. lasts bounds the wait: where
// it is longer, or longer than is bearable, the failure is github-rate-limited at once.
func (c *Client) AwaitWrite(ctx context.Context, lasts time.Duration) error {
	return c.await(ctx, c.options.Limiter.Peek, c.options.Now().Add(min(lasts, longestLimit)))
}

// await asks until it need not wait any more, but waits for nothing beyond until; zero: the usual bound.
func (c *Client) await(ctx context.Context, ask query, until time.Time) error {
	for {
		now := c.options.Now()
		d, why, err := ask(ctx, now)
		if err != nil {
			return c.limiterFailure(err)
		}
		if d <= 0 {
			return ctx.Err()
		}
		if d > longestLimit || !until.IsZero() && now.Add(d).After(until) {
			return &marketops.Failure{Code: marketops.GitHubRateLimited, State: StateStopped,
				What: fmt.Sprintf("%s: a wait of %s, which is too long", why, d.Round(time.Second))}
		}
		if err := c.PauseQuietly(ctx, why, d); err != nil {
			return err
		}
	}
}

// limiterFailure is the failure of a limiter that cannot be asked. Going on would be faster than allowed.
func (c *Client) limiterFailure(err error) error {
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.DiskFull
	}
	return &marketops.Failure{Code: code, What: "the pace of the writes cannot be kept", State: StateStopped, Err: c.secrets.error(err)}
}
