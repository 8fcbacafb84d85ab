package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
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
	err := c.route.CheckRequest(c.params, c.query(), c.sample())
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

// answer checks an answer before it is sent.
func (v *schema) answer(c *call, status int, header http.Header, raw []byte) {
	if c.route == nil {
		return
	}
	if err := c.checkAnswer(status, header, raw); err != nil {
		v.add(c, "answer", status, firstLine(err))
	}
}

// checkAnswer leaves out redirects and the one text answer.
func (c *call) checkAnswer(status int, header http.Header, raw []byte) error {
	if status >= 300 && status < 400 || strings.HasPrefix(header.Get("Content-Type"), mediaSHA) {
		return nil
	}
	return c.route.CheckAnswer(status, header, raw)
}

// firstLine keeps the first of several reasons.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
