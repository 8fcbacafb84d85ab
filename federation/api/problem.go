package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
)

// ProblemOf turns an error into what goes over the wire, and its HTTP status. A refusal speaks of
// what the caller sent and tells all of it; the cause of a failure stays behind, for it may hold
// names that the other side has no business with.
func ProblemOf(err error) (Problem, int) {
	err = Outward(err)
	var r *marketops.Refusal
	if errors.As(err, &r) {
		return Problem{Kind: "refusal", Code: r.Code, What: words(r.Code, r.Error()), State: r.State, Next: r.Next, Checks: r.Checks}, http.StatusConflict
	}
	var f *marketops.Failure
	if errors.As(err, &f) {
		return Problem{Kind: "failure", Code: f.Code, What: f.What, State: f.State, Next: f.Next}, http.StatusInternalServerError
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Problem{Kind: "failure", Code: marketops.StateMissing, What: "not there"}, http.StatusNotFound
	}
	return Problem{Kind: "failure", Code: marketops.LedgerUnavailable, What: "the Core could not answer"}, http.StatusInternalServerError
}

// Outward drops what only the operator should see: the causes of failures, and paths.
func Outward(err error) error {
	var ref *marketops.Refusal
	var path *fs.PathError
	if errors.As(err, &ref) {
		if errors.As(err, &path) {
			ref = &marketops.Refusal{Code: ref.Code, What: ref.What, Checks: ref.Checks, State: ref.State, Next: ref.Next}
		}
		return ref
	}
	var f *marketops.Failure
	if errors.As(err, &f) {
		return &marketops.Failure{Code: f.Code, What: f.What, State: f.State, Next: f.Next}
	}
	return err
}

// words drops the code that every error text begins with: it travels beside it.
func words(code marketops.Code, text string) string {
	return strings.TrimPrefix(strings.TrimPrefix(text, string(code)), ": ")
}

// problem is the way back. A code that is not in the table, or no readable problem at all, is a
// failure of the Core and never a known answer.
func problem(status int, body []byte, path string) error {
	if status == http.StatusNotFound {
		return fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	var p Problem
	if err := json.Unmarshal(body, &p, json.RejectUnknownMembers(true)); err != nil {
		return &marketops.Failure{Code: marketops.CoreUnreachable, What: fmt.Sprintf("the Core answered %s with status %d", path, status), Err: err}
	}
	if _, known := p.Code.Info(); !known {
		return &marketops.Failure{Code: marketops.CoreUnreachable, What: fmt.Sprintf("the Core answered %s with the unknown code %.60q", path, p.Code)}
	}
	if p.Kind == "refusal" {
		return &marketops.Refusal{Code: p.Code, What: p.What, State: p.State, Next: p.Next, Checks: p.Checks}
	}
	return &marketops.Failure{Code: p.Code, What: p.What, State: p.State, Next: p.Next}
}
