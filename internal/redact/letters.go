package redact

import (
	"strconv"
	"strings"
)

// letter is one decoded byte, and where it stands in the text.
type letter struct {
	c        byte
	from, to int
}

type letters []letter

// read takes a text as it stands.
func read(s string) letters {
	out := make(letters, len(s))
	for i := range len(s) {
		out[i] = letter{s[i], i, i + 1}
	}
	return out
}

// unescape undoes one layer of escapes; nil if there was none.
func (l letters) unescape() letters {
	out, found := make(letters, 0, len(l)), false
	for i := 0; i < len(l); {
		c, n := l[i:].escaped()
		if n == 0 {
			out = append(out, l[i])
			i++
			continue
		}
		found = true
		out = append(out, letter{c, l[i].from, l[i+n-1].to})
		i += n
	}
	if !found {
		return nil
	}
	return out
}

// longest is the longest escape that is understood: &#x000000067;
const longest = 12

// escaped returns the byte that the escape at the beginning stands for, and its length; 0 for none. A character beyond
// ASCII is 0xff, which no credential holds.
func (l letters) escaped() (byte, int) {
	if l[0].c != '\\' && l[0].c != '%' && l[0].c != '&' && l[0].c != '=' {
		return 0, 0
	}
	var b [longest]byte
	n := 0
	for ; n < longest && n < len(l); n++ {
		b[n] = l[n].c
	}
	return unescaped(string(b[:n]))
}

func unescaped(s string) (byte, int) {
	switch {
	case strings.HasPrefix(s, `\u`) || strings.HasPrefix(s, `\U`):
		return number(s, 2, 4, 4, 16)
	case strings.HasPrefix(s, `\x`) || strings.HasPrefix(s, `\X`):
		return number(s, 2, 2, 2, 16)
	case strings.HasPrefix(s, "=\r\n"): // a line that is continued, in mail
		return ' ', 3
	case strings.HasPrefix(s, "=\n"):
		return ' ', 2
	case s[0] == '%' || s[0] == '=':
		return number(s, 1, 2, 2, 16)
	case strings.HasPrefix(s, "&#x") || strings.HasPrefix(s, "&#X"):
		return entity(s, 3, 16)
	case strings.HasPrefix(s, "&#"):
		return entity(s, 2, 10)
	case len(s) > 1 && s[0] == '\\' && strings.IndexByte("nrtbfv0", s[1]) >= 0:
		if c, n := number(s, 1, 3, 3, 8); n > 0 {
			return c, n
		}
		return ' ', 2
	case len(s) > 1 && s[0] == '\\' && strings.IndexByte(`\/"'&%=`, s[1]) >= 0:
		return s[1], 2
	case s[0] == '\\':
		return number(s, 1, 3, 3, 8)
	}
	return 0, 0
}

// number reads digits of a base from a place on.
func number(s string, at, least, most, base int) (byte, int) {
	end := min(len(s), at+most)
	if end-at < least {
		return 0, 0
	}
	n, err := strconv.ParseUint(s[at:end], base, 32)
	if err != nil {
		return 0, 0
	}
	if n > 0x7f {
		n = 0xff
	}
	return byte(n), end
}

// entity reads a character reference of HTML.
func entity(s string, at, base int) (byte, int) {
	end := strings.IndexByte(s, ';')
	if end <= at {
		return 0, 0
	}
	c, n := number(s[:end], at, 1, longest, base)
	if n == 0 {
		return 0, 0
	}
	return c, end + 1
}

// text is letters as they are compared.
type text struct {
	s  string
	at []letter // of each byte of s
}

func (l letters) keep(as func(byte) byte) text {
	b := make([]byte, 0, len(l))
	at := make([]letter, 0, len(l))
	for _, x := range l {
		if c := as(x.c); c != 0 {
			b, at = append(b, c), append(at, x)
		}
	}
	return text{string(b), at}
}

// visible passes over white space and what is invisible.
func (l letters) visible() text { return l.keep(plain) }

// digits are those of hex alone, so that separators between bytes and a 0x before each make no difference.
func (l letters) digits() text {
	out := make(letters, 0, len(l))
	for i := 0; i < len(l); i++ {
		if l[i].c == '0' && i+1 < len(l) && (l[i+1].c == 'x' || l[i+1].c == 'X') {
			i++
			continue
		}
		out = append(out, l[i])
	}
	return out.keep(func(c byte) byte {
		if c = plain(c); c >= '0' && c <= '9' || c >= 'a' && c <= 'f' {
			return c
		}
		return 0
	})
}
