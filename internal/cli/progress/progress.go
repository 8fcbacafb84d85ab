// Package progress shows how far files and waits are.
package progress

import (
	"io"
	"sync"
	"time"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Smaller files are gone before they show, unless there are many.
const (
	minShown = 256 << 10 // bytes
	many     = 10        // files
)

const (
	redraw = 150 * time.Millisecond
	plain  = 30 * time.Second // between two lines where there is no terminal
	wide   = 200              // characters of such a line
)

// Bars shows on a terminal one line for the file that is read or sent, and one for a wait. Elsewhere it says now and then
// how far the file is, and nothing with --quiet or --json. While it shows, the streams' talk goes through it, so that lines
// stand above the bars and not in them. The zero value shows nothing.
type Bars struct {
	p       *mpb.Progress // nil without a terminal
	streams *cli.Streams
	talk    io.Writer // what the streams wrote to before
	now     func() time.Time

	mu    sync.Mutex
	open  []*mpb.Bar
	part  Part
	begun time.Time // when the part was first shown
	said  time.Time // when the last plain line was
	line  bool      // the line of the part is on the screen
}

// New returns the bars of these streams.
func New(s *cli.Streams) *Bars {
	b := &Bars{streams: s, talk: s.Err, now: time.Now, said: time.Now()}
	if s.ErrTTY && !s.Quiet && !s.JSON {
		b.p = mpb.New(mpb.WithOutput(s.Err), mpb.WithRefreshRate(redraw), mpb.WithAutoRefresh())
		s.Err = b.p
	}
	return b
}

// Show shows how far a file is. A file that begins again is shown from its beginning.
func (b *Bars) Show(p Part) {
	if b.streams == nil || b.streams.Quiet || b.streams.JSON || p.Size < minShown && p.Of < many {
		return
	}
	p.Name = cli.Safe(p.Name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.What != b.part.What || p.Number != b.part.Number || p.Name != b.part.Name || p.At < b.part.At {
		b.begun = b.now()
	}
	b.part = p
	switch {
	case b.p == nil && b.now().Sub(b.said) >= plain:
		b.said = b.now()
		b.streams.Say("%s", p.line(b.now().Sub(b.begun), wide))
	case b.p != nil && !b.line:
		b.line = true
		b.open = append(b.open, b.p.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(b.draw))))
	}
}

// Reading shows how far a file is that is measured or copied.
func (b *Bars) Reading(r plan.Reading) {
	b.Show(Part{What: "reading file", Name: r.Path, Number: r.Number, Of: r.Of, At: r.At, Size: r.Size})
}

// draw is the line of the part.
func (b *Bars) draw(s decor.Statistics) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.part.line(b.now().Sub(b.begun), s.AvailableWidth-1)
}

// Watch returns content that is shown as it is read for sending. Its part says which it is.
func (b *Bars) Watch(p Part, c publisher.Content) publisher.Content {
	p.Size = c.Size()
	return &watched{Content: c, part: p, bars: b}
}

// Home goes to the begin of the line: the terminal shows Ctrl-C as two characters, in the middle of a bar.
func (b *Bars) Home() {
	if b.p != nil {
		io.WriteString(b.p, "\r")
	}
}

// Wait shows how long a pause still lasts.
func (b *Bars) Wait(reason string, d time.Duration) {
	if b.p == nil || d < time.Second {
		return
	}
	steps := int64(d / time.Second)
	b.mu.Lock()
	bar := b.p.AddBar(steps, mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Name("waiting: "+cli.Safe(reason)+" ")),
		mpb.AppendDecorators(decor.CurrentNoUnit("%d"), decor.TotalNoUnit(" of %d s")))
	b.open = append(b.open, bar)
	b.mu.Unlock()
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
	open := b.open
	b.mu.Unlock() // draw is called until the bars are gone
	for _, bar := range open {
		bar.Abort(true)
	}
	b.p.Wait()
	b.streams.Err = b.talk
}

type watched struct {
	publisher.Content
	part Part
	bars *Bars
}

// ReadAt implements [publisher.Content].
func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.Content.ReadAt(p, off)
	w.part.At = off + int64(n)
	w.bars.Show(w.part)
	return n, err
}
