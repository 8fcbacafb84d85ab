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

// Plain reads data into v, a pointer to a zero struct, in one pass, if it is exactly what writing v
// would yield: every member there, in order, without white space. It does the plain texts that
// nearly all records consist of and says false of everything else; v is then of no use, and
// [Decode] must say whether something is wrong. A member of type [jsontext.Value] is taken as it
// is: the caller reads it in turn. FuzzPlain holds this to [Decode].
func Plain(data []byte, v any) bool {
	target := reflect.ValueOf(v).Elem()
	read := readerOf(target.Type())
	if read == nil {
		return false
	}
	rest := read(data, target)
	return rest != nil && len(rest) == 0
}

// reader reads one value from the beginning of b and returns what follows; nil means that the
// text is not plain.
type reader func(b []byte, into reflect.Value) []byte

var readers sync.Map // of reader by [reflect.Type]; nil for a type that cannot be read so

func readerOf(t reflect.Type) reader {
	if r, ok := readers.Load(t); ok {
		return r.(reader)
	}
	r := makeReader(t)
	readers.Store(t, r)
	return r
}

var (
	rawType      = reflect.TypeFor[jsontext.Value]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	writesType   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonType     = reflect.TypeFor[json.Unmarshaler]()
	jsonFromType = reflect.TypeFor[json.UnmarshalerFrom]()
)

func makeReader(t reflect.Type) reader {
	pointer := reflect.PointerTo(t)
	switch {
	case t == rawType:
		return readRaw
	case pointer.Implements(textType) && (pointer.Implements(writesType) || t.Kind() == reflect.String):
		return readText
	case pointer.Implements(textType), pointer.Implements(jsonType), pointer.Implements(jsonFromType):
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return readString
	case reflect.Bool:
		return readBool
	case reflect.Int64, reflect.Uint64:
		return readInt
	case reflect.Pointer:
		return orNull(readerOf(t.Elem()))
	case reflect.Slice:
		return listOf(readerOf(t.Elem()), t)
	case reflect.Struct:
		return structOf(t)
	}
	return nil
}

// text returns what stands between the quotes of a plain string.
func text(b []byte) (s, rest []byte) {
	n := plainString(b)
	if n == 0 {
		return nil, nil
	}
	return b[1 : n-1], b[n:]
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
	switch {
	case into.CanUint():
		into.SetUint(uint64(n))
	case negative:
		into.SetInt(-n)
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
		into.Set(reflect.MakeSlice(t, 0, 0))
		if end, empty := bytes.CutPrefix(rest, []byte("]")); empty {
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

// field is a member: the text before its value, and how to read that.
type field struct {
	name, before string
	at           []int
	read         reader
}

func structOf(t reflect.Type) reader {
	fields := fieldsOf(t, nil)
	if len(fields) == 0 {
		return nil
	}
	slices.SortFunc(fields, func(x, y *field) int { return strings.Compare(x.name, y.name) })
	for i, f := range fields {
		f.before = `,"` + f.name + `":`
		if i == 0 {
			f.before = `{"` + f.name + `":`
		}
	}
	return func(b []byte, into reflect.Value) []byte {
		for _, f := range fields {
			if len(b) < len(f.before) || string(b[:len(f.before)]) != f.before {
				return nil
			}
			if b = f.read(b[len(f.before):], into.FieldByIndex(f.at)); b == nil {
				return nil
			}
		}
		if len(b) == 0 || b[0] != '}' {
			return nil
		}
		return b[1:]
	}
}

// fieldsOf lists the members of a struct, those of embedded structs among them; none if one of them
// cannot be read so.
func fieldsOf(t reflect.Type, at []int) (out []*field) {
	for i := range t.NumField() {
		f := t.Field(i)
		path := append(slices.Clone(at), i)
		name, plain := f.Tag.Lookup("json")
		if f.Anonymous && !plain && f.Type.Kind() == reflect.Struct {
			inner := fieldsOf(f.Type, path)
			if inner == nil {
				return nil
			}
			out = append(out, inner...)
			continue
		}
		read := readerOf(f.Type)
		if read == nil || !f.IsExported() || !plain || name == "" || strings.ContainsAny(name, `,"\-`) {
			return nil
		}
		out = append(out, &field{name: name, at: path, read: read})
	}
	return out
}

// readRaw takes an object or a list up to its end. Whoever reads it finds what is wrong in it.
func readRaw(b []byte, into reflect.Value) []byte {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			return nil
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
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
