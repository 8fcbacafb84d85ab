package github

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// readBack is a type that answers of GitHub are read into, and where in which answers its members are.
type readBack struct {
	wire    any
	op      func(*stage) marketops.Operation
	answers func(path string) bool // to GET
	effect  githubtest.Kind        // after which it is read back
	free    map[string]string      // members that may differ, each with the reason
	to      map[string]any         // a value to take, where any other would mean nothing
}

var githubsOwn = "GitHub's own name of it, kept as evidence"

// readBacks are all types that are read after something was made. A member that is added to one of them has to be
// compared, or has to have a reason here.
var readBacks = map[string]readBack{
	"ref": {wire: gitRef{}, op: (*stage).tagOp, effect: githubtest.RefCreated,
		answers: func(path string) bool { return strings.Contains(path, "/matching-refs/tags/") }},
	"tag object": {wire: tagObject{}, op: (*stage).tagOp, effect: githubtest.RefCreated,
		answers: func(path string) bool { return strings.Contains(path, "/git/tags/") }},
	"release": {wire: release{}, op: (*stage).releaseOp, effect: githubtest.ReleasePublished,
		answers: func(path string) bool {
			return strings.HasSuffix(path, "/releases") || strings.Contains(path, "/releases/tags/") || strings.Contains(path, "/releases/1") && !strings.HasSuffix(path, "/assets")
		},
		free: map[string]string{
			"node_id": githubsOwn, "html_url": githubsOwn, "published_at": "GitHub's time", "immutable": "a setting of the repository",
			"upload_url": "TestUploadElsewhere: it is compared with the configured origin before anything is sent there",
		}},
	"asset": {wire: asset{}, op: (*stage).releaseOp, effect: githubtest.ReleasePublished,
		answers: func(path string) bool { return strings.HasSuffix(path, "/assets") },
		free:    map[string]string{"id": githubsOwn}},
	"comparison": {wire: comparison{}, op: (*stage).changeOp, effect: githubtest.RefCreated,
		answers: func(path string) bool { return strings.Contains(path, "/compare/") },
		to:      map[string]any{"files.0.status": "removed"},
		free: map[string]string{
			"base_commit.type": "", "commits.0.commit.sha": "", "commits.0.commit.parents.0.sha": "", "commits.0.commit.parents.0.type": "",
			"commits.0.parents.0.type": "", "commits.0.commit.tree.type": "",
		}},
	"commit": {wire: fullCommit{}, op: (*stage).changeOp, effect: githubtest.CommitMade,
		answers: func(path string) bool { return strings.Contains(path, "/git/commits/") },
		free:    map[string]string{"tree.type": "", "parents.0.type": ""}},
	"pull request": {wire: pull{}, op: (*stage).changeOp, effect: githubtest.PullOpened,
		answers: func(path string) bool { return strings.Contains(path, "/pulls") },
		to:      map[string]any{"maintainer_can_modify": true},
		free: map[string]string{
			"id": githubsOwn, "html_url": githubsOwn, "state": "people close and merge it", "base.sha": "the base moves on",
		}},
}

// beforeSending are types that are read before anything is made, and decide about it.
var beforeSending = map[string]readBack{
	"base commit": {wire: gitCommit{}, op: (*stage).changeOp,
		answers: func(path string) bool { return strings.Contains(path, "/git/commits/") }, free: map[string]string{"tree.type": ""}},
	"folder": {wire: folder{}, op: (*stage).changeOp,
		answers: func(path string) bool { return strings.Contains(path, "/git/trees/") },
		free:    map[string]string{"sha": "the id that was asked for is computed from the members", "tree.0.type": "the mode says it"}},
}

