package main

import "strings"

// annotations are members no validator reads.
var annotations = map[string]bool{
	"description": true, "summary": true, "title": true, "example": true, "examples": true, "tags": true,
}

// kept extensions: the one that says a path parameter may hold slashes.
var keptExtensions = map[string]bool{"x-multi-segment": true}

// verbatim members hold values, not schemas: nothing in them is an annotation.
var verbatim = map[string]bool{"enum": true, "default": true, "required": true}

// named members are maps from free names, so a key called "title" there is a name.
var named = map[string]bool{
	"properties": true, "headers": true, "responses": true, "content": true, "paths": true, "parameters": true,
}

// strip copies node without annotations.
func strip(node any) any {
	switch v := node.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = strip(e)
		}
		return out
	case map[string]any:
		return stripMembers(v)
	}
	return node
}

func stripMembers(v map[string]any) map[string]any {
	out := map[string]any{}
	for name, member := range v {
		switch {
		case annotations[name], strings.HasPrefix(name, "x-") && !keptExtensions[name]:
		case verbatim[name]:
			out[name] = member
		case named[name]:
			out[name] = stripNamed(name, member)
		default:
			out[name] = strip(member)
		}
	}
	return out
}

func stripNamed(kind string, node any) any {
	members, ok := node.(map[string]any)
	if !ok {
		return strip(node) // "parameters" of an operation is a list
	}
	out := map[string]any{}
	for name, member := range members {
		out[name] = strip(member)
		if kind == "responses" {
			describe(out[name])
		}
	}
	return out
}

// describe gives a response object the description OpenAPI demands of it.
func describe(response any) {
	if m, ok := response.(map[string]any); ok && m["$ref"] == nil {
		m["description"] = ""
	}
}
