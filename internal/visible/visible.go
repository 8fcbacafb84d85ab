// Package visible shows text of others as it is: what people do not see, or what moves a cursor, changes a colour, hides or
// turns around other text, is written as an escape. All that the programs show goes through it, for people and as JSON.
package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// blank are characters that Unicode counts among letters, marks and symbols, and that show nothing by themselves.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x034f, Hi: 0x034f, Stride: 1}, {Lo: 0x115f, Hi: 0x1160, Stride: 1}, {Lo: 0x17b4, Hi: 0x17b5, Stride: 1}, {Lo: 0x180b, Hi: 0x180f, Stride: 1},
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0x3164, Hi: 0x3164, Stride: 1}, {Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, {Lo: 0xffa0, Hi: 0xffa0, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0xe0100, Hi: 0xe01ef, Stride: 1}},
}

// Hidden reports whether a character is not seen as it is: control, format and tag characters, bidirectional controls,
// separators but the space, what is not assigned, variation selectors and blank letters.
func Hidden(r rune) bool { return !unicode.IsPrint(r) || unicode.Is(blank, r) }

// Text writes every byte that is no UTF-8 as \xNN, every hidden character below U+0100 as \xNN and every other one as \uNNNN.
func Text(s string) string { return escape(s, func(rune) bool { return false }) }

// Lines is [Text] that leaves tabs and line breaks.
func Lines(s string) string { return escape(s, func(r rune) bool { return r == '\t' || r == '\n' }) }

func escape(s string, keeps func(rune) bool) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case keeps(r) || !Hidden(r):
			b.WriteString(s[:n])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// JSON writes the hidden characters of JSON text as JSON escapes. But for white space between values they are inside
// strings only, so the value stays the same.
func JSON(text []byte) []byte {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '\n' || !Hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}
