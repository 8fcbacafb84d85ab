package publisher

import (
	"context"
	"errors"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
)

// errNoLease: this epoch sent nothing, for its lease could not be renewed before it began.
var errNoLease = errors.New("the lease could not be renewed before anything was sent")

type renewal func(context.Context) (api.Lease, error)

// keepLease renews the lease well before it ends, and cancels the work when it cannot. The Core lengthens the lease of an epoch
// for 90 minutes and no more; the work of a longer one continues as long as the Core answers and has given it to no other.
func keepLease(ctx context.Context, cancel context.CancelFunc, now func() marketops.Time, renew renewal) (stop func(), err error) {
	lease, err := renew(ctx)
	if err != nil {
		return nil, err
	}
	until, length := lease.Until, lease.Until-now()
	done := make(chan struct{})
	go func() {
		for {
			left := time.Duration(until-now()) * time.Second
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-time.After(max(left/heartbeats, time.Second)):
			}
			if _, err := renew(ctx); err == nil {
				until = now() + length
			} else if now() > until || marketops.CodeOf(err) != marketops.CoreUnreachable {
				cancel()
				return
			}
		}
	}()
	return func() { close(done) }, nil
}