// TestEveryField: where GitHub shows a member of what was made otherwise than planned, it is no success.
func TestEveryField(t *testing.T) {
	for name, r := range readBacks {
		for _, field := range fieldsOf(reflect.TypeOf(r.wire), "") {
			if _, free := r.free[field]; !free {
				t.Run(name+"/"+field, func(t *testing.T) { r.spoil(t, field, r.effect) })
			}
		}
		t.Run(name+"/control", func(t *testing.T) { r.control(t) })
	}
	for name, r := range beforeSending {
		for _, field := range fieldsOf(reflect.TypeOf(r.wire), "") {
			if _, free := r.free[field]; !free {
				t.Run(name+"/"+field, func(t *testing.T) { r.spoil(t, field, "") })
			}
		}
	}
}

// TestFieldsAreThere: the list of the members that may differ names none that a type does not have.
func TestFieldsAreThere(t *testing.T) {
	for _, all := range []map[string]readBack{readBacks, beforeSending} {
		for name, r := range all {
			fields := fieldsOf(reflect.TypeOf(r.wire), "")
			for _, listed := range slices.Concat(slices.Collect(maps.Keys(r.free)), slices.Collect(maps.Keys(r.to))) {
				if !slices.Contains(fields, listed) {
					t.Errorf("%s has no member %s", name, listed)
				}
			}
		}
	}
}

// spoil changes one member in every answer to a GET, from an effect on.
func (r readBack) spoil(t *testing.T, field string, from githubtest.Kind) {
	s := openStage(t)
	changed := false
	s.front(func(a *answer) {
		if a.Request.Method == "GET" && a.StatusCode == 200 && r.answers(a.Request.URL.Path) && (from == "" || s.count(from) > 0) {
			body := r.alter(t, a.body, field)
			changed = changed || body != a.body
			a.body = body
		}
	})
	ev, err := s.apply(r.op(s))
	if err == nil || !changed {
		t.Errorf("changed %t: success, %s", changed, states(ev))
	}
	if from == "" && len(s.srv.Effects()) > 0 {
		t.Errorf("something was made: %s", s.kinds())
	}
}

func (r readBack) control(t *testing.T) {
	s := openStage(t)
	s.front(func(*answer) {})
	if _, err := s.apply(r.op(s)); err != nil {
		t.Error(err)
	}
}

// alter gives another value to one member of an answer, or of each item of a list.
func (r readBack) alter(t *testing.T, body, field string) string {
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	items, isList := v.([]any)
	if !isList {
		items = []any{v}
	}
	for _, item := range items {
		replace(item, strings.Split(field, "."), r.to[field])
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// replace puts another value at a path, where there is a member.
func replace(v any, path []string, to any) {
	if list, ok := v.([]any); ok {
		if len(list) > 0 && path[0] == "0" {
			if len(path) == 1 {
				list[0] = another(list[0], to)
				return
			}
			replace(list[0], path[1:], to)
		}
		return
	}
	object, _ := v.(map[string]any)
	was, there := object[path[0]]
	switch {
	case object == nil:
	case len(path) > 1:
		replace(was, path[1:], to)
	case there || path[0] == "discussion_url":
		object[path[0]] = another(was, to)
	}
}

func another(was, to any) any {
	if to != nil {
		return to
	}
	switch was := was.(type) {
	case bool:
		return !was
	case float64:
		return was + 1
	case string:
		if at, err := time.Parse(time.RFC3339, was); err == nil {
			return at.Add(time.Second).Format(time.RFC3339)
		}
		if marketops.FullSHA(was) {
			return strings.Repeat("7", len(was))
		}
		return was + "x"
	}
	return "https://example.com/discussions/1"
}

// fieldsOf are the members of a type by their names in JSON; of a list, those of its first item.
func fieldsOf(t reflect.Type, at string) (out []string) {
	switch {
	case t.Kind() == reflect.Pointer:
		return fieldsOf(t.Elem(), at)
	case t.Kind() == reflect.Slice:
		return fieldsOf(t.Elem(), at+".0")
	case t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]():
		return []string{strings.TrimPrefix(at, ".")}
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			panic(fmt.Sprintf("%v.%s has no name", t, t.Field(i).Name))
		}
		out = append(out, fieldsOf(t.Field(i).Type, at+"."+name)...)
	}
	return out
}
