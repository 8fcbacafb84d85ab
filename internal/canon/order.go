package canon

import "bytes"

// order appends the RFC 8785 form of the one JSON value that b begins with, and returns what
// follows. It does the plain texts that nearly all documents consist of: ASCII without escapes,
// whole numbers, no white space. Of anything else it says false, and [jsontext.Value.Canonicalize]
// must do it. FuzzOrder holds the two together.
func order(dst, b []byte, depth int) (out, rest []byte, plain bool) {
	if len(b) == 0 || depth > MaxDepth {
		return nil, nil, false
	}
	switch b[0] {
	case '{':
		return orderObject(dst, b[1:], depth)
	case '[':
		return orderArray(dst, b[1:], depth)
	case '"':
		if n := plainString(b); n > 0 {
			return append(dst, b[:n]...), b[n:], true
		}
	case 't', 'f', 'n':
		for _, word := range []string{"true", "false", "null"} {
			if bytes.HasPrefix(b, []byte(word)) {
				return append(dst, word...), b[len(word):], true
			}
		}
	default:
		if n := plainNumber(b); n > 0 {
			return append(dst, b[:n]...), b[n:], true
		}
	}
	return nil, nil, false
}

func orderArray(dst, b []byte, depth int) (out, rest []byte, plain bool) {
	dst = append(dst, '[')
	if len(b) > 0 && b[0] == ']' {
		return append(dst, ']'), b[1:], true
	}
	for {
		if dst, b, plain = order(dst, b, depth+1); !plain || len(b) == 0 {
			return nil, nil, false
		}
		dst = append(dst, b[0])
		end := b[0]
		b = b[1:]
		switch end {
		case ']':
			return dst, b, true
		case ',':
		default:
			return nil, nil, false
		}
	}
}

// maxMembers is how many members an object has at most, to be done here.
const maxMembers = 32

// member is where a member of an object stands, and its name, quotes included.
type member struct{ from, name, to int }

func orderObject(dst, b []byte, depth int) (out, rest []byte, plain bool) {
	dst = append(dst, '{')
	if len(b) > 0 && b[0] == '}' {
		return append(dst, '}'), b[1:], true
	}
	var few [maxMembers]member
	members, start := few[:0], len(dst)
	for len(members) < maxMembers {
		m := member{from: len(dst)}
		n := plainString(b)
		if n == 0 || n == len(b) || b[n] != ':' {
			return nil, nil, false
		}
		m.name = m.from + n
		dst = append(dst, b[:n+1]...)
		if dst, b, plain = order(dst, b[n+1:], depth+1); !plain || len(b) == 0 {
			return nil, nil, false
		}
		m.to = len(dst)
		members = append(members, m)
		end := b[0]
		b = b[1:]
		switch end {
		case '}':
			return sortMembers(dst, start, members, b)
		case ',':
			dst = append(dst, ',')
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// sortMembers puts members in the order of their names. For ASCII the order of bytes is that of
// UTF-16; the quote that ends a name stands below all that a plain name holds but the blank and
// the exclamation mark, so the quotes are left out.
func sortMembers(dst []byte, start int, members []member, rest []byte) (out, after []byte, plain bool) {
	name := func(i int) []byte { return dst[members[i].from+1 : members[i].name-1] }
	moved := false
	for i := range members {
		for ; i > 0; i-- {
			order := bytes.Compare(name(i-1), name(i))
			if order == 0 {
				return nil, nil, false // a name twice
			}
			if order < 0 {
				break
			}
			members[i-1], members[i], moved = members[i], members[i-1], true
		}
	}
	if moved {
		old := bytes.Clone(dst[start:])
		dst = dst[:start]
		for _, m := range members {
			dst = append(append(dst, old[m.from-start:m.to-start]...), ',')
		}
		dst = dst[:len(dst)-1]
	}
	return append(dst, '}'), rest, true
}

// plainString returns the length of the string that b begins with, or 0.
func plainString(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i, c := range b[1:] {
		switch {
		case c == '"':
			return i + 2
		case c < ' ' || c > '~' || c == '\\':
			return 0
		}
	}
	return 0
}

// plainNumber returns the length of the whole number that b begins with, or 0.
func plainNumber(b []byte) int {
	i := 0
	if b[0] == '-' {
		i = 1
	}
	from := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	digits := i - from
	if digits == 0 || digits > maxDigits || b[from] == '0' && i > 1 || i < len(b) && (b[i] == '.' || b[i] == 'e' || b[i] == 'E') {
		return 0
	}
	return i
}
