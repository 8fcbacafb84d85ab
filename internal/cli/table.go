package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Table writes rows in aligned columns on a terminal and separated by tabs elsewhere. With
// --json it writes nothing.
func (s *Streams) Table(rows [][]string) {
	if s.JSON {
		return
	}
	width := widths(rows)
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			cell = Safe(cell)
			switch {
			case i == len(row)-1:
				b.WriteString(cell)
			case s.TTY:
				fmt.Fprintf(&b, "%-*s  ", width[i], cell)
			default:
				b.WriteString(cell + "\t")
			}
		}
		fmt.Fprintln(s.Out, strings.TrimRight(b.String(), " "))
	}
}

func widths(rows [][]string) []int {
	var w []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(w) {
				w = append(w, 0)
			}
			w[i] = max(w[i], utf8.RuneCountInString(Safe(cell)))
		}
	}
	return w
}
