package marketops

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/omega/marketops/internal/visible"
)

const (
	maxNamed   = 8  // characters that a remark names
	maxRemarks = 20 // of one operation; more are counted
)

// HiddenText tells people what the texts of an operation hold that GitHub will not show them: invisible
// characters and HTML comments. It follows from the document alone, and is shown wherever the document is.
func (o Operation) HiddenText() (out []string) {
	add := func(what, text string) { out = append(out, hiddenIn(what, text)...) }
	if t := o.Tag; t != nil {
		add("tag message", t.Message)
	}
	if r := o.Release; r != nil {
		add("release name", r.Name)
		add("release body", r.Body)
	}
	if p := o.PullRequest; p != nil {
		add("title", p.Title)
		add("pull request body", p.Body)
		if p.Changes != nil {
			add("commit message", p.Changes.Message)
			for _, f := range p.Changes.Changes {
				add("path", f.Path)
			}
		}
	}
	if more := len(out) - maxRemarks; more > 0 {
		out = append(out[:maxRemarks], fmt.Sprintf("and %d more of this kind", more))
	}
	return out
}

func hiddenIn(what, text string) (out []string) {
	for i, line := range strings.Split(text, "\n") {
		if found := unseen([]rune(line)); len(found) > 0 {
			out = append(out, fmt.Sprintf("%s line %d holds invisible characters: %s", what, i+1, strings.Join(found, " ")))
		}
		if strings.Contains(line, "<!") || strings.Contains(line, "<?") {
			out = append(out, fmt.Sprintf("%s line %d begins an HTML comment, which GitHub does not show", what, i+1))
		}
	}
	return out
}

// unseen names the hidden characters of a line, each once.
func unseen(line []rune) (found []string) {
	for i, r := range line {
		name := fmt.Sprintf("%U", r)
		if r == '\t' || !visible.Hidden(r) || isOfEmoji(line, i) || slices.Contains(found, name) {
			continue
		}
		if len(found) == maxNamed {
			return append(found, "…")
		}
		found = append(found, name)
	}
	return found
}

// isOfEmoji reports whether a selector or a joiner only says how a symbol beside it is drawn.
func isOfEmoji(line []rune, i int) bool {
	if i == 0 {
		return false
	}
	switch before := line[i-1]; line[i] {
	case 0xfe0e, 0xfe0f:
		return unicode.In(before, unicode.So)
	case 0x200d:
		return i+1 < len(line) && unicode.In(line[i+1], unicode.So) && (unicode.In(before, unicode.So, unicode.Sk) || before == 0xfe0f)
	}
	return false
}
