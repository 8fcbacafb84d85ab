package show

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
)

// Escape writes every byte that is no UTF-8 as \xNN, every control character below U+0100 as
// \xNN and every other character that is not printable as \uNNNN, so that nothing in s moves a
// cursor, changes a colour, hides or turns around text.
func Escape(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r):
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

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// JSON writes a report as one object on one line. It is printable ASCII and printable Unicode
// only. A nil report is a failure.
func JSON(w io.Writer, r *verifier.Report) error {
	if r == nil {
		r = verifier.Refused("", "report", nil, marketops.NothingToVerify)
	}
	b, err := json.Marshal(r, json.Deterministic(true), json.FormatNilSliceAsNull(false), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, escapeJSON(string(b))+"\n")
	return err
}

// escapeJSON writes characters that are not printable as JSON escapes. They stand inside
// strings only, so the value stays the same.
func escapeJSON(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
