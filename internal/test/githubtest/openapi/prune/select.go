package main

import (
	"fmt"
	"strings"
)

var methods = []string{"get", "put", "post", "delete", "patch", "head", "options", "trace"}

// selectOperations returns the path items that hold the wanted operation ids, without
// their other operations. A wanted id that does not exist is an error, so that a typing
// mistake cannot quietly leave an endpoint unchecked.
func selectOperations(full map[string]any, wanted []string) (map[string]any, error) {
	missing := map[string]bool{}
	for _, id := range wanted {
		missing[id] = true
	}
	kept := map[string]any{}
	for path, item := range full["paths"].(map[string]any) {
		if chosen := chooseMethods(item.(map[string]any), missing); chosen != nil {
			kept[path] = chosen
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the description has no operations %v", missing)
	}
	return kept, nil
}

// chooseMethods strikes the ids it finds off missing.
func chooseMethods(item map[string]any, missing map[string]bool) map[string]any {
	kept, found := map[string]any{}, false
	for name, member := range item {
		kept[name] = member
	}
	for _, m := range methods {
		op, ok := item[m].(map[string]any)
		if !ok {
			continue
		}
		id, _ := op["operationId"].(string)
		if !missing[id] {
			delete(kept, m)
			continue
		}
		delete(missing, id)
		found = true
	}
	if !found {
		return nil
	}
	return kept
}

// reach copies into components, stripped, everything node refers to, transitively.
func reach(full map[string]any, node any, components map[string]any) error {
	switch v := node.(type) {
	case []any:
		for _, e := range v {
			if err := reach(full, e, components); err != nil {
				return err
			}
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			return follow(full, ref, components)
		}
		for _, e := range v {
			if err := reach(full, e, components); err != nil {
				return err
			}
		}
	}
	return nil
}

func follow(full map[string]any, ref string, components map[string]any) error {
	part := strings.Split(ref, "/")
	if len(part) != 4 || part[0] != "#" || part[1] != "components" {
		return fmt.Errorf("unexpected reference %q", ref)
	}
	section, name := part[2], part[3]
	group, _ := components[section].(map[string]any)
	if group == nil {
		group = map[string]any{}
		components[section] = group
	}
	if _, done := group[name]; done {
		return nil
	}
	all, _ := full["components"].(map[string]any)[section].(map[string]any)
	target, ok := all[name]
	if !ok {
		return fmt.Errorf("dangling reference %q", ref)
	}
	group[name] = strip(target)
	if section == "responses" {
		describe(group[name])
	}
	return reach(full, group[name], components)
}
