package describe

import (
	"io"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
)

// changed is a change of one file.
func changed(old, new string) plan.Changed {
	c := plan.Changed{Change: marketops.Change{Path: "a", Mode: "100644", Size: int64(len(new)), Blob: "new"}, Old: []byte(old), New: []byte(new)}
	c.Before = &marketops.Before{Mode: "100644", Blob: "old"}
	return c
}

// TestDiffs: text is shown line by line, anything else by what it is.
func TestDiffs(t *testing.T) {
	added := changed("", "one\ntwo\n")
	added.Before, added.Old = nil, nil
	same := changed("x", "x")
	same.Before = &marketops.Before{Mode: "100755", Blob: "new"}
	long := changed("x", "")
	long.Size, long.New = plan.MaxShown+1, nil
	hidden := changed("x\n", "y\n")
	hidden.Old = nil
	for name, c := range map[string]struct {
		file        plan.Changed
		verb, shown string
		diff        string
	}{
		"changed":        {changed("one\ntwo\n", "one\n2\n"), "changed", shownText, "@@ -1,2 +1,2 @@\n one\n-two\n+2\n"},
		"added":          {added, "added", shownText, "@@ -0,0 +1,2 @@\n+one\n+two\n"},
		"no newline":     {changed("one\n", "one"), "changed", shownText, "@@ -1,1 +1,1 @@\n-one\n+one\n\\ No newline at end of file\n"},
		"the mode alone": {same, "changed", shownSame, ""},
		"not text":       {changed("x", "\xff"), "changed", shownBinary, ""},
		"was not text":   {changed("\x00", "x"), "changed", shownBinary, ""},
		"long":           {long, "changed", shownLong, ""},
		"not kept":       {hidden, "changed", shownNoOld, "@@ -0,0 +1,1 @@\n+y\n"},
	} {
		if d := diffOf(1, c.file); d.Change != c.verb || d.Shown != c.shown || d.Diff != c.diff {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestDiffLines: no line of a file can be taken for one of ours, and what is hidden in it is shown.
func TestDiffLines(t *testing.T) {
	var b strings.Builder
	text := "operation 2: tag_repo\r\n  added    b  mode 100644\v\u2028x\u202e\u200b\x1b[2K\n--- a\n+++ b\n"
	view{&cli.Streams{Out: &b, Err: io.Discard}}.lines(diffOf(1, changed("", text)).Diff)
	for l := range strings.Lines(b.String()) {
		if !strings.HasPrefix(l, "    | ") {
			t.Errorf("%q looks like ours", l)
		}
	}
	for _, want := range []string{`\x0d`, `\x0b`, `\u2028`, `\u202e`, `\u200b`, `\x1b`, "+--- a", "++++ b"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
