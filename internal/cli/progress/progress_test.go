package progress

import (
	"bytes"
	"testing"
	"time"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/publisher"
)

type content struct{ publisher.Content }

func (content) Size() int64                             { return minBar }
func (content) ReadAt(p []byte, off int64) (int, error) { return len(p), nil }

// TestNoTerminal shows nothing and changes nothing.
func TestNoTerminal(t *testing.T) {
	var talk bytes.Buffer
	for _, s := range []*cli.Streams{{Err: &talk}, {Err: &talk, ErrTTY: true, Quiet: true}, {Err: &talk, ErrTTY: true, JSON: true}} {
		b, c := New(s), content{}
		if b.Watch("a", c) != publisher.Content(c) {
			t.Error("the content is wrapped")
		}
		b.Wait("limit", time.Hour)
		b.Done()
		if s.Err != &talk || talk.Len() != 0 {
			t.Errorf("%q", talk.String())
		}
	}
}

// TestTerminal: talk goes through the bars while they show, and then where it went before.
func TestTerminal(t *testing.T) {
	var talk bytes.Buffer
	s := &cli.Streams{Err: &talk, ErrTTY: true}
	b := New(s)
	w := b.Watch("a", content{})
	if _, err := w.ReadAt(make([]byte, 1024), 0); err != nil {
		t.Fatal(err)
	}
	s.Say("a line")
	b.Done()
	b.Done()
	if s.Err != &talk || !bytes.Contains(talk.Bytes(), []byte("a line")) {
		t.Errorf("%q", talk.String())
	}
}
