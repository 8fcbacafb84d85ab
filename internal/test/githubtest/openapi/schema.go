package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// schema is a Schema Object. Its zero value allows everything but null.
type schema struct {
	Ref                  string `json:"$ref"`
	Type, Format         string
	Nullable             bool
	Enum                 []string
	Required             []string
	Properties           map[string]*schema
	AdditionalProperties additional
	Items                *schema
	OneOf                []*schema
	Discriminator        *discriminator
	Minimum, Maximum     *float64
	MinLength, MaxLength *int
	Default              json.RawMessage // not a rule
	Deprecated           bool            // not a rule
}

// additional is what members may be that no property names: anything, nothing, or a schema's.
type additional struct {
	none   bool
	schema *schema
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *additional) UnmarshalJSON(text []byte) error {
	if text[0] == '{' {
		return strictly(text, &a.schema)
	}
	var allowed bool
	err := json.Unmarshal(text, &allowed)
	a.none = !allowed
	return err
}

// discriminator is the member that says which of several schemas holds.
type discriminator struct {
	PropertyName string
	Mapping      map[string]string
	schemas      map[string]*schema
}

func (x *discriminator) link(d *document) error {
	x.schemas = map[string]*schema{}
	for value, ref := range x.Mapping {
		if x.schemas[value] = named(d.Components.Schemas, "schemas", ref); x.schemas[value] == nil {
			return fmt.Errorf("nothing is named %s", ref)
		}
	}
	return nil
}

// types and formats that are known. GitHub uses several formats that say what a text is about and
// not how it is written; OpenAPI leaves those to the reader.
var (
	types   = []string{"", "string", "integer", "boolean", "object", "array"}
	formats = []string{"", "date-time", "int64", "uri", "email", "repo.nwo", "binary", "timestamp"}
)

func (s *schema) known() error {
	if !slices.Contains(types, s.Type) || !slices.Contains(formats, s.Format) || s.Ref != "" {
		return fmt.Errorf("a schema of type %q, format %q, reference %q is unknown", s.Type, s.Format, s.Ref)
	}
	return nil
}

// checkJSON checks one JSON value.
func (s *schema) checkJSON(text []byte) error {
	if !json.Valid(text) {
		return errors.New("failed to decode: it is no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	return s.check("", v)
}

// check holds a value against the schema. at is where the value is: "/owner/login".
func (s *schema) check(at string, v any) error {
	if v == nil && s.Nullable {
		return nil
	}
	if len(s.OneOf) > 0 {
		if err := s.checkOneOf(at, v); err != nil || v == nil {
			return err
		}
	}
	if text, _ := v.(string); len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		return bad(at, "value is not one of the allowed values %q", s.Enum)
	}
	switch v := v.(type) {
	case bool:
		return s.want(at, "boolean")
	case string:
		return errors.Join(s.want(at, "string"), s.checkString(at, v))
	case json.Number:
		return errors.Join(s.want(at, "integer"), s.checkInteger(at, v))
	case []any:
		return errors.Join(s.want(at, "array"), s.checkItems(at, v))
	case map[string]any:
		return errors.Join(s.want(at, "object"), s.checkMembers(at, v))
	}
	return bad(at, "value is not nullable")
}

func (s *schema) want(at, is string) error {
	if s.Type == "" || s.Type == is {
		return nil
	}
	return bad(at, "value must be of type %s", s.Type)
}

func bad(at, format string, args ...any) error {
	if at == "" {
		at = "/"
	}
	return fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...))
}

// checkOneOf demands that exactly one of the schemas holds.
func (s *schema) checkOneOf(at string, v any) error {
	among := s.OneOf
	if o, ok := v.(map[string]any); ok && s.Discriminator != nil {
		value, _ := o[s.Discriminator.PropertyName].(string)
		chosen := s.Discriminator.schemas[value]
		if chosen == nil {
			return bad(at, "value %q of %s is unknown", value, s.Discriminator.PropertyName)
		}
		among = []*schema{chosen}
	}
	var errs []error
	for _, one := range among {
		if err := one.check(at, v); err != nil {
			errs = append(errs, err)
		}
	}
	switch len(among) - len(errs) {
	case 1:
		return nil
	case 0:
		return errors.Join(errs...)
	}
	return bad(at, "value is of more than one form")
}

func (s *schema) checkString(at, v string) error {
	n := utf8.RuneCountInString(v)
	switch {
	case s.MinLength != nil && n < *s.MinLength, s.MaxLength != nil && n > *s.MaxLength:
		return bad(at, "value has %d characters", n)
	case s.Format == "date-time":
		if _, err := time.Parse(time.RFC3339, v); err != nil {
			return bad(at, "value is not a date-time")
		}
	}
	return nil
}

func (s *schema) checkInteger(at string, v json.Number) error {
	n, err := v.Float64()
	switch {
	case err != nil || n != math.Trunc(n), s.Format == "int64" && math.Abs(n) > 1<<63:
		return bad(at, "value must be an integer")
	case s.Minimum != nil && n < *s.Minimum, s.Maximum != nil && n > *s.Maximum:
		return bad(at, "value %s is out of range", v)
	}
	return nil
}

func (s *schema) checkItems(at string, v []any) error {
	if s.Items == nil {
		return nil
	}
	for i, item := range v {
		if err := s.Items.check(fmt.Sprintf("%s/%d", at, i), item); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkMembers(at string, v map[string]any) error {
	for _, name := range s.Required {
		if _, there := v[name]; !there {
			return bad(at, "property %q is missing", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		member := s.Properties[name]
		if member == nil && s.AdditionalProperties.none {
			return bad(at, "property %q is not allowed", name)
		}
		if member == nil {
			member = s.AdditionalProperties.schema
		}
		if member == nil {
			continue
		}
		if err := member.check(at+"/"+name, v[name]); err != nil {
			return err
		}
	}
	return nil
}
