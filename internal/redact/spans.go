package redact

import (
	"slices"
	"strings"
)

// spans are the places that are taken out.
type spans []span

type span struct{ from, to int }

// find adds every place of every form, and the beginning of one at the end of the text.
func (t text) find(forms []string, gone spans) spans {
	for _, form := range forms {
		for at := 0; ; {
			i := strings.Index(t.s[at:], form)
			if i < 0 {
				break
			}
			gone = append(gone, span{t.at[at+i].from, t.at[at+i+len(form)-1].to})
			at += i + 1
		}
		for n := min(len(form)-1, len(t.s)); n >= minEncoded; n-- {
			if strings.HasSuffix(t.s, form[:n]) {
				gone = append(gone, span{t.at[len(t.s)-n].from, t.at[len(t.s)-1].to})
				break
			}
		}
	}
	return gone
}

// cut puts [Redacted] in the place of the spans; those that touch are one.
func (g spans) cut(s string) string {
	slices.SortFunc(g, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	at, end := 0, -1
	for _, x := range g {
		switch {
		case x.to <= end:
			continue
		case x.from > end:
			b.WriteString(s[at:x.from])
			b.WriteString(Redacted)
		}
		at, end = x.to, x.to
	}
	b.WriteString(s[at:])
	return b.String()
}
