// Package show writes reports for people and for programs. It is pure.
//
// People get what was shown, one line per check, the operations, the verdict and what it does not cover:
//
//	failed: self-approval
//	  ✓ receipt-signature  by core.example
//	  ✗ approvals          self-approval: bob
//
//	  publish_release octo-org/widgets refs/tags/v1.4.0  success
//	failed: self-approval; 16 of 17 checks passed
//	not covered: that GitHub still serves these bytes
//
// A tick, a cross and a question mark stand for passed, failed and not known; colour only
// repeats them. Names and texts come from strangers: every character that is not printable, bidirectional
// and invisible ones included, is written as an escape, in text and in JSON.
package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
)

// Options says how text is written. The zero value is plain and complete.
type Options struct {
	Color bool
	Quiet bool // only the verdict
}

// MaxLines is how many failures of one check text lists; JSON has them all.
const MaxLines = 20

// Text writes a report for people. A nil report is a failure.
func Text(w io.Writer, r *verifier.Report, o Options) error {
	if r == nil {
		r = &verifier.Report{}
	}
	p := &page{color: o.Color}
	groups := groupChecks(r.Checks)
	if !o.Quiet {
		p.headline(r)
		p.checks(groups)
		p.operations(r)
		p.basis(r)
	}
	p.verdict(r, groups)
	if !o.Quiet {
		for _, what := range r.NotCovered {
			p.line("not covered: %s", what)
		}
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// page is text under construction. Everything that goes into it is escaped.
type page struct {
	b     strings.Builder
	color bool
}

func (p *page) line(format string, args ...any) {
	p.b.WriteString(Escape(fmt.Sprintf(format, args...)))
	p.b.WriteByte('\n')
}

// ANSI colours of the marks.
const (
	green, red, yellow, plain = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
)

// writeMarked writes a mark, in colour if wanted, and the rest of the line.
func (p *page) writeMarked(mark, color, rest string) {
	if p.color {
		mark = color + mark + plain
	}
	p.b.WriteString("  " + mark + " ")
	p.line("%s", rest)
}

// group is all checks of one name.
type group struct {
	name   string
	passed []verifier.Check
	others []verifier.Check
}

func groupChecks(checks []verifier.Check) (out []*group) {
	byName := map[string]*group{}
	for _, c := range checks {
		g := byName[c.Name]
		if g == nil {
			g = &group{name: c.Name}
			byName[c.Name] = g
			out = append(out, g)
		}
		if c.Status == marketops.Pass {
			g.passed = append(g.passed, c)
		} else {
			g.others = append(g.others, c)
		}
	}
	return out
}

func (p *page) checks(groups []*group) {
	width := 0
	for _, g := range groups {
		width = max(width, len(g.name))
	}
	for _, g := range groups {
		if len(g.others) == 0 {
			p.writeMarked("✓", green, strings.TrimRight(fmt.Sprintf("%-*s  %s", width, g.name, g.words()), " "))
			continue
		}
		for i, c := range g.others {
			if i == MaxLines {
				p.writeMarked("…", yellow, fmt.Sprintf("%-*s  and %d more", width, g.name, len(g.others)-i))
				break
			}
			mark, color := markOf(c)
			p.writeMarked(mark, color, strings.TrimRight(fmt.Sprintf("%-*s  %s", width, g.name, reason(c)), " "))
		}
	}
}

func markOf(c verifier.Check) (mark, color string) {
	if c.Status == marketops.Fail && !verifier.Undecided(c.Code) {
		return "✗", red
	}
	return "?", yellow
}

// words says what passed; where all subjects say the same it is said once.
func (g *group) words() string {
	first := g.passed[0].Detail
	for _, c := range g.passed[1:] {
		if c.Detail != first {
			return fmt.Sprintf("%d passed", len(g.passed))
		}
	}
	if len(g.passed) > 1 {
		return strings.TrimSpace(fmt.Sprintf("%s (%d)", first, len(g.passed)))
	}
	return first
}

// reason says what did not pass, and why.
func reason(c verifier.Check) string {
	parts := []string{}
	if c.Subject != "" {
		parts = append(parts, c.Subject)
	}
	if c.Status == marketops.NotRun {
		parts = append(parts, "did not run")
	} else {
		parts = append(parts, string(c.Code))
	}
	if c.Detail != "" {
		parts = append(parts, strings.TrimPrefix(c.Detail, string(c.Code)+": "))
	} else if i, ok := c.Code.Info(); ok {
		parts = append(parts, i.Meaning)
	}
	s := strings.Join(parts, ": ")
	if c.Expected != "" || c.Got != "" {
		s += fmt.Sprintf(" (expected %s, got %s)", orNothing(c.Expected), orNothing(c.Got))
	}
	return s
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
