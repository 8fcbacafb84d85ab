package progress

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops/internal/cli"
)

// screen keeps what was written and tells of each write.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
}

func newScreen() *screen { return &screen{written: make(chan struct{}, 1)} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.written <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// shows waits until the screen has shown the words; only a hang reaches the limit.
func (s *screen) shows(t *testing.T, words string) {
	t.Helper()
	limit := time.After(5 * time.Minute)
	for !strings.Contains(s.String(), words) {
		select {
		case <-s.written:
		case <-limit:
			t.Fatalf("never showed %q: %q", words, s)
		}
	}
}

func TestBars(t *testing.T) {
	s := newScreen()
	streams := &cli.Streams{Err: s, ErrTTY: true}
	b := New(streams)
	content := b.Watch(Part{What: "asset", Name: "widget.tar.gz", Number: 17, Of: 1000}, bytes.NewReader(make([]byte, 1<<20)))
	half := make([]byte, 1<<19)
	if n, err := content.ReadAt(half, 0); n != len(half) || err != nil {
		t.Fatal(n, err)
	}
	s.shows(t, "asset 17 of 1000  widget.tar.gz  0.5 of 1.0 MiB")
	s.shows(t, "/s  ")
	s.shows(t, "s left")
	streams.Say("tag created")
	s.shows(t, "tag created\n")
	if _, err := content.ReadAt(half, 1<<19); err != nil {
		t.Fatal(err)
	}
	b.Wait("GitHub asks for a pause", time.Hour)
	s.shows(t, "waiting: GitHub asks for a pause")
	s.shows(t, "of 3600 s")
	b.Done()
	if b.Done(); streams.Err != s {
		t.Error("the talk goes elsewhere after the end")
	}
}
