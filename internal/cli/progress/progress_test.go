package progress

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
)

type content struct{ publisher.Content }

func (content) Size() int64                             { return 1 << 20 }
func (content) ReadAt(p []byte, off int64) (int, error) { return len(p), nil }

var part = Part{What: "asset", Name: "a", Number: 1, Of: 2}

// TestNoTerminal: now and then it says how far a file is, and nothing with --quiet or --json, or of a small file.
func TestNoTerminal(t *testing.T) {
	for name, c := range map[string]struct {
		streams cli.Streams
		file    publisher.Content
		want    string
	}{
		"plain": {cli.Streams{}, content{}, "asset 1 of 2  a  0.5 of 1.0 MiB  16.5 KiB/s  31s left\n"},
		"quiet": {cli.Streams{Quiet: true}, content{}, ""},
		"json":  {cli.Streams{JSON: true}, content{}, ""},
		"small": {cli.Streams{}, bytes.NewReader(make([]byte, 1000)), ""},
	} {
		var talk bytes.Buffer
		s := &c.streams
		s.Err = &talk
		b := New(s)
		at := b.said
		b.now = func() time.Time { return at }
		w := b.Watch(part, c.file)
		for _, off := range []int64{0, 1 << 18, 1 << 19} { // at once, after half a minute, and a second later
			w.ReadAt(make([]byte, 1<<18), off)
			at = at.Add(plain/2 + time.Second/2)
		}
		b.Wait("limit", time.Hour)
		b.Done()
		if s.Err != &talk || strings.Count(talk.String(), "\n") > 1 || (talk.Len() > 0) != (c.want != "") {
			t.Errorf("%s: %q, want %q", name, talk.String(), c.want)
		}
	}
	(&Bars{}).Reading(plan.Reading{Path: "a", Number: 1, Of: 1000, Size: 1 << 30})
}

// TestTerminal: talk goes through the bars while they show, and then where it went before.
func TestTerminal(t *testing.T) {
	var talk bytes.Buffer
	s := &cli.Streams{Err: &talk, ErrTTY: true}
	b := New(s)
	w := b.Watch(part, content{})
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

// TestLine: a line holds what fits, and is never wider than the terminal.
func TestLine(t *testing.T) {
	p := Part{What: "asset", Name: "marketops_1.4.0_linux_arm64.tar.gz", Number: 17, Of: 1000, At: 13 << 20, Size: 20 << 20}
	for width, want := range map[int]string{
		120: "asset 17 of 1000  marketops_1.4.0_linux_arm64.tar.gz  13.0 of 20.0 MiB  1.3 MiB/s  5s left",
		80:  "asset 17 of 1000  marketops_1.…rm64.tar.gz  13.0 of 20.0 MiB  1.3 MiB/s  5s left",
		60:  "asset 17 of 1000  marketo….tar.gz  13.0 of 20.0 MiB  5s left",
		40:  "17/1000 marke…r.gz 13.0/20.0 MiB 5s left",
		20:  "",
	} {
		got := p.line(10*time.Second, width)
		if n := len([]rune(got)); n > width || want != "" && got != want {
			t.Errorf("%d: %q has %d characters, want %q", width, got, n, want)
		}
	}
	for name, p := range map[string]Part{"begun": {What: "asset", Number: 1, Of: 1, Name: "a", Size: 5}, "done": {What: "asset", Number: 1, Of: 1, Name: "a", At: 5, Size: 5}} {
		if got := p.line(time.Minute, 80); strings.Contains(got, "left") || !strings.HasSuffix(got, " of 5 B") {
			t.Errorf("%s: %q", name, got)
		}
	}
	for d, want := range map[time.Duration]string{59 * time.Second: "59s", 61 * time.Second: "1m01s", 90 * time.Minute: "1h30m"} {
		if got := short(d); got != want {
			t.Errorf("%s is %q", d, got)
		}
	}
}
