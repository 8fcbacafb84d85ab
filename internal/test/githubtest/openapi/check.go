package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const mediaJSON = "application/json"

// CheckRequest holds a request against the description. path has the parameters of the path,
// unescaped. A body that the description does not want as JSON may hold any bytes.
func (o Operation) CheckRequest(path map[string]string, query url.Values, body []byte) error {
	for _, p := range o.spec.Parameters {
		text, found := path[p.Name]
		if p.In == "query" {
			text, found = inQuery(query, p.Name)
		}
		if err := p.check(text, found); err != nil {
			return err
		}
	}
	return o.spec.RequestBody.check(body)
}

// inQuery prefers a value that is not empty, if the name is repeated.
func inQuery(query url.Values, name string) (string, bool) {
	for _, text := range query[name] {
		if text != "" {
			return text, true
		}
	}
	return "", query.Has(name)
}

func (p *parameter) check(text string, found bool) error {
	switch {
	case !found && p.Required:
		return bad(p.Name, "value is required")
	case !found:
		return nil
	case p.Schema.Type == "string":
		return p.Schema.check(p.Name, text)
	}
	return p.Schema.checkText(p.Name, text)
}

// checkText reads an integer from a parameter or a header.
func (s *schema) checkText(at, text string) error {
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return bad(at, "value must be an integer")
	}
	return s.check(at, json.Number(text))
}

func (b *requestBody) check(body []byte) error {
	switch {
	case b == nil || b.Content[mediaJSON] == nil:
		return nil
	case len(body) == 0 && b.Required:
		return bad("", "value is required")
	case len(body) == 0:
		return nil
	}
	return b.Content[mediaJSON].Schema.checkJSON(body)
}

// CheckAnswer holds an answer against the description. A refusal that the description leaves out of
// the operation, or wants to be exactly one of two forms that overlap, must have one of the two
// general forms.
func (o Operation) CheckAnswer(status int, header http.Header, body []byte) error {
	r := o.spec.Responses[strconv.Itoa(status)]
	if r == nil || status >= 400 && r.overlaps() {
		return checkRefusal(status, body)
	}
	if err := r.checkHeader(header); err != nil || len(r.Content) == 0 {
		return err
	}
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if r.Content[media] == nil || media != mediaJSON {
		return fmt.Errorf("the description has no Content-Type %q for status %d", media, status)
	}
	return r.Content[media].Schema.checkJSON(body)
}

func (r *response) checkHeader(header http.Header) error {
	for name, h := range r.Headers {
		if text := header.Get(name); text != "" && h.Schema.Type == "integer" {
			if err := h.Schema.checkText(name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// overlaps reports that a refusal must be exactly one of several forms. GitHub's forms overlap, and no
// answer could ever be exactly one of them.
func (r *response) overlaps() bool {
	m := r.Content[mediaJSON]
	return m != nil && len(m.Schema.OneOf) > 1
}

// undescribed are statuses GitHub sends from anywhere, though the description lists them
// for some operations only.
var undescribed = []int{400, 401, 403, 404, 409, 413, 422, 429}

// checkRefusal holds a refusal against its two general forms.
func checkRefusal(status int, body []byte) error {
	if !slices.Contains(undescribed, status) {
		return fmt.Errorf("the description has no status %d here", status)
	}
	basic := CheckComponent("basic-error", body)
	if basic == nil {
		return nil
	}
	return errors.Join(basic, CheckComponent("validation-error", body))
}

// CheckComponent holds a JSON value against a schema of the description that has a name.
func CheckComponent(name string, text []byte) error {
	doc, err := description()
	if err != nil {
		return err
	}
	s := doc.Components.Schemas[name]
	if s == nil {
		return fmt.Errorf("openapi: no schema is named %q", name)
	}
	return s.checkJSON(text)
}
