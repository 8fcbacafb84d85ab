package githubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/omega/marketops/internal/test/githubtest/openapi"
)

// Violation is a request or an answer that GitHub's description does not allow.
type Violation struct {
	Seq       int    `json:"seq"`  // of the request
	Side      string `json:"side"` // "request" or "answer"
	Operation string `json:"operation"`
	Status    int    `json:"status"` // of an answer
	Reason    string `json:"reason"`
}

// String is one line.
func (v Violation) String() string {
	return fmt.Sprintf("#%d %s %s %d: %s", v.Seq, v.Side, v.Operation, v.Status, v.Reason)
}

// schema holds traffic against the description.
type schema struct {
	mu         sync.Mutex
	violations []Violation
}

// SchemaViolations returns every request and answer so far that broke GitHub's description.
func (s *Server) SchemaViolations() []Violation {
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	return slices.Clone(s.schema.violations)
}

func (v *schema) add(c *call, side string, status int, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.violations = append(v.violations, Violation{c.entry.Seq, side, c.entry.Operation, status, reason})
}

// request checks a request and returns the answer it deserves if it is not allowed.
func (v *schema) request(c *call) *answer {
	if c.route == nil {
		v.add(c, "request", 0, "no operation "+c.request.Method+" "+c.request.URL.Path+" at the "+string(c.host)+" origin")
		return nil
	}
	err := openapi3filter.ValidateRequest(context.Background(), c.input())
	if err == nil {
		return nil
	}
	reason := firstLine(err)
	v.add(c, "request", 0, reason)
	a := c.unprocessable("Invalid request.\n\n" + reason)
	if len(c.body) > 0 && c.route.ID != uploadOperation && !json.Valid(c.body) {
		a = c.refuse(http.StatusBadRequest, wordsBadJSON)
	}
	return &a
}

// input is a copy of the request for the validator, which consumes bodies.
func (c *call) input() *openapi3filter.RequestValidationInput {
	r := c.request.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	r.Header.Set("Content-Type", "application/json") // GitHub reads bodies as JSON, whatever they say
	doc, _ := openapi.Description()                  // it loaded when the routes were made
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: c.params,
		Route: &routers.Route{Spec: doc, Path: c.route.Path, PathItem: c.route.Item, Method: c.route.Method, Operation: c.route.Spec},
		Options: &openapi3filter.Options{
			ExcludeRequestBody:  c.route.ID == uploadOperation,
			SkipSettingDefaults: true,
		},
	}
}

// answer checks an answer before it is sent.
func (v *schema) answer(c *call, status int, header http.Header, raw []byte) {
	if c.route == nil {
		return
	}
	if err := c.checkAnswer(status, header, raw); err != nil {
		v.add(c, "answer", status, firstLine(err))
	}
}

func (c *call) checkAnswer(status int, header http.Header, raw []byte) error {
	if status >= 300 && status < 400 || strings.HasPrefix(header.Get("Content-Type"), mediaSHA) {
		return nil
	}
	described := c.route.Spec.Responses.Status(status)
	if described == nil || status >= 400 && ambiguous(described) {
		return checkError(status, raw)
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: c.input(), Status: status, Header: header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	return openapi3filter.ValidateResponse(context.Background(), in.SetBodyBytes(raw))
}

// ambiguous reports that a response must be exactly one of several forms. Where GitHub does
// that for errors, its forms overlap, and no answer could ever be exactly one of them.
func ambiguous(response *openapi3.ResponseRef) bool {
	media := response.Value.Content.Get("application/json")
	return media != nil && media.Schema != nil && len(media.Schema.Value.OneOf) > 1
}

// undescribed are statuses GitHub sends from anywhere, though the description lists them
// for some operations only.
var undescribed = []int{400, 401, 403, 404, 409, 413, 422, 429}

// checkError holds a refusal the description leaves out against its two general forms.
func checkError(status int, raw []byte) error {
	if !slices.Contains(undescribed, status) {
		return fmt.Errorf("the description has no status %d here", status)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	doc, err := openapi.Description()
	if err != nil {
		return err
	}
	basic := doc.Components.Schemas["basic-error"].Value.VisitJSON(value, openapi3.VisitAsResponse())
	if basic == nil {
		return nil
	}
	return errors.Join(basic, doc.Components.Schemas["validation-error"].Value.VisitJSON(value, openapi3.VisitAsResponse()))
}

// firstLine keeps the reason and leaves out the dump of the schema behind it.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
