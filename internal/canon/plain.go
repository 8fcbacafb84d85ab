package canon

import (
	"bytes"
	"encoding"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Plain reads data into v, a pointer to a zero value, in one pass, if it is exactly what writing v
// would yield: every member there, in order, without white space. It does the plain texts that
// nearly all records consist of and says false of everything else; v is then zero again, and
// [Decode] must say whether something is wrong. The type of v must not hold itself. A member of type
// [jsontext.Value] is taken as it is: the caller reads it in turn, and nobody else has looked into it.
func Plain(data []byte, v any) bool { return inParts.read(data, v) }

// readers read values of the types that they were asked for before.
type readers struct {
	known sync.Map // of reader by [reflect.Type]; nil for a type that cannot be read so
	raw   bool     // a [jsontext.Value] is taken as it is
}

var inParts, whole = &readers{raw: true}, &readers{}

func (r *readers) read(data []byte, v any) bool {
	target := reflect.ValueOf(v).Elem()
	read := r.of(target.Type())
	if read == nil {
		return false
	}
	if rest := read(data, target); rest == nil || len(rest) > 0 {
		target.SetZero()
		return false
	}
	return true
}

// reader reads one value from the beginning of b and returns what follows; nil means that the
// text is not plain.
type reader func(b []byte, into reflect.Value) []byte

func (r *readers) of(t reflect.Type) reader {
	if read, ok := r.known.Load(t); ok {
		return read.(reader)
	}
	read := r.make(t)
	r.known.Store(t, read)
	return read
}

var (
	rawType      = reflect.TypeFor[jsontext.Value]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	writesType   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonType     = reflect.TypeFor[json.Unmarshaler]()
	jsonFromType = reflect.TypeFor[json.UnmarshalerFrom]()
	zeroType     = reflect.TypeFor[interface{ IsZero() bool }]() // says itself whether it is left out
)

func (r *readers) make(t reflect.Type) reader {
	if t == rawType && r.raw {
		return readRaw
	}
	if t.PkgPath() == "" && t.Kind() != reflect.Struct {
		return r.plain(t) // without a name it has no methods
	}
	pointer := reflect.PointerTo(t)
	switch {
	case pointer.Implements(textType) && (pointer.Implements(writesType) || t.Kind() == reflect.String):
		return readText
	case pointer.Implements(textType), pointer.Implements(jsonType), pointer.Implements(jsonFromType):
		return nil
	}
	return r.plain(t)
}

// plain returns the reader of a type that has no say in how it is written.
func (r *readers) plain(t reflect.Type) reader {
	switch t.Kind() {
	case reflect.String:
		return readString
	case reflect.Bool:
		return readBool
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return readInt
	case reflect.Pointer:
		return orNull(r.of(t.Elem()))
	case reflect.Slice:
		return listOf(r.of(t.Elem()), t)
	case reflect.Struct:
		return r.structOf(t)
	}
	return nil
}

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

// field is a member: its name as text, and how to read its value. An optional one is left out where
// it is zero.
type field struct {
	name, label string
	at          []int
	read        reader
	optional    bool
}

func (r *readers) structOf(t reflect.Type) reader {
	fields := r.fields(t, nil)
	if len(fields) == 0 {
		return nil
	}
	slices.SortFunc(fields, func(x, y *field) int { return strings.Compare(x.name, y.name) })
	return func(b []byte, into reflect.Value) []byte {
		before := byte('{')
		for _, f := range fields {
			if len(b) <= len(f.label) || b[0] != before || string(b[1:1+len(f.label)]) != f.label {
				if f.optional {
					continue
				}
				return nil
			}
			v := into.FieldByIndex(f.at)
			if b = f.read(b[1+len(f.label):], v); b == nil || f.optional && v.IsZero() {
				return nil
			}
			before = ','
		}
		end := "}"
		if before == '{' {
			end = "{}"
		}
		if rest, ended := bytes.CutPrefix(b, []byte(end)); ended {
			return rest
		}
		return nil
	}
}

// fields lists the members of a struct, those of embedded structs among them; none if one of them
// cannot be read so.
func (r *readers) fields(t reflect.Type, at []int) (out []*field) {
	for i := range t.NumField() {
		f := t.Field(i)
		path := append(slices.Clone(at), i)
		name, plain := f.Tag.Lookup("json")
		if f.Anonymous && !plain && f.Type.Kind() == reflect.Struct {
			inner := r.fields(f.Type, path)
			if inner == nil {
				return nil
			}
			out = append(out, inner...)
			continue
		}
		name, optional := strings.CutSuffix(name, ",omitzero")
		read := r.of(f.Type)
		if read == nil || !f.IsExported() || !plain || name == "" || strings.ContainsAny(name, `,"\-`) || optional && f.Type.Implements(zeroType) {
			return nil
		}
		out = append(out, &field{name: name, label: `"` + name + `":`, at: path, read: read, optional: optional})
	}
	return out
}

// readRaw takes an object or a list up to its end. Whoever reads it finds what is wrong in it.
func readRaw(b []byte, into reflect.Value) []byte {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += max(0, stringEnd(b[i:])-1) // what has no end is found by whoever reads it
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
