package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/advice"
	"github.com/omega/marketops/internal/visible"
	"golang.org/x/term"
)

// Streams is where a command reads and writes, and how.
type Streams struct {
	Name   string // of the program, for errors
	In     *os.File
	Out    io.Writer
	Err    io.Writer
	JSON   bool
	Quiet  bool
	TTY    bool // Out is a terminal
	ErrTTY bool // Err is a terminal
	Colour bool
}

// System returns the process's own streams.
func System(name string) *Streams {
	tty := term.IsTerminal(int(os.Stdout.Fd()))
	return &Streams{Name: name, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, TTY: tty,
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())), Colour: tty && os.Getenv("NO_COLOR") == ""}
}

// Say writes a line of talk to people, made safe. Quiet and JSON do not silence errors.
func (s *Streams) Say(format string, args ...any) {
	if !s.Quiet {
		fmt.Fprintln(s.Err, Safe(fmt.Sprintf(format, args...)))
	}
}

// Print writes a line of result, made safe. With --json it writes nothing: see [Streams.Result].
func (s *Streams) Print(format string, args ...any) {
	if !s.JSON {
		fmt.Fprintln(s.Out, Safe(fmt.Sprintf(format, args...)))
	}
}

// Count puts a number before a noun: "1 operation", "2 operations".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Block writes lines of result, each made safe.
func (s *Streams) Block(text string) {
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		s.Print("%s", line)
	}
}

// Result writes the one object of --json; without --json it writes nothing.
func (s *Streams) Result(v any) error {
	if !s.JSON {
		return nil
	}
	return writeJSON(s.Out, v)
}

// Conclude writes the one object of --json for a command that writes it in failure too, and returns
// err, whose text is then for people alone.
func (s *Streams) Conclude(v any, err error) error {
	if !s.JSON {
		return err
	}
	if werr := s.Result(v); werr != nil {
		return werr
	}
	if err == nil {
		return nil
	}
	s.JSON = false // the object is written
	return err
}

func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, v, json.Deterministic(true), jsontext.WithIndent("  "), jsontext.EscapeForHTML(true)); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(visible.JSON(b.Bytes()))
	return err
}

// Problem is the object of --json for a failure.
type Problem struct {
	Schema string            `json:"schema"` // "marketops.problem/v1"
	Kind   string            `json:"kind"`   // refused, failed, unknown, usage or interrupted
	Code   marketops.Code    `json:"code"`
	What   string            `json:"what"`
	Why    string            `json:"why"`
	State  string            `json:"state"`
	Next   string            `json:"next"`
	Checks []marketops.Check `json:"checks,omitzero"`
	Exit   int               `json:"exit"`
}

// ProblemOf puts an error into words.
func ProblemOf(err error) Problem {
	p := Problem{Schema: "marketops.problem/v1", Kind: "failed", Code: marketops.CodeOf(err), What: err.Error(), Exit: ExitCode(err)}
	var r *marketops.Refusal
	var f *marketops.Failure
	var u *marketops.Unknown
	var usage *UsageError
	switch {
	case errors.As(err, &usage):
		p.Kind = "usage"
	case errors.As(err, &u):
		p.Kind, p.Code, p.What, p.Why, p.State, p.Next = "unknown", u.Code, u.What, text(u.Err), u.State, u.Next
	case errors.As(err, &f):
		p.Code, p.What, p.Why, p.State, p.Next = f.Code, f.What, text(f.Err), f.State, f.Next
	case errors.As(err, &r):
		p.Kind, p.Code, p.What, p.Why, p.State, p.Next, p.Checks = "refused", r.Code, r.What, text(r.Err), r.State, r.Next, r.Checks
		p.Why = orElse(p.Why, bindingText(r))
	}
	if p.Exit == ExitInterrupted {
		p.Kind = "interrupted"
	}
	if info, ok := p.Code.Info(); ok {
		p.What = orElse(strings.TrimPrefix(p.What, string(p.Code)+": "), info.Meaning)
		p.Why, p.State, p.Next = orElse(p.Why, info.Meaning+"; usually "+info.Cause), orElse(p.State, info.State), orElse(p.Next, advice.Next(p.Code))
	}
	return p
}

func bindingText(r *marketops.Refusal) string {
	c, failed := r.Checks.FirstFailure()
	if !failed || len(r.Checks) == 0 || c.Expected == "" && c.Got == "" {
		return ""
	}
	return fmt.Sprintf("authorised %s, found %s", orElse(c.Expected, "nothing"), orElse(c.Got, "nothing"))
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Fail tells people what happened on stderr and, with --json, programs on stdout. It returns
// the exit code.
func (s *Streams) Fail(err error) int {
	if errors.Is(err, ErrReported) {
		return ExitCode(err)
	}
	p := ProblemOf(err)
	if s.JSON {
		if werr := writeJSON(s.Out, p); werr != nil {
			fmt.Fprintln(s.Err, s.Name+": "+Safe(werr.Error()))
		}
	}
	head := p.Kind
	if p.Code != "" {
		head += ": " + string(p.Code)
	}
	fmt.Fprintln(s.Err, Safe(s.Name+": "+head))
	for _, l := range [][2]string{{"what", p.What}, {"why", p.Why}, {"state", p.State}, {"next", p.Next}} {
		if l[1] != "" {
			fmt.Fprintf(s.Err, "  %-5s  %s\n", l[0], Safe(l[1]))
		}
	}
	return p.Exit
}

// Safe makes text harmless to a terminal and shows what people would not see; see package visible. Line breaks stay,
// indented.
func Safe(s string) string {
	return strings.ReplaceAll(visible.Lines(s), "\n", "\n         ")
}
