package ratelimit_test

import (
	"testing"
	"time"

	"github.com/omega/marketops/publisher/ratelimit"
)

// TestTakes: what is said beforehand is how long the same writes then take, after what was written or limited
// before, by this process and by another. Saying it takes nothing away.
func TestTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, n int
		rest      time.Duration
	}{{0, 0, 0}, {0, 1, 0}, {0, 3, 0}, {0, 11, 0}, {1, 1, 0}, {3, 2, time.Minute + 1}, {8, 4, 0}, {9, 52, 90 * time.Second}, {59, 3, 0}, {61, 70, 0}} {
		dir, limits := t.TempDir(), ratelimit.Limits{PerSecond: 2, PerMinute: 9, PerHour: 60}
		other, l := ratelimit.New(dir, limits, who), ratelimit.New(dir, limits, who)
		now := writeAll(t, other, begin, c.before/2)
		now = writeAll(t, l, now.Add(1700*time.Millisecond+321), c.before-c.before/2).Add(time.Millisecond)
		if c.rest > 0 {
			must(0, other.SetBackOff(ctx, now, now.Add(c.rest)))
		}
		said, err := l.Takes(ctx, now, c.n)
		again, errAgain := l.Takes(ctx, now, c.n)
		if took := writeAll(t, l, now, c.n).Sub(now); err != nil || errAgain != nil || took != said || again != said {
			t.Errorf("%+v: said %s and %s (%v, %v), and it took %s", c, said, again, err, errAgain, took)
		}
	}
}

// TestTakesHours: the writes of a large release take more than an hour, and limits of zero let nothing through.
func TestTakesHours(t *testing.T) {
	l := ratelimit.New(t.TempDir(), ratelimit.GitHub(), who)
	if d := must(l.Takes(ctx, begin, 526)); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("526 writes take %s", d)
	}
	none := ratelimit.New(t.TempDir(), ratelimit.Limits{}, who)
	if d := must(none.Takes(ctx, begin, 1)); d < time.Hour {
		t.Errorf("without any limit one write takes %s", d)
	}
}

// writeAll obeys the limiter for n writes and returns when the last was sent.
func writeAll(t *testing.T, l *ratelimit.Limiter, now time.Time, n int) time.Time {
	t.Helper()
	for n > 0 {
		d, _, err := l.Reserve(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		if d == 0 {
			n--
		}
		now = now.Add(d)
	}
	return now
}
