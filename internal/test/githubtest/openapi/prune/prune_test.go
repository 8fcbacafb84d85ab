package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const source = `{
 "openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [],
 "paths": {
  "/kept": {"get": {"operationId": "kept", "summary": "gone", "x-github": {}, "tags": ["gone"],
    "parameters": [{"$ref": "#/components/parameters/p"}],
    "responses": {"200": {"description": "gone", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/a"}, "examples": {}}}}}},
   "post": {"operationId": "other"}},
  "/gone": {"get": {"operationId": "gone"}}},
 "components": {
  "parameters": {"p": {"name": "ref", "in": "path", "x-multi-segment": true, "description": "gone"}},
  "schemas": {
   "a": {"properties": {"title": {"type": "string", "example": "gone"}, "next": {"$ref": "#/components/schemas/b"}}, "required": ["title"]},
   "b": {"type": "integer", "maximum": 9007199254740993, "properties": {"loop": {"$ref": "#/components/schemas/a"}}},
   "unreached": {"type": "string"}}}}`

func TestPrune(t *testing.T) {
	out, err := prune([]byte(source), []string{"kept"})
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	for _, gone := range []string{"gone", "unreached", "other", "x-github", "examples"} {
		if strings.Contains(text, gone) {
			t.Errorf("%q survived", gone)
		}
	}
	for _, kept := range []string{`"x-multi-segment": true`, "9007199254740993", `"description": ""`} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s was lost", kept)
		}
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	if a := doc.Components.Schemas["a"]; a.Properties["title"] == nil {
		t.Error("a property called title was taken for an annotation")
	}
	if _, reached := doc.Components.Schemas["b"]; !reached {
		t.Error("a component reached through another was lost")
	}
}

func TestPruneRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		want   []string
	}{
		"an operation that does not exist": {source, []string{"kept", "missing"}},
		"a dangling reference":             {strings.ReplaceAll(source, `"b": {`, `"c": {`), []string{"kept"}},
		"a reference to somewhere else":    {strings.ReplaceAll(source, "#/components/schemas/b", "other.json"), []string{"kept"}},
		"what is not JSON":                 {"{", []string{"kept"}},
	} {
		if _, err := prune([]byte(c.source), c.want); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
