package describe

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/rogpeppe/go-internal/diff"
)

// Diff is what a change set does to one file, in --json.
type Diff struct {
	Operation int    `json:"operation"`
	Path      string `json:"path"`
	Change    string `json:"change"`   // added, changed or unchanged
	OldMode   string `json:"old_mode"` // "" of a file that is added
	Mode      string `json:"mode"`
	Shown     string `json:"shown"` // "text", or why there is no diff
	Diff      string `json:"diff"`
}

// What is shown of a file in place of a diff.
const (
	shownText   = "text"
	shownBinary = "not text: only its size and digest are shown"
	shownLong   = "longer than 1 MiB: only its size and digest are shown"
	shownSame   = "the bytes stay the same"
	shownNoOld  = "text; the file before is too long to be shown, so that every line of the new one follows"
)

// Changes prints what the change set of operation n of a run does to each file, line by line, and returns the same for
// --json. Every byte shown was compared with the operation document.
func Changes(ctx context.Context, s *cli.Streams, r *plan.Run, n int) ([]Diff, error) {
	files, err := r.Changes(ctx, n)
	if err != nil {
		return nil, err
	}
	out := []Diff{}
	for _, f := range files {
		d := diffOf(n, f)
		out = append(out, d)
		s.Print("  %s %s, %s: %s", d.Change, f.Path, modes(f.Change), d.Shown)
		if d.Diff != "" {
			view{s}.lines(d.Diff)
		}
	}
	return out, nil
}

func diffOf(n int, f plan.Changed) Diff {
	d := Diff{Operation: n, Path: f.Path, Change: f.Verb(), Mode: f.Mode, Shown: shownText}
	if f.Before != nil {
		d.OldMode = f.Before.Mode
	}
	switch {
	case f.Before != nil && f.Before.Blob == f.Blob:
		d.Shown = shownSame
		return d
	case f.Size > plan.MaxShown:
		d.Shown = shownLong
		return d
	case !isText(f.New) || !isText(f.Old):
		d.Shown = shownBinary
		return d
	case f.Before != nil && f.Old == nil:
		d.Shown = shownNoOld
	}
	d.Diff = string(withoutHead(diff.Diff("a/"+f.Path, f.Old, "b/"+f.Path, f.New)))
	return d
}

// isText reports whether bytes are UTF-8 without NUL: what people can read. What is hidden in it is shown escaped.
func isText(b []byte) bool { return utf8.Valid(b) && !bytes.ContainsRune(b, 0) }

// withoutHead drops the three lines that name the files.
func withoutHead(d []byte) []byte {
	for range 3 {
		_, d, _ = bytes.Cut(d, []byte("\n"))
	}
	return d
}

// lines prints each line behind a bar, so that none can look like one of ours. Only a newline ends one.
func (v view) lines(text string) {
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		v.Print("    | %s", l)
	}
}

// Run prints every operation of a run with what its change set does, and returns the diffs for --json.
func Run(ctx context.Context, s *cli.Streams, r *plan.Run, each func(n int, op marketops.Operation)) ([]Diff, error) {
	all := []Diff{}
	for i, op := range r.Operations {
		if err := Operation(s, i+1, op, r.Plan.Prerequisites(r.Plan.Operations[i].Operation)...); err != nil {
			return nil, err
		}
		diffs, err := Changes(ctx, s, r, i+1)
		if err != nil {
			return nil, err
		}
		all = append(all, diffs...)
		each(i+1, op)
	}
	return all, nil
}
