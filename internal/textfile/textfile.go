// Package textfile says how a text was saved if it was not saved as UTF-8 with LF line ends: what editors and shells on
// Windows make, in words that say what to do, instead of the first byte that a parser does not like.
package textfile

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Advice is what to do about every [Error].
const Advice = "save it as UTF-8 with LF line ends and without a byte-order mark"

// Error says what was found.
type Error struct{ Found string }

func (e *Error) Error() string { return e.Found + ": " + Advice }

// marks are the byte-order marks. UTF-32 comes first, for it begins as UTF-16 does.
var marks = []struct{ begin, encoding string }{
	{"\xff\xfe\x00\x00", "UTF-32"}, {"\x00\x00\xfe\xff", "UTF-32"}, {"\xff\xfe", "UTF-16"}, {"\xfe\xff", "UTF-16"},
}

// Check returns an [*Error] unless the text is UTF-8 without a byte-order mark and without carriage returns.
func Check(text []byte) error {
	if err := CheckEncoding(text); err != nil {
		return err
	}
	at := bytes.IndexByte(text, '\r')
	if at < 0 {
		return nil
	}
	ends := "CR"
	if bytes.HasPrefix(text[at:], []byte("\r\n")) {
		ends = "CRLF"
	}
	return &Error{fmt.Sprintf("it has %s line ends, first on line %d", ends, lineOf(text, at))}
}

// CheckEncoding is [Check] where the line ends do not matter.
func CheckEncoding(text []byte) error {
	for _, m := range marks {
		if bytes.HasPrefix(text, []byte(m.begin)) {
			return &Error{"it is " + m.encoding}
		}
	}
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return &Error{"it begins with a byte-order mark"}
	case isUTF16(text):
		return &Error{"it is UTF-16"}
	case utf8.Valid(text):
		return nil
	}
	at := 0
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			break
		}
		rest, at = rest[n:], at+n
	}
	return &Error{fmt.Sprintf("it is not UTF-8: byte 0x%02x on line %d", text[at], lineOf(text, at))}
}

// lineOf counts from 1. A carriage return alone ends a line too.
func lineOf(text []byte, at int) int {
	before := strings.ReplaceAll(string(text[:at]), "\r\n", "\n")
	return 1 + strings.Count(before, "\n") + strings.Count(before, "\r")
}

// isUTF16 knows a text without a mark by the zero bytes of its first Latin characters, which are on one side alone.
func isUTF16(text []byte) bool {
	text = text[:min(len(text), 64)/2*2]
	if len(text) < 4 {
		return false
	}
	sides := [2]int{}
	for i, c := range text {
		if c == 0 {
			sides[i%2]++
		}
	}
	return sides[0] == 0 && sides[1]*4 > len(text) || sides[1] == 0 && sides[0]*4 > len(text)
}
