package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// waiting is a limiter that makes the port wait some times before it lets through, and notes what was asked.
type waiting struct {
	times   int
	wait    time.Duration
	fail    error
	asked   []string
	limited time.Duration
}

func (w *waiting) answer(what string) (time.Duration, string, error) {
	w.asked = append(w.asked, what)
	if w.fail != nil {
		return 0, "", w.fail
	}
	if w.times--; w.times >= 0 {
		return w.wait, "the limiter says so", nil
	}
	return 0, "", nil
}

func (w *waiting) Reserve(context.Context, time.Time) (time.Duration, string, error) {
	return w.answer("reserve")
}
func (w *waiting) Peek(context.Context, time.Time) (time.Duration, string, error) {
	return w.answer("peek")
}
func (w *waiting) Takes(context.Context, time.Time, int) (time.Duration, error) {
	d, _, err := w.answer("takes")
	return d, err
}
func (w *waiting) BackOff(context.Context, time.Time) (time.Duration, string, error) {
	return w.answer("back off")
}
func (w *waiting) SetBackOff(_ context.Context, now, until time.Time) error {
	w.limited = until.Sub(now)
	return w.fail
}

// TestLimiter: the limiter is asked before every request, a wait is waited and asked about again, one that is
// too long stops the work with nothing sent, and a limiter that cannot answer does too.
func TestLimiter(t *testing.T) {
	for name, c := range map[string]struct {
		limiter *waiting
		code    marketops.Code // "" is success
	}{
		"free":     {&waiting{}, ""},
		"waits":    {&waiting{times: 3, wait: 10 * time.Second}, ""},
		"too long": {&waiting{times: 1, wait: 2 * workTime}, marketops.GitHubRateLimited},
		"full":     {&waiting{fail: errFull}, marketops.DiskFull},
		"no token": {&waiting{fail: &marketops.Failure{Code: marketops.TokenMissing}}, marketops.TokenMissing},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.limiter = c.limiter
			_, err := s.apply(s.tagOp())
			if c.code != "" {
				s.isFailure(err, c.code)
				if len(s.srv.Requests()) != 0 {
					t.Errorf("sent: %s", s.log())
				}
				return
			}
			writes := strings.Count(strings.Join(c.limiter.asked, " "), "reserve")
			if err != nil || writes != len(s.srv.Mutations()) || len(c.limiter.asked) < len(s.srv.Requests()) {
				t.Errorf("%v, asked %q for\n%s", err, c.limiter.asked, s.log())
			}
		})
	}
}

// TestLimiterLearns: a limit is told to the limiter for as long as GitHub says, on reads as on writes, and
// also where it is too long to be waited for.
func TestLimiterLearns(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, after := range []time.Duration{time.Second, 3 * time.Hour} {
			t.Run(fmt.Sprint(method, after), func(t *testing.T) {
				s := newStage(t)
				limiter := &waiting{}
				s.limiter = limiter
				s.srv.Inject(githubtest.Fault{Method: method, Path: "/repos/**", Action: githubtest.SecondaryLimit, RetryAfter: after})
				_, err := s.apply(s.tagOp())
				if limiter.limited != after || (err == nil) != (after == time.Second) {
					t.Errorf("limited for %s, %v", limiter.limited, err)
				}
			})
		}
	}
}

// TestReady: what can be foreseen is waited for, shown and interrupted before anything is claimed;
// it reserves nothing, and does not outwait the receipt.
func TestReady(t *testing.T) {
	s := newStage(t)
	ready := func(ctx context.Context, l *waiting, lasts time.Duration) error {
		s.limiter = l
		return s.port.Ready(ctx, lasts)
	}
	l := &waiting{times: 2, wait: time.Second}
	if err := ready(context.Background(), l, time.Hour); err != nil || strings.Join(l.asked, " ") != "peek peek peek" {
		t.Errorf("%v after %q", err, l.asked)
	}
	s.isFailure(ready(context.Background(), &waiting{times: 1, wait: time.Hour}, 30*time.Minute), marketops.GitHubRateLimited)
	s.isFailure(ready(context.Background(), &waiting{fail: errFull}, time.Hour), marketops.DiskFull)
	ctx, cancel := context.WithCancel(context.Background())
	s.onWait = func(reason string, d time.Duration) {
		if reason != "the limiter says so" || d != 10*time.Minute {
			t.Errorf("%s %q", d, reason)
		}
		cancel()
	}
	if err := ready(ctx, &waiting{times: 1, wait: 10 * time.Minute}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
