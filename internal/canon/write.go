package canon

import (
	"encoding"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// write returns the canonical form of v, or nil where the library must say what that is.
func (f *codec) write(v any) []byte {
	value := reflect.ValueOf(v)
	if !value.IsValid() {
		return nil
	}
	write := f.of(value.Type()).write
	if write == nil {
		return nil
	}
	return write(make([]byte, 0, 1<<10), value)
}

func writeString(b []byte, v reflect.Value) []byte { return quote(b, v.String()) }

func writeText(b []byte, v reflect.Value) []byte {
	text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return nil
	}
	return quote(b, text)
}

func quote[T string | []byte](b []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			b, err := jsontext.AppendQuote(b, s)
			if err != nil {
				return nil
			}
			return b
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func writeBool(b []byte, v reflect.Value) []byte { return strconv.AppendBool(b, v.Bool()) }

func writeInt(b []byte, v reflect.Value) []byte {
	const tooLong = 1_000_000_000_000_000 // of [maxDigits] and one more
	if v.CanUint() {
		if v.Uint() >= tooLong {
			return nil
		}
		return strconv.AppendUint(b, v.Uint(), 10)
	}
	if v.Int() >= tooLong || v.Int() <= -tooLong {
		return nil
	}
	return strconv.AppendInt(b, v.Int(), 10)
}

func writeOrNull(write writer) writer {
	if write == nil {
		return nil
	}
	return func(b []byte, v reflect.Value) []byte {
		if v.IsNil() {
			return append(b, "null"...)
		}
		return write(b, v.Elem())
	}
}

// writeInside writes what an interface holds.
func (f *codec) writeInside(b []byte, v reflect.Value) []byte {
	if v.IsNil() {
		return append(b, "null"...)
	}
	write := f.of(v.Elem().Type()).write
	if write == nil {
		return nil
	}
	return write(b, v.Elem())
}

func writeList(write writer) writer {
	if write == nil {
		return nil
	}
	return func(b []byte, v reflect.Value) []byte {
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b = write(b, v.Index(i)); b == nil {
				return nil
			}
		}
		return append(b, ']')
	}
}

func writeStruct(fields []*field) writer {
	return func(b []byte, v reflect.Value) []byte {
		before := byte('{')
		for _, m := range fields {
			member := v.FieldByIndex(m.at)
			if m.optional && member.IsZero() {
				continue
			}
			if b = m.write(append(append(b, before), m.label...), member); b == nil {
				return nil
			}
			before = ','
		}
		if before == '{' {
			b = append(b, '{')
		}
		return append(b, '}')
	}
}
