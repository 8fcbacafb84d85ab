package onepass

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
)

// field is a member: its name as text, and its value's reader. An optional one is left out where it is
// zero.
type field struct {
	read        reader
	name, label string
	at          []int
	optional    bool
}

func structOf(t reflect.Type) reader {
	fields := fieldsOf(t, nil)
	slices.SortFunc(fields, func(x, y *field) int { return strings.Compare(x.name, y.name) })
	for i, m := range fields {
		if m.read == nil || i > 0 && fields[i-1].name == m.name { // which of two counts is the library's to know
			return nil
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return readStruct(fields)
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

// fieldsOf lists the members of a struct, those of embedded structs among them; none if one of them
// is not said plainly.
func fieldsOf(t reflect.Type, at []int) (out []*field) {
	for i := range t.NumField() {
		m := t.Field(i)
		path := append(slices.Clone(at), i)
		tag, plain := m.Tag.Lookup("json")
		if m.Anonymous && !plain && m.Type.Kind() == reflect.Struct {
			inner := fieldsOf(m.Type, path)
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
		out = append(out, &field{read: readerOf(m.Type), name: name, label: `"` + name + `":`, at: path, optional: optional})
	}
	return out
}
