package publisher

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
)

var errDown = &marketops.Failure{Code: marketops.CoreUnreachable}

// core is a Core that renews a lease of two minutes, while answer is nil.
type core struct {
	mu      sync.Mutex
	renewed int
	answer  error
	most    marketops.Time // no lease ends later; 0: any may
}

func (c *core) will(answer error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

func now() marketops.Time { return marketops.TimeOf(time.Now()) }

func (c *core) renew(context.Context) (api.Lease, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer != nil {
		return api.Lease{}, c.answer
	}
	c.renewed++
	if c.most != 0 {
		return api.Lease{Until: min(now()+120, c.most)}, nil
	}
	return api.Lease{Until: now() + 120}, nil
}

// begin starts work under a lease.
func (c *core) begin(t *testing.T) (ctx context.Context, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stop, err := keepLease(ctx, cancel, now, c.renew)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, stop
}

func TestKeepLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &core{}
		ctx, stop := c.begin(t)
		time.Sleep(time.Hour)
		stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := 1 + int(time.Hour/(40*time.Second)); c.renewed < n-1 || c.renewed > n || ctx.Err() != nil {
			t.Errorf("renewed %d times in an hour, want %d; %v", c.renewed, n, ctx.Err())
		}
	})
}

// TestLeaseLost: the work ends at once when the lease went to another publisher, and when it ran out because
// the Core did not answer; a Core that comes back in time changes nothing.
func TestLeaseLost(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		after  time.Duration // of the answer
		lost   bool
	}{
		"overtaken":             {marketops.Refuse(marketops.OperationInFlight, "epoch 2"), 41 * time.Second, true},
		"away for a minute":     {errDown, time.Minute, false},
		"away for five minutes": {errDown, 5 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core := &core{}
				ctx, stop := core.begin(t)
				defer stop()
				core.will(c.answer)
				time.Sleep(c.after)
				core.will(nil)
				synctest.Wait()
				if lost := ctx.Err() != nil; lost != c.lost {
					t.Errorf("lost: %t, want %t", lost, c.lost)
				}
			})
		})
	}
}

// TestLeaseHeld: an epoch that lasts for longer than its lease can be lengthened continues at the same pace, also while the Core
// is away for a minute, until another publisher takes over.
func TestLeaseHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &core{most: now() + 5400}
		ctx, stop := c.begin(t)
		defer stop()
		time.Sleep(2 * time.Hour)
		c.will(errDown)
		time.Sleep(time.Minute)
		c.will(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if c.renewed > 190 || ctx.Err() != nil {
			t.Errorf("renewed %d times in two hours, %v", c.renewed, ctx.Err())
		}
		c.will(marketops.Refuse(marketops.OperationInFlight, "epoch 2"))
		time.Sleep(time.Minute)
		if ctx.Err() == nil {
			t.Error("the work continues after it was taken over")
		}
	})
}

func TestNoLeaseAtAll(t *testing.T) {
	c := &core{answer: errDown}
	if _, err := keepLease(t.Context(), func() {}, now, c.renew); err == nil || c.renewed != 0 {
		t.Errorf("%v after %d renewals", err, c.renewed)
	}
}
