package audit

import (
	"fmt"
	"io"
	"time"
)

// How often progress is written, to a terminal and elsewhere.
const (
	redraw = 200 * time.Millisecond
	relate = 10 * time.Second
)

// Progress writes how far an audit has come: on a terminal one line that is drawn again, elsewhere
// a line now and then. Its Step is for [Options.Progress].
type Progress struct {
	out   io.Writer
	tty   bool
	now   func() time.Time
	begun time.Time
	from  uint64 // entries that were done before
	last  time.Time
	drawn bool
}

// NewProgress returns a progress that has not begun.
func NewProgress(out io.Writer, tty bool, now func() time.Time) *Progress {
	return &Progress{out: out, tty: tty, now: now}
}

// Step is told how many entries are done.
func (p *Progress) Step(done, total uint64) {
	now := p.now()
	if p.begun.IsZero() {
		p.begun, p.last, p.from = now, now, done
		return
	}
	wait := relate
	if p.tty {
		wait = redraw
	}
	if now.Sub(p.last) < wait {
		return
	}
	p.last = now
	p.write(done, total, now.Sub(p.begun))
}

func (p *Progress) write(done, total uint64, spent time.Duration) {
	rate := float64(done-p.from) / spent.Seconds()
	text := fmt.Sprintf("%d of %d entries, %.0f a second", done, total, rate)
	if rate > 0 {
		text += ", " + time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second).String() + " left"
	}
	if p.tty {
		p.drawn = true
		fmt.Fprintf(p.out, "\r%s\x1b[K", text)
		return
	}
	fmt.Fprintln(p.out, text)
}

// Done takes the line off the terminal.
func (p *Progress) Done() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
