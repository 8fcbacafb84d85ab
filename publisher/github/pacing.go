package github

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omega/marketops"
)

// noteworthy is the shortest pause for the pace that is shown.
const noteworthy = 3 * time.Second

// Book is the pace of the credential; [*ratelimit.Limiter] shares it with every process of the machine. All
// waits are from now. An error means that nothing may be sent.
type Book interface {
	// Write books one write to be sent now, or says how long to wait before asking again, and why.
	Write(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	// Ask is Write without booking.
	Ask(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	// Rest says how much longer GitHub wants nothing at all.
	Rest(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	// Limited remembers that GitHub wants nothing until a time.
	Limited(ctx context.Context, now, until time.Time) error
}

// Pacing bounds the requests of one credential. The zero value is refused.
type Pacing struct {
	Book Book
	// LimitFloor is the first wait when GitHub limits without saying for how long; it doubles.
	LimitFloor time.Duration
}

// Paced returns a pacing by a book, and at least a minute of rest when limited.
func Paced(b Book) Pacing { return Pacing{Book: b, LimitFloor: time.Minute} }

func (p Pacing) check() error {
	if p.Book == nil || p.LimitFloor <= 0 {
		return errors.New("github: pacing is needed, such as Paced")
	}
	return nil
}

type asking func(context.Context, time.Time) (time.Duration, string, error)

// Ready waits until the credential could write, so that a wait that can be foreseen comes before a
// receipt is claimed. It sends and books nothing. lasts is how long the receipt is still good: where
// the wait outlasts it, or what is bearable, the failure is github-rate-limited at once.
func (p *Port) Ready(ctx context.Context, lasts time.Duration) error {
	return p.await(ctx, p.options.Pacing.Book.Ask, p.options.Now().Add(min(lasts, longestLimit)))
}

// await asks until it need not wait any more, but waits for nothing beyond until; zero: the usual bound.
func (p *Port) await(ctx context.Context, ask asking, until time.Time) error {
	for {
		now := p.options.Now()
		d, why, err := ask(ctx, now)
		if err != nil {
			return p.unbooked(err)
		}
		if d <= 0 {
			return ctx.Err()
		}
		if d > longestLimit || !until.IsZero() && now.Add(d).After(until) {
			return &marketops.Failure{Code: marketops.GitHubRateLimited, State: stateStopped,
				What: fmt.Sprintf("%s: a wait of %s, which is too long", why, d.Round(time.Second))}
		}
		if err := p.rest(ctx, why, d); err != nil {
			return err
		}
	}
}

// unbooked is the failure of a pace that cannot be kept. Going on would be faster than allowed.
func (p *Port) unbooked(err error) error {
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.DiskFull
	}
	return &marketops.Failure{Code: code, What: "the pace of the writes cannot be kept", State: stateStopped, Err: p.secrets.wash(err)}
}

// rest is sleep, shown first if it is long.
func (p *Port) rest(ctx context.Context, reason string, d time.Duration) error {
	if d >= noteworthy {
		p.options.Wait(reason, d)
	}
	return p.sleep(ctx, d)
}

// sleep waits for d unless ctx ends first.
func (p *Port) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
