package main

import (
	"time"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/publisher"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// barFloor is the size from which an upload gets a bar; smaller files are gone before it shows.
const barFloor = 256 << 10 // bytes

const redraw = 150 * time.Millisecond

// bars shows uploads and waits on a terminal. Elsewhere it shows nothing: the plain lines of
// each step say enough in a log file.
type bars struct{ p *mpb.Progress }

func newBars(s *cli.Streams) *bars {
	if !s.ErrTTY || s.Quiet || s.JSON {
		return &bars{}
	}
	return &bars{mpb.New(mpb.WithOutput(s.Err), mpb.WithRefreshRate(redraw), mpb.WithAutoRefresh())}
}

// watch returns content that moves a bar while it is sent.
func (b *bars) watch(name string, c publisher.Content) publisher.Content {
	if b.p == nil || c.Size() < barFloor {
		return c
	}
	bar := b.p.AddBar(c.Size(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(cli.Safe(name)+" "), decor.CountersKibiByte("% .1f of % .1f")),
		mpb.AppendDecorators(decor.Percentage(), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)))
	return &watched{Content: c, bar: bar}
}

// wait shows how long a pause still lasts.
func (b *bars) wait(reason string, d time.Duration) {
	if b.p == nil || d < time.Second {
		return
	}
	steps := int64(d / time.Second)
	bar := b.p.AddBar(steps, mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Name("waiting: "+cli.Safe(reason)+" ")),
		mpb.AppendDecorators(decor.CurrentNoUnit("%d"), decor.TotalNoUnit(" of %d s")))
	go func() {
		for range steps {
			time.Sleep(time.Second)
			bar.Increment()
		}
	}()
}

// done takes the bars off the screen.
func (b *bars) done() {
	if b.p != nil {
		b.p.Shutdown()
	}
}

type watched struct {
	publisher.Content
	bar *mpb.Bar
}

// ReadAt implements [publisher.Content]. Reading again after a failed try moves the bar back.
func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.Content.ReadAt(p, off)
	w.bar.SetCurrent(off + int64(n))
	return n, err
}
