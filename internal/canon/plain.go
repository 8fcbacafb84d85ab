package canon

import (
	"bytes"
	"encoding"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Plain reads data into v, a pointer to a zero value, in one pass, if it is exactly what writing v
// would yield: every member there, in order, without white space. It does the types that records
// consist of and says false of everything else; v is then zero again, and [Decode] must say whether
// something is wrong. The type of v must not hold itself. A member of type [jsontext.Value] is taken as
// it is: the caller reads it in turn, and nobody else has looked into it.
func Plain(data []byte, v any) bool { return inParts.read(data, v) }

// codec read and write values of the types that they were asked for before.
type codec struct {
	known sync.Map // of form by [reflect.Type]
	raw   bool     // a [jsontext.Value] is taken as it is
}

var inParts, whole = &codec{raw: true}, &codec{}

// form reads and writes values of one type; what cannot be done here is nil.
type form struct {
	read  reader
	write writer
}

// reader reads one value from the beginning of b and returns what follows; nil means that the
// text is not plain.
type reader func(b []byte, into reflect.Value) []byte

// writer appends the canonical form of a value; nil means that the library must say what that is.
type writer func(b []byte, v reflect.Value) []byte

func (f *codec) read(data []byte, v any) bool {
	target := reflect.ValueOf(v).Elem()
	read := f.of(target.Type()).read
	if read == nil {
		return false
	}
	if rest := read(data, target); rest == nil || len(rest) > 0 {
		target.SetZero()
		return false
	}
	return true
}

func (f *codec) of(t reflect.Type) form {
	if known, ok := f.known.Load(t); ok {
		return known.(form)
	}
	made := f.make(t)
	f.known.Store(t, made)
	return made
}

var (
	rawType  = reflect.TypeFor[jsontext.Value]()
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
	writType = reflect.TypeFor[encoding.TextMarshaler]()
	zeroType = reflect.TypeFor[interface{ IsZero() bool }]() // says itself whether it is left out

	// What these types do is the library's to ask.
	foreign = []reflect.Type{
		reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[encoding.TextAppender](),
	}
)

func (f *codec) make(t reflect.Type) form {
	if t == rawType && f.raw {
		return form{read: readRaw}
	}
	if t.PkgPath() == "" && t.Kind() != reflect.Struct {
		return f.plain(t) // without a name it has no methods
	}
	pointer := reflect.PointerTo(t)
	reads, writes := pointer.Implements(textType), t.Implements(writType)
	switch {
	case slices.ContainsFunc(foreign, pointer.Implements), pointer.Implements(writType) != writes, t == reflect.TypeFor[time.Duration]():
		return form{}
	case reads && writes:
		return form{readText, writeText}
	case reads && t.Kind() == reflect.String:
		return form{readText, writeString}
	case reads, writes:
		return form{}
	}
	return f.plain(t)
}

// plain returns the form of a type that has no say in it.
func (f *codec) plain(t reflect.Type) form {
	switch t.Kind() {
	case reflect.String:
		return form{readString, writeString}
	case reflect.Bool:
		return form{readBool, writeBool}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return form{readInt, writeInt}
	case reflect.Pointer:
		elem := f.of(t.Elem())
		return form{orNull(elem.read), writeOrNull(elem.write)}
	case reflect.Slice:
		elem := f.of(t.Elem())
		return form{listOf(elem.read, t), writeList(elem.write)}
	case reflect.Interface:
		return form{write: f.writeInside}
	case reflect.Struct:
		return f.structOf(t)
	}
	return form{}
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

// field is a member: its name as text, and its value's form. An optional one is left out where it is
// zero.
type field struct {
	form
	name, label string
	at          []int
	optional    bool
}

func (f *codec) structOf(t reflect.Type) form {
	fields := f.fields(t, nil)
	slices.SortFunc(fields, func(x, y *field) int { return strings.Compare(x.name, y.name) })
	both := form{readStruct(fields), writeStruct(fields)}
	for i, m := range fields {
		if i > 0 && fields[i-1].name == m.name {
			return form{} // which of two counts is the library's to know
		}
		if m.read == nil {
			both.read = nil
		}
		if m.write == nil {
			both.write = nil
		}
	}
	if len(fields) == 0 {
		return form{}
	}
	return both
}

func readStruct(fields []*field) reader {
	return func(b []byte, into reflect.Value) []byte {
		before := byte('{')
		for _, m := range fields {
			if len(b) <= len(m.label) || b[0] != before || string(b[1:1+len(m.label)]) != m.label {
				if m.optional {
					continue
				}
				return nil
			}
			v := into.FieldByIndex(m.at)
			if b = m.read(b[1+len(m.label):], v); b == nil || m.optional && v.IsZero() {
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
// is not said plainly.
func (f *codec) fields(t reflect.Type, at []int) (out []*field) {
	for i := range t.NumField() {
		m := t.Field(i)
		path := append(slices.Clone(at), i)
		tag, plain := m.Tag.Lookup("json")
		if m.Anonymous && !plain && m.Type.Kind() == reflect.Struct {
			inner := f.fields(m.Type, path)
			if inner == nil {
				return nil
			}
			out = append(out, inner...)
			continue
		}
		name, optional := strings.CutSuffix(tag, ",omitzero")
		if !m.IsExported() || plainString([]byte(`"`+name+`"`)) < 3 || strings.ContainsAny(name, `,-`) || optional && reflect.PointerTo(m.Type).Implements(zeroType) {
			return nil
		}
		out = append(out, &field{form: f.of(m.Type), name: name, label: `"` + name + `":`, at: path, optional: optional})
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
