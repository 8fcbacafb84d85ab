package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The objects of OpenAPI 3.0 with the members that GitHub's description has. References are replaced
// by what they name when the description is read.
type (
	document struct {
		OpenAPI       string
		Info, Servers json.RawMessage
		Paths         map[string]map[string]*operation // by path and method
		Components    struct {
			Headers    map[string]*header
			Parameters map[string]*parameter
			Responses  map[string]*response
			Schemas    map[string]*schema
		}
	}
	operation struct {
		OperationID  string
		ExternalDocs struct{ URL string }
		Servers      json.RawMessage
		Parameters   []*parameter
		RequestBody  *requestBody
		Responses    map[string]*response // by status
	}
	parameter struct {
		Ref          string `json:"$ref"`
		In, Name     string
		Required     bool
		Schema       *schema
		MultiSegment bool `json:"x-multi-segment"`
	}
	requestBody struct {
		Required bool
		Content  map[string]*media
	}
	response struct {
		Ref         string `json:"$ref"`
		Description string
		Headers     map[string]*header
		Content     map[string]*media // by media type
	}
	header struct {
		Ref    string `json:"$ref"`
		Schema *schema
	}
	media struct{ Schema *schema }
)

// read parses a description and refuses what this package could not check.
func read(text []byte) (*document, error) {
	doc := new(document)
	if err := strictly(text, doc); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	if err := doc.link(); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return doc, nil
}

// strictly decodes a value all of whose members are known.
func strictly(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// link replaces every reference. Components come first, so that each schema is visited once.
func (d *document) link() error {
	var errs []error
	for _, s := range d.Components.Schemas {
		errs = append(errs, d.linkChildren(s))
	}
	for _, p := range d.Components.Parameters {
		errs = append(errs, d.linkSchema(&p.Schema))
	}
	for _, h := range d.Components.Headers {
		errs = append(errs, d.linkSchema(&h.Schema))
	}
	for _, r := range d.Components.Responses {
		errs = append(errs, d.linkResponse(r))
	}
	for _, item := range d.Paths {
		for _, o := range item {
			errs = append(errs, d.linkOperation(o))
		}
	}
	return errors.Join(errs...)
}

func (d *document) linkOperation(o *operation) error {
	var errs []error
	for i, p := range o.Parameters {
		if p.Ref == "" {
			errs = append(errs, d.linkSchema(&p.Schema))
		} else if o.Parameters[i] = named(d.Components.Parameters, "parameters", p.Ref); o.Parameters[i] == nil {
			return fmt.Errorf("nothing is named %s", p.Ref)
		}
		errs = append(errs, o.Parameters[i].known())
	}
	if o.RequestBody != nil {
		errs = append(errs, d.linkContent(o.RequestBody.Content))
	}
	for status, r := range o.Responses {
		if r.Ref == "" {
			errs = append(errs, d.linkResponse(r))
		} else if o.Responses[status] = named(d.Components.Responses, "responses", r.Ref); o.Responses[status] == nil {
			return fmt.Errorf("nothing is named %s", r.Ref)
		}
	}
	return errors.Join(errs...)
}

func (d *document) linkResponse(r *response) error {
	var errs []error
	for name, h := range r.Headers {
		if h.Ref == "" {
			errs = append(errs, d.linkSchema(&h.Schema))
		} else if r.Headers[name] = named(d.Components.Headers, "headers", h.Ref); r.Headers[name] == nil {
			return fmt.Errorf("nothing is named %s", h.Ref)
		}
	}
	return errors.Join(append(errs, d.linkContent(r.Content))...)
}

func (d *document) linkContent(content map[string]*media) error {
	var errs []error
	for _, m := range content {
		errs = append(errs, d.linkSchema(&m.Schema))
	}
	return errors.Join(errs...)
}

func (d *document) linkSchema(at **schema) error {
	if *at == nil {
		return errors.New("a schema is missing")
	}
	if ref := (*at).Ref; ref != "" {
		if *at = named(d.Components.Schemas, "schemas", ref); *at == nil {
			return fmt.Errorf("nothing is named %s", ref)
		}
		return nil
	}
	return d.linkChildren(*at)
}

func (d *document) linkChildren(s *schema) error {
	errs := []error{s.known()}
	for name, p := range s.Properties {
		errs = append(errs, d.linkSchema(&p))
		s.Properties[name] = p
	}
	for i := range s.OneOf {
		errs = append(errs, d.linkSchema(&s.OneOf[i]))
	}
	if s.Items != nil {
		errs = append(errs, d.linkSchema(&s.Items))
	}
	if s.AdditionalProperties.schema != nil {
		errs = append(errs, d.linkSchema(&s.AdditionalProperties.schema))
	}
	if s.Discriminator != nil {
		errs = append(errs, s.Discriminator.link(d))
	}
	return errors.Join(errs...)
}

// named finds a component; nil if there is none. A component that is a reference itself is none.
func named[T any](all map[string]*T, section, ref string) *T {
	name, _ := strings.CutPrefix(ref, "#/components/"+section+"/")
	return all[name]
}

// known refuses a parameter that check could not read.
func (p *parameter) known() error {
	if !slices.Contains([]string{"path", "query"}, p.In) || !slices.Contains([]string{"string", "integer"}, p.Schema.Type) {
		return fmt.Errorf("parameter %s: %s in %s is unknown", p.Name, p.Schema.Type, p.In)
	}
	return nil
}
