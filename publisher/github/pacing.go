package github

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"
)

// noteworthy is the shortest pacing pause that is shown.
const noteworthy = 3 * time.Second

// Pacing bounds the writes of one credential. The zero value is refused.
type Pacing struct {
	PerSecond, PerMinute, PerHour int
	// LimitFloor is the first wait when GitHub limits without saying for how long; it doubles.
	LimitFloor time.Duration

	off bool
}

// DefaultPacing returns GitHub's own advice: one write a second, 80 a minute, 500 an hour, and
// at least a minute of rest when limited.
func DefaultPacing() Pacing {
	return Pacing{PerSecond: 1, PerMinute: 80, PerHour: 500, LimitFloor: time.Minute}
}

// Unpaced returns no pacing at all, which [New] accepts for a GitHub on loopback only.
func Unpaced(limitFloor time.Duration) Pacing { return Pacing{LimitFloor: limitFloor, off: true} }

func (p Pacing) check() error {
	if p.LimitFloor <= 0 || !p.off && (p.PerSecond <= 0 || p.PerMinute <= 0 || p.PerHour <= 1) {
		return errors.New("github: pacing is needed, such as DefaultPacing")
	}
	return nil
}

// pacer holds every write to three limits at once.
type pacer struct{ limits []*rate.Limiter }

// newPacer spaces writes evenly by second and minute. By the hour half of the allowance may be
// used at once and the other half flows, so that no hour whatever sees more than all of it.
func newPacer(p Pacing) *pacer {
	if p.off {
		return &pacer{}
	}
	half := p.PerHour / 2
	return &pacer{limits: []*rate.Limiter{
		rate.NewLimiter(rate.Limit(p.PerSecond), 1),
		rate.NewLimiter(rate.Limit(float64(p.PerMinute)/60), 1),
		rate.NewLimiter(rate.Limit(float64(half)/3600), half),
	}}
}

// delay books one write and returns how long it must wait.
func (p *pacer) delay(now time.Time) time.Duration {
	var d time.Duration
	for _, l := range p.limits {
		d = max(d, l.ReserveN(now, 1).DelayFrom(now))
	}
	return d
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
