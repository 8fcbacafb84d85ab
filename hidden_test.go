package marketops

import (
	"strings"
	"testing"
)

// TestHiddenText: what GitHub would not show is told, of every text, and of nothing else.
func TestHiddenText(t *testing.T) {
	texts := func(s string) []Operation {
		return []Operation{
			{Tag: &Tag{Message: s}}, {Tag: &Tag{}, Release: &Release{Name: s}}, {Tag: &Tag{}, Release: &Release{Body: s}},
			{PullRequest: &PullRequest{Title: s}}, {PullRequest: &PullRequest{Body: s}},
			{PullRequest: &PullRequest{Changes: &ChangeSet{Message: s}}}, {PullRequest: &PullRequest{Changes: &ChangeSet{Changes: []Change{{Path: s}}}}},
		}
	}
	for hidden, named := range map[string]string{
		"a\u200bb": "U+200B", "a\u200d b": "U+200D", "a\U000e0041": "U+E0041", "\u202eab": "U+202E", "a\ufeff": "U+FEFF", "a\u2060": "U+2060", "a\u3164": "U+3164", "a\U000e0101": "U+E0101",
		"1\ufe0f": "U+FE0F", "🎉\ufe0f\ufe0f": "U+FE0F", "a\u00a0b": "U+00A0", "a <!-- ignore --> b": "HTML comment", "<![CDATA[x": "HTML comment", "a <?x ?>": "HTML comment",
	} {
		for i, op := range texts("first\n" + hidden) {
			got := strings.Join(op.HiddenText(), "\n")
			if !strings.Contains(got, named) || !strings.Contains(got, "line 2") {
				t.Errorf("%q in text %d: %q", hidden, i, got)
			}
		}
	}
	for _, shown := range []string{"", "What is new\n\n- a → b\n\tcode", "⚠️ careful", "👩‍💻 hello 🏳️‍🌈", "a < b, c > d", "Zoë, 山田"} {
		for i, op := range texts(shown) {
			if got := op.HiddenText(); len(got) > 0 {
				t.Errorf("%q in text %d: %q", shown, i, got)
			}
		}
	}
	many := Operation{Tag: &Tag{Message: strings.Repeat("<!--\n", 1000)}}
	if got := many.HiddenText(); len(got) != maxRemarks+1 || got[maxRemarks] != "and 980 more of this kind" {
		t.Errorf("%q", got)
	}
	if got := unseen([]rune(strings.Repeat("\u200b", 50) + "\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064")); len(got) != maxNamed+1 {
		t.Errorf("%q", got)
	}
}
