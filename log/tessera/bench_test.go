package tessera

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	upstream "github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// entrySize is the size of a leaf.
const entrySize = 453

// publisher appends one entry and waits until it is published.
type publisher func(entry []byte) error

// BenchmarkPublished compares a Writer with Tessera as it comes, under the same settings, in one
// process on one disk: entries from append to a published checkpoint that covers them. The two
// take turns, round by round, so that both meet the same machine.
//
//	ratio           entries a second of the Writer over those of bare Tessera, median of the rounds
//	p50-ms          of the Writer, over all rounds
func BenchmarkPublished(b *testing.B) {
	for _, c := range []struct{ writers, entries, rounds int }{{1, 8, 9}, {64, 1024, 7}, {1024, 8192, 5}} {
		b.Run(fmt.Sprintf("writers=%d", c.writers), func(b *testing.B) {
			ours, bare := ourPublisher(b), barePublisher(b)
			round(b, ours, c.writers, c.writers) // warm
			round(b, bare, c.writers, c.writers)
			var ratios []float64
			var each []time.Duration
			for i := range c.rounds {
				var w, t float64
				var took []time.Duration
				if i%2 == 0 {
					w, took = round(b, ours, c.writers, c.entries)
					t, _ = round(b, bare, c.writers, c.entries)
				} else {
					t, _ = round(b, bare, c.writers, c.entries)
					w, took = round(b, ours, c.writers, c.entries)
				}
				ratios, each = append(ratios, w/t), append(each, took...)
			}
			slices.Sort(ratios)
			slices.Sort(each)
			b.ReportMetric(ratios[len(ratios)/2], "ratio")
			b.ReportMetric(float64(each[len(each)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// round publishes entries with so many writers at a time; it returns entries a second and how long
// each took. It begins right after a checkpoint: otherwise the first entry would wait for however much
// of an interval happens to be left, which is a good part of a short round.
func round(b *testing.B, publish publisher, writers, entries int) (perSecond float64, each []time.Duration) {
	b.Helper()
	if err := publish(fmt.Appendf(nil, "%0*d", entrySize, time.Now().UnixNano())); err != nil {
		b.Fatal(err)
	}
	each = make([]time.Duration, entries)
	var next atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	for range writers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(entries); i = next.Add(1) - 1 {
				at := time.Now()
				if err := publish(fmt.Appendf(nil, "%0*d", entrySize, time.Now().UnixNano()^i<<40)); err != nil {
					b.Error(err)
					return
				}
				each[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	return float64(entries) / time.Since(begun).Seconds(), each
}

func ourPublisher(b *testing.B) publisher {
	w := start(b, options(b.TempDir()))
	return func(entry []byte) error {
		i, err := w.Append(context.Background(), entry)
		if err == nil {
			_, err = w.Published(context.Background(), i)
		}
		return err
	}
}

// barePublisher is Tessera's own appender and awaiter, with a plain signer.
func barePublisher(b *testing.B) publisher {
	o := options(b.TempDir())
	settings, _, _, err := appendOptions(o, &guard{}) // no policy: no witness is asked
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: o.Dir})
	if err != nil {
		b.Fatal(err)
	}
	a, shutdown, reader, err := upstream.NewAppender(ctx, driver, settings.WithCheckpointSigner(plain{}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { shutdown(ctx); stop() })
	awaiter := upstream.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, pollInterval)
	return func(entry []byte) error {
		for {
			_, _, err := awaiter.Await(ctx, a.Add(ctx, upstream.NewEntry(entry)))
			if err == nil || !strings.Contains(err.Error(), upstream.ErrPushback.Error()) {
				return err
			}
			time.Sleep(firstBackoff)
		}
	}
}

// plain signs whatever it is given.
type plain struct{}

func (plain) Name() string                     { return origin }
func (plain) Sign(text []byte) ([]byte, error) { return logtest.Key(1).Sign(text) }
func (plain) KeyHash() uint32 {
	v, err := note.NewVerifier(log.Vkey(origin, logtest.Key(1).Public()))
	if err != nil {
		panic(err)
	}
	return v.KeyHash()
}

// BenchmarkProof builds an inclusion proof from the tiles on disk and verifies it.
func BenchmarkProof(b *testing.B) {
	o := options(b.TempDir())
	w := start(b, o)
	const entries = 20_000
	fill(b, w, entries)
	cp := publish1(b, w, entries-1)
	tree := log.NewTree(cp, files(o))
	at := uint64(0)
	for b.Loop() {
		at = (at*1103515245 + 12345) % entries
		if _, err := tree.Inclusion(at); err != nil {
			b.Fatal(err)
		}
	}
}

// fill appends entries with many writers and returns when all are durable.
func fill(b testing.TB, w *Writer, entries int) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 1024 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(entries); i = next.Add(1) - 1 {
				if _, err := w.Append(context.Background(), fmt.Appendf(nil, "%0*d", entrySize, i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func publish1(b testing.TB, w *Writer, index uint64) *log.Checkpoint {
	b.Helper()
	raw, err := w.Published(context.Background(), index)
	if err != nil {
		b.Fatal(err)
	}
	return open1(b, raw)
}

// BenchmarkDisk offers 1,000 entries a second for a while and then waits for the collector once.
//
//	overhead-B/entry   what the log takes on disk beyond the entries themselves, when collected
//	lag-entries        how far collection was behind one interval after the last entry
func BenchmarkDisk(b *testing.B) {
	o := options(b.TempDir())
	w := start(b, o)
	const perSecond, seconds = 1000, 10
	var wg sync.WaitGroup
	pace := time.NewTicker(time.Second / 100)
	defer pace.Stop()
	for tick := range 100 * seconds {
		<-pace.C
		for i := range perSecond / 100 {
			wg.Go(func() {
				if _, err := w.Append(context.Background(), fmt.Appendf(nil, "%0*d", entrySize, tick*perSecond+i)); err != nil {
					b.Error(err)
				}
			})
		}
	}
	wg.Wait()
	const entries = perSecond * seconds
	cp := publish1(b, w, entries-1)
	time.Sleep(o.GCInterval + o.GCInterval/10)
	left := partialsBelow(b, o.Dir, cp.Size)
	b.ReportMetric(float64(left), "lag-entries")
	b.ReportMetric(float64(apparent(b, o.Dir))/float64(cp.Size)-entrySize, "overhead-B/entry")
	b.ReportMetric(0, "ns/op")
}

// partialsBelow counts the entries in full bundles beside which partial ones still lie.
func partialsBelow(b *testing.B, dir string, size uint64) (n uint64) {
	for i := range size / log.TileWidth {
		if left, err := filepath.Glob(filepath.Join(dir, log.EntriesPath(i, log.TileWidth)+".p", "*")); err != nil {
			b.Fatal(err)
		} else if len(left) > 0 {
			n += log.TileWidth
		}
	}
	return n
}

// apparent sums the lengths of all files of a log.
func apparent(b *testing.B, dir string) (n int64) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := os.Stat(path)
		if err == nil {
			n += i.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
