// Package progress shows uploads and waits on a terminal.
package progress

import (
	"io"
	"sync"
	"time"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/publisher"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// minBar is the size from which an upload gets a bar; smaller files are gone before it shows.
const minBar = 256 << 10 // bytes

const redraw = 150 * time.Millisecond

// Bars shows uploads and waits on a terminal. Elsewhere it shows nothing: the plain lines of
// each step say enough in a log file. While it shows, the streams' talk goes through it, so that
// lines stand above the bars and not in them.
type Bars struct {
	p       *mpb.Progress
	streams *cli.Streams
	talk    io.Writer // what the streams wrote to before

	mu   sync.Mutex // held while bars are added
	open []*mpb.Bar
}

// New returns the bars of these streams. Off a terminal they show nothing.
func New(s *cli.Streams) *Bars {
	if !s.ErrTTY || s.Quiet || s.JSON {
		return &Bars{}
	}
	b := &Bars{p: mpb.New(mpb.WithOutput(s.Err), mpb.WithRefreshRate(redraw), mpb.WithAutoRefresh()), streams: s, talk: s.Err}
	s.Err = b.p
	return b
}

func (b *Bars) add(total int64, options ...mpb.BarOption) *mpb.Bar {
	b.mu.Lock()
	defer b.mu.Unlock()
	bar := b.p.AddBar(total, append(options, mpb.BarRemoveOnComplete())...)
	b.open = append(b.open, bar)
	return bar
}

// Watch returns content that shows a bar from the moment when it is first read for sending.
func (b *Bars) Watch(name string, c publisher.Content) publisher.Content {
	if b.p == nil || c.Size() < minBar {
		return c
	}
	return &watched{Content: c, name: cli.Safe(name), bars: b}
}

// Wait shows how long a pause still lasts.
func (b *Bars) Wait(reason string, d time.Duration) {
	if b.p == nil || d < time.Second {
		return
	}
	steps := int64(d / time.Second)
	bar := b.add(steps, mpb.PrependDecorators(decor.Name("waiting: "+cli.Safe(reason)+" ")),
		mpb.AppendDecorators(decor.CurrentNoUnit("%d"), decor.TotalNoUnit(" of %d s")))
	go func() {
		for range steps {
			time.Sleep(time.Second)
			bar.Increment()
		}
	}()
}

// Done takes the bars off the screen, writes what is left of the talk and gives it back. Doing it
// again does nothing.
func (b *Bars) Done() {
	if b.p == nil || b.streams.Err == b.talk {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bar := range b.open {
		bar.Abort(true)
	}
	b.p.Wait()
	b.streams.Err = b.talk
}

type watched struct {
	publisher.Content
	name string
	bars *Bars
	once sync.Once
	bar  *mpb.Bar
}

// ReadAt implements [publisher.Content]. Reading again after a failed try moves the bar back.
func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	w.once.Do(func() {
		w.bar = w.bars.add(w.Size(), mpb.PrependDecorators(decor.Name(w.name+" "), decor.CountersKibiByte("% .1f of % .1f")),
			mpb.AppendDecorators(decor.Percentage(), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)))
	})
	n, err := w.Content.ReadAt(p, off)
	w.bar.SetCurrent(off + int64(n))
	return n, err
}
