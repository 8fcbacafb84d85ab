package core_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log/tessera"
	"github.com/omega/marketops/receipt"
)

// BenchmarkPublish measures S1 to S8 as a publisher drives them through the client, beside the
// least that the log itself costs: two appends, one after the other, each waited for until a
// published checkpoint covers it. Both run against the same disk in the same process.
//
//	p50-ratio         one caller: median of S1–S8 over the median of a bare pair
//	throughput-ratio  64 callers: S1–S8 a second over bare pairs a second
func BenchmarkPublish(b *testing.B) {
	b.Run("callers=1", func(b *testing.B) {
		bare := bareLog(b)
		_, pairs := drive(b, 1, 20, func(int) { barePair(b, bare) })
		w, jobs := loaded(b, 20)
		_, ours := drive(b, 1, 20, jobs)
		w.Stop()
		b.ReportMetric(float64(median(ours))/float64(median(pairs)), "p50-ratio")
		b.ReportMetric(float64(median(ours).Milliseconds()), "p50-ms")
		b.ReportMetric(float64(median(pairs).Milliseconds()), "bare-p50-ms")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("callers=64", func(b *testing.B) {
		const total = 64 * 8
		bare := bareLog(b)
		spent, _ := drive(b, 64, total, func(int) { barePair(b, bare) })
		pairs := total / spent.Seconds()
		w, jobs := loaded(b, total)
		spent, _ = drive(b, 64, total, jobs)
		w.Stop()
		ours := total / spent.Seconds()
		b.ReportMetric(ours/pairs, "throughput-ratio")
		b.ReportMetric(ours, "published/s")
		b.ReportMetric(pairs, "bare-pairs/s")
		b.ReportMetric(0, "ns/op")
	})
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// drive runs total jobs with so many callers and returns the time they took, together and each.
func drive(b *testing.B, callers, total int, job func(int)) (time.Duration, []time.Duration) {
	b.Helper()
	next := make(chan int, total)
	for i := range total {
		next <- i
	}
	close(next)
	each := make([]time.Duration, total)
	begun := time.Now()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range next {
				at := time.Now()
				job(i)
				each[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	return time.Since(begun), each
}

func bareLog(b *testing.B) *tessera.Writer {
	b.Helper()
	dir := b.TempDir()
	o := tessera.Default()
	o.Dir, o.RecordsDir, o.HighWater, o.Origin, o.Signer = filepath.Join(dir, "log"), filepath.Join(dir, "records"), filepath.Join(dir, "mark"), world.Origin, world.NewKey(b)
	w, err := tessera.Open(context.Background(), o)
	must(b, err)
	b.Cleanup(func() { w.Close(context.Background()) })
	return w
}

func barePair(b *testing.B, w *tessera.Writer) {
	ctx := context.Background()
	leaf := make([]byte, 453)
	for range 2 {
		rand.Read(leaf)
		i, err := w.Append(ctx, leaf)
		if err == nil {
			_, err = w.Published(ctx, i)
		}
		if err != nil {
			b.Error(err)
			return
		}
	}
}

// loaded starts a Core with as many authorised operations, each of a repository of its own, and
// returns the job that publishes the i-th.
func loaded(b *testing.B, total int) (*world.World, func(int)) {
	b.Helper()
	w := world.New(b)
	stories := make([]*world.Run, total)
	_, _ = drive(b, 16, total, func(i int) {
		op := world.TagOp(fmt.Sprintf("v7.%d.1", i))
		op.Target.RepositoryID = int64(i + 1)
		stories[i] = w.Ready(op)
	})
	if slices.Contains(stories, nil) {
		b.FailNow() // the goroutine that could not go on has said why
	}
	c := w.Client("pub")
	return w, func(i int) { benchPublish(b, stories[i], c) }
}

// benchPublish is S1 to S8, with both waits for a checkpoint.
func benchPublish(b *testing.B, s *world.Run, c *api.Client) {
	ctx := context.Background()
	claimed, err := c.Claim(ctx, s.Wanted(0, "pub"))
	if err != nil {
		b.Error(err)
		return
	}
	intent, err := c.Intent(ctx, s.IntentOf(0, "pub", claimed).Envelope)
	if err == nil {
		err = s.Core.Published(ctx, intent.Position.Index)
	}
	if err == nil {
		_, err = c.Execute(ctx, s.Fence(0, 1))
	}
	if err == nil {
		_, err = c.Attempt(ctx, s.Effect(0, 1))
	}
	var e api.Entry
	if err == nil {
		e, err = c.Outcome(ctx, s.OutcomeOf(0, "pub", 1, intent.Position, func(o *receipt.Outcome) { o.Code = marketops.Code("") }))
	}
	if err == nil {
		err = s.Core.Published(ctx, e.Position.Index)
	}
	if err != nil {
		b.Error(err)
	}
}
