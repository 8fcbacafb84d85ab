package openapi

import (
	"fmt"
	"strings"
	"testing"
)

// described is a description with one schema, x, and one beside it, y.
func described(x string) string {
	return fmt.Sprintf(`{"openapi": "3.0.3", "components": {"schemas": {"y": {"type": "object", "properties": {"kind": {"type": "string"}, "n": {"type": "integer"}},
		"required": ["n"]}, "z": {"type": "object", "properties": {"kind": {"type": "string"}}}, "x": %s}}}`, x)
}

func TestSchema(t *testing.T) {
	const either = `{"oneOf": [{"$ref": "#/components/schemas/y"}, {"$ref": "#/components/schemas/z"}]`
	for _, c := range []struct{ schema, value, want string }{
		{`{}`, `7`, ""},
		{`{}`, `null`, "/: value is not nullable"},
		{`{"type": "string"}`, `"a"`, ""},
		{`{"type": "string"}`, `7`, "must be of type string"},
		{`{"type": "string", "nullable": true}`, `null`, ""},
		{`{"type": "string", "enum": ["a", "b"]}`, `"b"`, ""},
		{`{"type": "string", "enum": ["a", "b"]}`, `"c"`, "allowed values"},
		{`{"enum": ["a", ""]}`, `7`, ""},
		{`{"type": "string", "enum": ["a", ""]}`, `7`, "must be of type string"},
		{`{"type": "string", "minLength": 2, "maxLength": 3}`, `"äöü"`, ""},
		{`{"type": "string", "minLength": 2, "maxLength": 3}`, `"a"`, "1 characters"},
		{`{"type": "string", "minLength": 2, "maxLength": 3}`, `"abcd"`, "4 characters"},
		{`{"type": "string", "format": "date-time"}`, `"2026-03-04T05:06:07.5+01:00"`, ""},
		{`{"type": "string", "format": "date-time"}`, `"2026-03-04"`, "date-time"},
		{`{"type": "string", "format": "uri"}`, `"not one"`, ""},
		{`{"type": "integer"}`, `1e3`, ""},
		{`{"type": "integer"}`, `1.5`, "integer"},
		{`{"type": "integer"}`, `1e999`, "integer"},
		{`{"type": "integer", "format": "int64"}`, `1e30`, "integer"},
		{`{"type": "integer", "minimum": 0, "maximum": 6}`, `6`, ""},
		{`{"type": "integer", "minimum": 0, "maximum": 6}`, `7`, "out of range"},
		{`{"type": "integer", "minimum": 0, "maximum": 6}`, `-1`, "out of range"},
		{`{"type": "boolean"}`, `true`, ""},
		{`{"type": "boolean"}`, `"true"`, "boolean"},
		{`{"type": "array", "items": {"type": "string"}}`, `["a", "b"]`, ""},
		{`{"type": "array", "items": {"type": "string"}}`, `["a", 7]`, "/1: value must be of type string"},
		{`{"type": "array"}`, `{}`, "must be of type array"},
		{`{"type": "object", "properties": {"in": {"$ref": "#/components/schemas/y"}}}`, `{"in": {"n": "1"}}`, "/in/n: value must be of type integer"},
		{`{"type": "object", "properties": {"in": {"$ref": "#/components/schemas/y"}}}`, `{"in": {}}`, `/in: property "n" is missing`},
		{`{"type": "object", "additionalProperties": true}`, `{"a": 1}`, ""},
		{`{"type": "object", "additionalProperties": false}`, `{"a": 1}`, `"a" is not allowed`},
		{`{"type": "object", "additionalProperties": {"type": "string"}}`, `{"a": 1}`, "/a: value must be of type string"},
		{either + `}`, `{"n": 1}`, "more than one form"},
		{either + `}`, `{"n": "1"}`, ""},
		{either + `}`, `7`, "must be of type object"},
		{`{"oneOf": [{"type": "string", "nullable": true}, {"type": "integer"}]}`, `null`, ""},
		{either + `, "discriminator": {"propertyName": "kind", "mapping": {"why": "#/components/schemas/y"}}}`, `{"kind": "why", "n": 1}`, ""},
		{either + `, "discriminator": {"propertyName": "kind", "mapping": {"why": "#/components/schemas/y"}}}`, `{"kind": "why"}`, `"n" is missing`},
		{either + `, "discriminator": {"propertyName": "kind", "mapping": {"why": "#/components/schemas/y"}}}`, `{"n": 1}`, "of kind is unknown"},
		{`{}`, `{"a": 1} `, ""},
		{`{}`, `{"a": 1}}`, "failed to decode"},
	} {
		doc, err := read([]byte(described(c.schema)))
		if err == nil {
			err = doc.Components.Schemas["x"].checkJSON([]byte(c.value))
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s against %s: %v, want %q", c.value, c.schema, err, c.want)
		}
	}
}

// TestUnknownIsRefused: a rule that would be passed over is an error.
func TestUnknownIsRefused(t *testing.T) {
	if _, err := read(github); err != nil {
		t.Fatalf("control: %v", err)
	}
	for name, x := range map[string]string{
		"a keyword":              `{"type": "string", "pattern": "^a"}`,
		"a keyword below":        `{"type": "object", "properties": {"a": {"allOf": []}}}`,
		"a keyword of others":    `{"type": "object", "additionalProperties": {"type": "string", "pattern": "^a"}}`,
		"a type":                 `{"type": "number"}`,
		"a format":               `{"type": "array", "items": {"type": "string", "format": "ipv4"}}`,
		"a value of a list":      `{"type": "integer", "enum": [1]}`,
		"a name":                 `{"type": "object", "properties": {"a": {"$ref": "#/components/schemas/w"}}}`,
		"a name in a choice":     `{"oneOf": [{"$ref": "#/components/schemas/w"}]}`,
		"a name of a kind":       `{"discriminator": {"propertyName": "a", "mapping": {"b": "#/components/schemas/w"}}}`,
		"a name that is another": `{"$ref": "#/components/schemas/y"}`,
	} {
		if _, err := read([]byte(described(x))); err == nil {
			t.Errorf("%s was accepted: %s", name, x)
		}
	}
	for name, operation := range map[string]string{
		"a place of parameters": `{"parameters": [{"in": "header", "name": "a", "schema": {"type": "string"}}]}`,
		"a type of parameters":  `{"parameters": [{"in": "query", "name": "a", "schema": {"type": "array"}}]}`,
		"a parameter":           `{"parameters": [{"$ref": "#/components/parameters/a"}]}`,
		"a response":            `{"responses": {"200": {"$ref": "#/components/responses/a"}}}`,
		"a header":              `{"responses": {"200": {"headers": {"a": {"$ref": "#/components/headers/a"}}}}}`,
		"no schema":             `{"requestBody": {"content": {"application/json": {}}}}`,
		"a member":              `{"security": []}`,
	} {
		if _, err := read(fmt.Appendf(nil, `{"paths": {"/": {"get": %s}}}`, operation)); err == nil {
			t.Errorf("%s was accepted: %s", name, operation)
		}
	}
}
