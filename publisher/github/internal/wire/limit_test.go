package wire

import (
	"net/http"
	"testing"
	"time"
)

// TestLimitWait: Retry-After, else the reset by GitHub's own clock, else Options.LimitWait, doubling.
func TestLimitWait(t *testing.T) {
	c := &Client{options: Options{Now: time.Now, LimitWait: time.Minute}}
	date := time.Unix(1_770_000_000, 0).UTC()
	head := func(pairs ...string) *Exchange {
		x := &Exchange{header: http.Header{"Date": {date.Format(http.TimeFormat)}}}
		for i := 0; i < len(pairs); i += 2 {
			x.header.Set(pairs[i], pairs[i+1])
		}
		return x
	}
	for _, want := range []struct {
		x    *Exchange
		n    int
		want time.Duration
	}{
		{head("Retry-After", "7", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1770001000"), 0, 7 * time.Second},
		{head("Retry-After", "0"), 0, time.Second},
		{head("Retry-After", "-5"), 0, time.Minute},
		{head("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1770000100"), 0, 101 * time.Second},
		{head("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1"), 0, time.Second},
		{head("X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", "1770003600"), 0, time.Minute},
		{head(), 0, time.Minute}, {head(), 1, 2 * time.Minute}, {head(), 4, 16 * time.Minute},
	} {
		if got := c.limitWait(want.x, want.n); got != want.want {
			t.Errorf("%v, %d: %v, want %v", want.x.header, want.n, got, want.want)
		}
	}
}
