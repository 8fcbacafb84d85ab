// Package onepass reads canonical JSON in one pass: it knows the text of every member before it looks,
// so that a value which it reads needs no comparison with what writing it would yield (package canon).
// Everything that is not exactly so, valid or not, is left to package canon.
//
// It serves the audit, which reads a million records. Whatever decides before something happens reads
// with package canon alone. FuzzRead and receipt's FuzzOnePass hold both to one answer.
package onepass

import (
	"encoding"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Read reads data into v, a pointer to a zero value, if it is exactly what writing v would yield: every
// member there, in order, without white space. It does the types that records consist of and says
// false of everything else; v is then zero again, and package canon must say whether something is
// wrong. The type of v must not hold itself. A member of type [jsontext.Value] is taken as it is: the
// caller reads it in turn, and no other code has looked into it.
func Read(data []byte, v any) bool {
	target := reflect.ValueOf(v).Elem()
	read := readerOf(target.Type())
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
// text is left to package canon.
type reader func(b []byte, into reflect.Value) []byte

var readers sync.Map // by [reflect.Type]; nil for a type that is left to package canon

func readerOf(t reflect.Type) reader {
	if known, ok := readers.Load(t); ok {
		return known.(reader)
	}
	made := makeReader(t)
	readers.Store(t, made)
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

func makeReader(t reflect.Type) reader {
	if t == rawType {
		return readRaw
	}
	if t.PkgPath() == "" && t.Kind() != reflect.Struct {
		return plainReader(t) // without a name it has no methods
	}
	pointer := reflect.PointerTo(t)
	reads, writes := pointer.Implements(textType), t.Implements(writType)
	switch {
	case slices.ContainsFunc(foreign, pointer.Implements), pointer.Implements(writType) != writes, t == reflect.TypeFor[time.Duration]():
		return nil
	case reads && (writes || t.Kind() == reflect.String):
		return readText
	case reads, writes:
		return nil
	}
	return plainReader(t)
}

// plainReader returns the reader of a type that has no say in it.
func plainReader(t reflect.Type) reader {
	switch t.Kind() {
	case reflect.String:
		return readString
	case reflect.Bool:
		return readBool
	case reflect.Int, reflect.Int64, reflect.Uint64:
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
