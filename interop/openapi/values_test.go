package openapi_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// anything is tried in every place.
var anything = []any{
	nil, true, "", "text", "2026-03-04T05:06:07Z", "2026-03-04T05:06:07.25+01:00", "2026-03-04", "2026-03-04 05:06:07",
	json.Number("0"), json.Number("-1"), json.Number("6"), json.Number("7"), json.Number("1.5"), json.Number("1e3"), json.Number("1e30"),
	[]any{}, []any{nil}, []any{"text"}, []any{json.Number("7")}, map[string]any{}, map[string]any{"a": "b"}, map[string]any{"a": nil},
}

// right makes a value that the schema allows: with every member, or with those alone that it requires.
func right(s *openapi3.Schema, whole bool) any {
	switch {
	case len(s.OneOf) > 0:
		v := right(s.OneOf[0].Value, whole)
		if o, ok := v.(map[string]any); ok && s.Discriminator != nil {
			for value, ref := range s.Discriminator.Mapping {
				if ref.Ref == s.OneOf[0].Ref {
					o[s.Discriminator.PropertyName] = value
				}
			}
		}
		return v
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("string") && s.Format == "date-time":
		return "2026-03-04T05:06:07Z"
	case s.Type.Is("string"):
		return strings.Repeat("x", int(s.MinLength))
	case s.Type.Is("integer"):
		return json.Number("1")
	case s.Type.Is("boolean"):
		return true
	case s.Type.Is("array"):
		return []any{right(s.Items.Value, false)}
	case s.Type.Is("object"):
		return rightObject(s, whole)
	}
	return "anything"
}

func rightObject(s *openapi3.Schema, whole bool) map[string]any {
	o := map[string]any{}
	for name, p := range s.Properties {
		if whole || slices.Contains(s.Required, name) {
			o[name] = right(p.Value, whole && p.Ref == "")
		}
	}
	return o
}

// values are right ones, and ones with one mistake in each place. What has a name in the description is
// gone through in its own turn.
func values(s *openapi3.SchemaRef, top bool) []any {
	out := append([]any{right(s.Value, true), right(s.Value, false)}, anything...)
	if s.Ref != "" && !top {
		return out
	}
	out = append(out, s.Value.Enum...)
	if n := s.Value.MaxLength; n != nil {
		out = append(out, strings.Repeat("ä", int(*n)), strings.Repeat("x", int(*n)+1))
	}
	for _, one := range s.Value.OneOf {
		out = append(out, values(one, false)...)
	}
	if s.Value.Discriminator != nil {
		out = append(out, discriminated(s.Value)...)
	}
	if s.Value.Items != nil {
		for _, v := range values(s.Value.Items, false) {
			out = append(out, []any{v}, []any{right(s.Value.Items.Value, false), v})
		}
	}
	if s.Value.Type.Is("object") {
		out = append(out, objects(s.Value)...)
	}
	return out
}

// objects lack one member, have one more, or have one with another value.
func objects(s *openapi3.Schema) (out []any) {
	whole := rightObject(s, true)
	with := func(name string, v any) {
		o := maps.Clone(whole)
		o[name] = v
		out = append(out, o)
	}
	for _, v := range anything {
		with("unheard_of", v)
	}
	for name, p := range s.Properties {
		o := maps.Clone(whole)
		delete(o, name)
		out = append(out, o)
		for _, v := range values(p, false) {
			with(name, v)
		}
	}
	return out
}

// discriminated say what they are, rightly and wrongly.
func discriminated(s *openapi3.Schema) (out []any) {
	for _, one := range s.OneOf {
		for value := range s.Discriminator.Mapping {
			o := rightObject(one.Value, true)
			o[s.Discriminator.PropertyName] = value
			out = append(out, o)
		}
		for _, value := range anything {
			o := rightObject(one.Value, true)
			o[s.Discriminator.PropertyName] = value
			out = append(out, o)
		}
	}
	return out
}
