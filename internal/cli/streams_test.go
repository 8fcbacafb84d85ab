package cli_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/visible"
)

// streams returns streams whose output is kept.
func streams() (s *cli.Streams, out, talk *bytes.Buffer) {
	out, talk = &bytes.Buffer{}, &bytes.Buffer{}
	return &cli.Streams{Name: "program", Out: out, Err: talk}, out, talk
}

// TestFail: people are told on stderr; with --json stdout holds one object, and nothing otherwise.
func TestFail(t *testing.T) {
	refusal := &marketops.Refusal{Code: marketops.ContentMismatch, What: "a.tgz is another file", State: "nothing was sent",
		Checks: marketops.Checks{{Code: marketops.ContentMismatch, Status: marketops.Fail, Expected: "x", Got: "y"}}}
	const told = "program: refused: content-mismatch\n  what   a.tgz is another file\n  why    authorised x, found y\n  state  nothing was sent\n  next   "
	s, out, talk := streams()
	if exit := s.Fail(refusal); exit != cli.ExitRefused || out.Len() != 0 || !strings.HasPrefix(talk.String(), told) {
		t.Errorf("exit %d\n%s%s", exit, out, talk)
	}
	s, out, talk = streams()
	s.JSON = true
	var p cli.Problem
	if exit := s.Fail(refusal); exit != cli.ExitRefused || !strings.HasPrefix(talk.String(), told) {
		t.Errorf("exit %d\n%s", exit, talk)
	}
	if err := json.Unmarshal(out.Bytes(), &p); err != nil || p.Schema != "marketops.problem/v1" || p.Kind != "refused" || p.Exit != cli.ExitRefused || len(p.Checks) != 1 {
		t.Errorf("%v %s", err, out)
	}
	s, out, talk = streams()
	if exit := s.Fail(&cli.CodedError{Exit: cli.ExitUnverified, Err: cli.ErrReported}); exit != cli.ExitUnverified || out.Len()+talk.Len() != 0 {
		t.Errorf("exit %d\n%s%s", exit, out, talk)
	}
}

// TestConclude writes one object, also for a command that failed, and no second one.
func TestConclude(t *testing.T) {
	failed := errors.New("failed")
	s, out, talk := streams()
	s.JSON = true
	if err := s.Conclude(map[string]int{"exit": 1}, failed); err != failed {
		t.Error(err)
	}
	s.Fail(failed)
	if out.String() != "{\n  \"exit\": 1\n}\n" || !strings.Contains(talk.String(), "failed") {
		t.Errorf("%s%s", out, talk)
	}
	s, out, _ = streams()
	if err := s.Conclude(1, nil); err != nil || out.Len() != 0 {
		t.Errorf("%v %s", err, out)
	}
}

// TestSafe: no text can move the cursor, hide itself or turn a line around.
func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"plain ä": "plain ä", "\x1b[2J": `\x1b[2J`, "a\u202eb": `a\u202eb`, "\x9b": `\x9b`, "a\u200bb": `a\u200bb`, "a\U000e0041b": `a\ue0041b`, "a\u00a0b": `a\xa0b`, "\u009b": `\x9b`, "a\tb": "a\tb", "a\nb": "a\n         b",
	} {
		if got := cli.Safe(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestQuiet silences talk and no result; --json silences results for people.
func TestQuiet(t *testing.T) {
	s, out, talk := streams()
	s.Quiet = true
	s.Say("talk")
	s.Print("result")
	s.Table([][]string{{"a", "b"}, {"long", "c"}})
	if out.String() != "result\na\tb\nlong\tc\n" || talk.Len() != 0 {
		t.Errorf("%q %q", out, talk)
	}
	s, out, _ = streams()
	s.TTY = true
	s.Table([][]string{{"a", "b"}, {"long", "c"}})
	if out.String() != "a     b\nlong  c\n" {
		t.Errorf("%q", out)
	}
	s, out, _ = streams()
	s.JSON = true
	s.Print("result")
	s.Table([][]string{{"a"}})
	if out.Len() != 0 {
		t.Errorf("%q", out)
	}
}

// TestJSONHidesNothing: every object of --json, of a failure too, shows in escapes what people would not see, and says the same.
func TestJSONHidesNothing(t *testing.T) {
	const raw = "a\u009b2J\u202eb\u200b\U000e0041\u2028\u00a0<c>\ufe0f"
	s, out, _ := streams()
	s.JSON = true
	if err := s.Result(map[string]any{"reason": raw, raw: []string{raw}}); err != nil {
		t.Fatal(err)
	}
	object := bytes.Clone(out.Bytes())
	s.Fail(marketops.Refuse(marketops.NameUnsafe, raw))
	for _, r := range out.String() {
		if r != '\n' && visible.Hidden(r) {
			t.Errorf("%U in %q", r, out.String())
		}
	}
	var got struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(object, &got); err != nil || got.Reason != raw {
		t.Errorf("%q, %v", got.Reason, err)
	}
}
