package wire

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// TestLimitTime: a call ends with the deadline of the work, with a minute and what its bytes need, whichever
// is first; after the deadline none begins.
func TestLimitTime(t *testing.T) {
	now := time.Unix(1_770_000_000, 0)
	for name, c := range map[string]struct {
		left, want time.Duration // of the work, of the call; no left: no deadline
		size       int64
	}{
		"no deadline": {0, time.Minute, 0}, "far": {time.Hour, time.Minute, 0}, "near": {20 * time.Second, 20 * time.Second, 0},
		"bytes": {time.Hour, 3 * time.Minute, 120 * slowestBytes}, "bytes, near": {2 * time.Minute, 2 * time.Minute, 120 * slowestBytes},
		"over": {-1, 0, 0},
	} {
		caller := (&Client{options: Options{Now: func() time.Time { return now }}}).Observer()
		if c.left != 0 {
			caller.deadline = now.Add(c.left)
		}
		before := time.Now()
		ctx, cancel, err := caller.limitTime(context.Background(), &Call{Size: c.size})
		after := time.Now()
		if c.want == 0 {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if end, ok := ctx.Deadline(); !ok || end.Before(before.Add(c.want)) || end.After(after.Add(c.want)) {
			t.Errorf("%s: the call may last %s, want %s", name, end.Sub(before), c.want)
		}
	}
}

// TestRetry: an operation is repeated after each pause, a limit begins the pauses anew, and what is permanent
// or cancelled ends it.
func TestRetry(t *testing.T) {
	again, fatal := errors.New("again"), errors.New("fatal")
	for name, c := range map[string]struct {
		errs  []error // of the attempts, the last one repeated
		want  error
		slept []time.Duration
	}{
		"at once":                  {[]error{nil}, nil, nil},
		"second":                   {[]error{again, nil}, nil, []time.Duration{1}},
		"never":                    {[]error{again}, again, []time.Duration{1, 2, 4}},
		"permanent":                {[]error{again, Permanent(fatal)}, fatal, []time.Duration{1}},
		"limited":                  {[]error{again, &retryAfter{60}, again, again, nil}, nil, []time.Duration{1, 60, 1, 2}},
		"at once again":            {[]error{&retryAfter{}, nil}, nil, []time.Duration{0}},
		"limited after all pauses": {[]error{again, again, again, &retryAfter{60}}, &retryAfter{60}, []time.Duration{1, 2, 4}},
	} {
		var slept, told []time.Duration
		client := &Client{options: Options{
			Pauses: []time.Duration{1, 2, 4}, Wait: func(_ string, d time.Duration) { told = append(told, d) },
			Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil },
		}}
		n := 0
		err := client.Retry(context.Background(), "step", func() error {
			n++
			return c.errs[min(n, len(c.errs))-1]
		})
		if err != c.want && (err == nil || c.want == nil || err.Error() != c.want.Error()) || !slices.Equal(slept, c.slept) {
			t.Errorf("%s: %v after %v", name, err, slept)
		}
		if wanted := slices.DeleteFunc(slices.Clone(c.slept), func(d time.Duration) bool { return d == 0 }); !slices.Equal(told, wanted) {
			t.Errorf("%s: told of %v", name, told)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fatal)
	client := &Client{options: Options{Pauses: []time.Duration{time.Hour}, Wait: func(string, time.Duration) {}, Sleep: Sleep}}
	if err := client.Retry(ctx, "step", func() error { return again }); err != fatal {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithCancelCause(context.Background())
	client.options.Wait = func(string, time.Duration) { cancel(fatal) }
	if err := client.Retry(ctx, "step", func() error { return again }); err != fatal {
		t.Errorf("cancelled while it waits: %v", err)
	}
}
