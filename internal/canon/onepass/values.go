package onepass

import (
	"bytes"
	"encoding"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDigits is how many digits package canon writes.
const maxDigits = 15

// text returns what a string holds. Other than the plain ones it asks the library, and takes the one
// spelling that the library writes.
func text(b []byte) (s, rest []byte) {
	if n := plainString(b); n > 0 {
		return b[1 : n-1], b[n:]
	}
	n := stringEnd(b)
	if n == 0 {
		return nil, nil
	}
	s, err := jsontext.AppendUnquote(nil, b[:n])
	if err != nil {
		return nil, nil
	}
	again, err := jsontext.AppendQuote(nil, s)
	if err != nil || !bytes.Equal(again, b[:n]) {
		return nil, nil
	}
	return s, b[n:]
}

// stringEnd returns the length of the string that b begins with, or 0.
func stringEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; ; i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return 0
		}
		i += n
		if before := bytes.TrimRight(b[:i], `\`); (i-len(before))%2 == 0 {
			return i + 1
		}
	}
}

func readString(b []byte, into reflect.Value) []byte {
	s, rest := text(b)
	if rest != nil {
		into.SetString(string(s))
	}
	return rest
}

// readText leaves the form to the type, and holds it to the one spelling that the type writes.
func readText(b []byte, into reflect.Value) []byte {
	s, rest := text(b)
	v := into.Addr().Interface()
	if rest == nil || v.(encoding.TextUnmarshaler).UnmarshalText(s) != nil {
		return nil
	}
	if written, ok := v.(encoding.TextMarshaler); ok {
		again, err := written.MarshalText()
		if err != nil || !bytes.Equal(again, s) {
			return nil
		}
	} else if into.String() != string(s) {
		return nil
	}
	return rest
}

func readBool(b []byte, into reflect.Value) []byte {
	if rest, yes := bytes.CutPrefix(b, []byte("true")); yes {
		into.SetBool(true)
		return rest
	}
	if rest, no := bytes.CutPrefix(b, []byte("false")); no {
		return rest
	}
	return nil
}

func readInt(b []byte, into reflect.Value) []byte {
	if len(b) == 0 {
		return nil
	}
	size := plainNumber(b)
	negative := b[0] == '-'
	if size == 0 || negative && into.CanUint() {
		return nil
	}
	n := int64(0)
	for _, c := range bytes.TrimPrefix(b[:size], []byte("-")) {
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	switch {
	case into.CanUint():
		into.SetUint(uint64(n))
	case into.OverflowInt(n):
		return nil
	default:
		into.SetInt(n)
	}
	return b[size:]
}

func orNull(read reader) reader {
	if read == nil {
		return nil
	}
	return func(b []byte, into reflect.Value) []byte {
		if rest, null := bytes.CutPrefix(b, []byte("null")); null {
			return rest
		}
		into.Set(reflect.New(into.Type().Elem()))
		return read(b, into.Elem())
	}
}

func listOf(read reader, t reflect.Type) reader {
	if read == nil || t.Elem().Kind() == reflect.Uint8 {
		return nil
	}
	return func(b []byte, into reflect.Value) []byte {
		rest, list := bytes.CutPrefix(b, []byte("["))
		if !list {
			return nil
		}
		if end, empty := bytes.CutPrefix(rest, []byte("]")); empty {
			into.Set(reflect.MakeSlice(t, 0, 0))
			return end
		}
		for {
			n := into.Len()
			into.Grow(1)
			into.SetLen(n + 1)
			if rest = read(rest, into.Index(n)); len(rest) == 0 || rest[0] != ',' && rest[0] != ']' {
				return nil
			}
			if rest[0] == ']' {
				return rest[1:]
			}
			rest = rest[1:]
		}
	}
}

// readRaw takes an object or a list up to its end. Its reader finds what is wrong in it.
func readRaw(b []byte, into reflect.Value) []byte {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += max(0, stringEnd(b[i:])-1) // a missing end is found by its reader
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				into.SetBytes(b[: i+1 : i+1])
				return b[i+1:]
			}
		}
		if depth == 0 {
			return nil
		}
	}
	return nil
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
