package core_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// TestSettledTwice: a sweep and those who ask for receipts end an expired claim at one time, and none of them fails.
func TestSettledTwice(t *testing.T) {
	t.Parallel()
	for range 8 {
		w := world.New(t)
		s := w.Ready()
		got(s.Claim(0, "pub"))(t)
		w.Pass(3 * time.Hour)
		var asking sync.WaitGroup
		for range 8 {
			asking.Go(func() {
				if _, err := w.Client("bob").Authorize(context.Background(), s.ID); err != nil {
					t.Error(err)
				}
			})
			asking.Go(func() { w.Core.Sweep(context.Background()) })
		}
		asking.Wait()
		if c := s.State(0); c.State != api.StateClosed || c.Outcome != receipt.Rejected {
			t.Errorf("%+v", c)
		}
	}
}
