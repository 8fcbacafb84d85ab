package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/omega/marketops/internal/test/githubtest/openapi"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.JSON())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDescriptionIsValid(t *testing.T) {
	if err := load(t).Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

// verdicts counts what both accepted and refused.
type verdicts struct {
	*testing.T
	accepted, refused int
}

func (v *verdicts) compare(what string, value any, ours, theirs error) {
	v.Helper()
	switch {
	case (ours == nil) != (theirs == nil):
		text, _ := json.Marshal(value)
		v.Fatalf("%s: %.500s\nours:   %v\ntheirs: %.500v", what, text, ours, theirs)
	case ours == nil:
		v.accepted++
	default:
		v.refused++
	}
}

func (v *verdicts) enough(least int) {
	v.Helper()
	v.Logf("%d accepted, %d refused", v.accepted, v.refused)
	if v.accepted < least || v.refused < least {
		v.Error("too few to prove anything")
	}
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSchemas(t *testing.T) {
	v := &verdicts{T: t}
	for name, s := range load(t).Components.Schemas {
		for _, value := range values(s, true) {
			v.compare(name, value, openapi.CheckComponent(name, marshal(t, value)), s.Value.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.FailFast()))
		}
	}
	v.enough(5000)
}

// exchange is a right request for an operation, which a test then changes.
type exchange struct {
	openapi.Operation
	route *routers.Route
	path  map[string]string
	query url.Values
	body  []byte
}

func exchanges(t *testing.T) (out []*exchange) {
	t.Helper()
	doc := load(t)
	all, err := openapi.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		item := doc.Paths.Value(o.Path)
		spec := item.GetOperation(o.Method)
		x := &exchange{Operation: o, path: map[string]string{}, query: url.Values{},
			route: &routers.Route{Spec: doc, Path: o.Path, PathItem: item, Method: o.Method, Operation: spec}}
		for _, p := range spec.Parameters {
			if text := "7"; p.Value.In == "path" {
				x.path[p.Value.Name] = text
			} else if p.Value.Required {
				x.query.Set(p.Value.Name, text)
			}
		}
		if s := x.wanted(); s != nil {
			x.body = marshal(t, right(s.Value, true))
		}
		out = append(out, x)
	}
	return out
}

// wanted is the schema of the body; nil where none is wanted as JSON.
func (x *exchange) wanted() *openapi3.SchemaRef {
	if b := x.route.Operation.RequestBody; b != nil && b.Value.Content["application/json"] != nil {
		return b.Value.Content["application/json"].Schema
	}
	return nil
}

func (x *exchange) input() *openapi3filter.RequestValidationInput {
	r := &http.Request{Method: x.Method, URL: &url.URL{Path: "/", RawQuery: x.query.Encode()},
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(x.body))}
	return &openapi3filter.RequestValidationInput{Request: r, PathParams: x.path, Route: x.route,
		Options: &openapi3filter.Options{ExcludeRequestBody: x.wanted() == nil, SkipSettingDefaults: true}}
}

func (x *exchange) compareRequest(v *verdicts, value any) {
	v.Helper()
	v.compare(x.ID, value, x.CheckRequest(x.path, x.query, x.body), openapi3filter.ValidateRequest(context.Background(), x.input()))
}

func TestRequests(t *testing.T) {
	v := &verdicts{T: t}
	for _, x := range exchanges(t) {
		s := x.wanted()
		if s == nil {
			x.compareRequest(v, nil)
			continue
		}
		for _, value := range values(s, true) {
			x.body = marshal(t, value)
			x.compareRequest(v, value)
		}
		for _, text := range []string{"", "{", `{"a":}`, "text"} {
			x.body = []byte(text)
			x.compareRequest(v, text)
		}
	}
	v.enough(300)
}

func TestParameters(t *testing.T) {
	v := &verdicts{T: t}
	texts := []string{"", "7", "-7", "+7", "007", "7.0", "seven", "99999999999999999999", "open", "merged", "long-running", "asc", "a/b", "null"}
	for _, x := range exchanges(t) {
		for _, p := range x.route.Operation.Parameters {
			name := p.Value.Name
			if p.Value.In == "query" {
				was := x.query[name]
				for _, text := range texts {
					for _, said := range [][]string{{text}, {"", text}, {text, "7"}} {
						x.query[name] = said
						x.compareRequest(v, said)
					}
				}
				delete(x.query, name)
				x.compareRequest(v, "no "+name)
				if was != nil {
					x.query[name] = was
				}
				continue
			}
			for _, text := range texts[1:] { // no path has an empty segment
				x.path[name] = text
				x.compareRequest(v, text)
			}
			x.path[name] = "7"
		}
	}
	v.enough(300)
}

// compareAnswer leaves out refusals that are to have one of several forms: the practice GitHub holds
// those against the two general ones.
func (x *exchange) compareAnswer(v *verdicts, status int, header http.Header, value any) {
	v.Helper()
	body := marshal(v.T, value)
	in := &openapi3filter.ResponseValidationInput{RequestValidationInput: x.input(), Status: status, Header: header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true}}
	what := x.ID + " " + strconv.Itoa(status) + " " + header.Get("Content-Type")
	v.compare(what, value, x.CheckAnswer(status, header, body), openapi3filter.ValidateResponse(context.Background(), in.SetBodyBytes(body)))
}

func TestAnswers(t *testing.T) {
	v := &verdicts{T: t}
	for _, x := range exchanges(t) {
		for code, r := range x.route.Operation.Responses.Map() {
			status, err := strconv.Atoi(code)
			if err != nil {
				t.Fatal(err)
			}
			if status >= 300 && status < 400 {
				continue // the practice GitHub checks no redirect
			}
			for _, media := range []string{"application/json", "application/json; charset=utf-8", "text/html", ""} {
				x.compareAnswer(v, status, http.Header{"Content-Type": {media}}, "text")
			}
			m := r.Value.Content["application/json"]
			if m == nil || status >= 400 && len(m.Schema.Value.OneOf) > 1 {
				continue
			}
			for _, value := range values(m.Schema, m.Schema.Ref == "") {
				x.compareAnswer(v, status, http.Header{"Content-Type": {"application/json"}}, value)
			}
			for name := range r.Value.Headers {
				for _, text := range []string{"7", "seven", "7.5"} {
					x.compareAnswer(v, status, http.Header{"Content-Type": {"application/json"}, name: {text}}, right(m.Schema.Value, true))
				}
			}
		}
	}
	v.enough(400)
}
