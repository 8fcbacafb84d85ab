package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/internal/textfile"
	"github.com/omega/marketops/plan"
)

// document is one parsed file: it finds the line of a member for errors about its meaning.
type document struct {
	name string
	root *ast.MappingNode
}

// readFile reads a whole file for [decode].
func readFile(path string) ([]byte, error) {
	data, err := regular.ReadPath(path, MaxFile)
	if err != nil {
		return nil, invalid(path, 0, reason(err))
	}
	return data, nil
}

// decode parses data and fills v, a pointer to a struct whose absent members keep their value.
func decode(name string, data []byte, v any) (*document, error) {
	if why := findExcess(data); why != "" {
		return nil, invalid(name, 0, why)
	}
	root, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	d := &document{name, root}
	if err := d.shape(root, reflect.TypeOf(v).Elem(), ""); err != nil {
		return nil, err
	}
	if err := yaml.UnmarshalWithOptions(data, v, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return nil, fromYAML(name, err)
	}
	return d, nil
}

// findExcess keeps the parser from input that would cost it more than linear time or memory.
// Brackets are counted in text too: what is refused wrongly is no configuration of ours.
func findExcess(data []byte) string {
	switch {
	case len(data) > MaxFile:
		return fmt.Sprintf("longer than %d bytes", MaxFile)
	case textfile.CheckEncoding(data) != nil:
		return textfile.CheckEncoding(data).Error()
	case bytes.Count(data, []byte("\n")) > MaxKeys || bytes.Count(data, []byte(":")) > MaxKeys:
		return fmt.Sprintf("more than %d lines or keys", MaxKeys)
	}
	depth, indent := 0, 0
	for _, c := range data {
		switch {
		case c == '[' || c == '{':
			depth++
		case (c == ']' || c == '}') && depth > 0:
			depth--
		}
		switch {
		case c == '\n' || c == '\r':
			indent = 0
		case indent >= 0 && strings.IndexByte(" \t-?:", c) >= 0:
			indent++
		default:
			indent = -1
		}
		if depth > MaxDepth || indent > 2*MaxDepth {
			return fmt.Sprintf("nested deeper than %d", MaxDepth)
		}
	}
	return ""
}

func parse(name string, data []byte) (*ast.MappingNode, error) {
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fromYAML(name, err)
	}
	if len(f.Docs) != 1 {
		return nil, invalid(name, 0, fmt.Sprintf("%d documents, want one", len(f.Docs)))
	}
	m, ok := f.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil, invalid(name, 1, "want a mapping that begins with version: 1")
	}
	return m, nil
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[marketops.Time]()
	assetType    = reflect.TypeFor[plan.AssetSource]()
	wholeNumber  = regexp.MustCompile(`^(0|[1-9][0-9]{0,9})$`)
)

// shape compares a node with the type that will hold it. The decoder behind it would turn
// numbers into text and cut fractions off without a word.
func (d *document) shape(n ast.Node, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, mapping := n.(*ast.MappingNode)
	switch {
	case t == assetType && !mapping:
		return d.text(n, path)
	case t == durationType || t == timeType || t.Kind() == reflect.String:
		return d.text(n, path)
	case t.Kind() == reflect.Int:
		if i, ok := n.(*ast.IntegerNode); !ok || !wholeNumber.MatchString(i.GetToken().Value) {
			return d.wrong(n, path, "a whole number")
		}
	case t.Kind() == reflect.Bool:
		if _, ok := n.(*ast.BoolNode); !ok {
			return d.wrong(n, path, "true or false")
		}
	case t.Kind() == reflect.Slice:
		return d.list(n, t, path)
	case t.Kind() == reflect.Struct:
		return d.mapping(n, t, path)
	default:
		return d.wrong(n, path, "something this version knows")
	}
	return nil
}

func (d *document) text(n ast.Node, path string) error {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return d.wrong(n, path, "text (quote what looks like a number, true, false or null)")
	}
	return d.wrong(n, path, "text")
}

func (d *document) list(n ast.Node, t reflect.Type, path string) error {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		return d.wrong(n, path, "a list")
	}
	for i, v := range s.Values {
		if err := d.shape(v, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) mapping(n ast.Node, t reflect.Type, path string) error {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return d.wrong(n, path, "a mapping")
	}
	for _, kv := range m.Values {
		key, ok := kv.Key.(*ast.StringNode)
		if !ok {
			return d.wrong(kv.Key, path, "plain keys")
		}
		f, ok := field(t, key.Value)
		if !ok {
			return invalid(d.name, line(kv), "unknown key "+quote(join(path, key.Value)))
		}
		if err := d.shape(kv.Value, f, join(path, key.Value)); err != nil {
			return err
		}
	}
	return nil
}

func field(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("yaml"); tag == key && tag != "-" {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

func (d *document) wrong(n ast.Node, path, want string) error {
	if path == "" {
		path = "the file"
	}
	return invalid(d.name, line(n), path+": want "+want)
}

// entries returns the members of the mapping at the end of keys, by name; nil if it is not there.
func (d *document) entries(keys ...string) map[string]*ast.MappingValueNode {
	m := d.root
	for _, k := range keys {
		v, ok := members(m)[k]
		if !ok {
			return nil
		}
		if m, ok = v.Value.(*ast.MappingNode); !ok {
			return nil
		}
	}
	return members(m)
}

// items returns the mappings of the top-level list key.
func (d *document) items(key string) []*ast.MappingNode {
	var out []*ast.MappingNode
	if kv, ok := d.entries()[key]; ok {
		if s, ok := kv.Value.(*ast.SequenceNode); ok {
			for _, v := range s.Values {
				if m, ok := v.(*ast.MappingNode); ok {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// at returns the line of the member at the end of keys, or of the last one on the way.
func (d *document) at(keys ...string) int {
	at := 0
	for i := range keys {
		if kv, ok := d.entries(keys[:i]...)[keys[i]]; ok {
			at = line(kv)
		}
	}
	return at
}

func members(m *ast.MappingNode) map[string]*ast.MappingValueNode {
	out := make(map[string]*ast.MappingValueNode, len(m.Values))
	for _, kv := range m.Values {
		if k, ok := kv.Key.(*ast.StringNode); ok {
			out[k.Value] = kv
		}
	}
	return out
}

func line(n ast.Node) int {
	if kv, ok := n.(*ast.MappingValueNode); ok {
		n = kv.Key
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// quote shows a key, unless a token was put where a key belongs.
func quote(s string) string {
	if tokenRE.MatchString(s) {
		return marketops.Hidden
	}
	return fmt.Sprintf("%.80q", s)
}

// fromYAML keeps the message and line of the decoder's error and drops its excerpt of the
// file, which could show a secret.
func fromYAML(name string, err error) error {
	var y yaml.Error
	if errors.As(err, &y) {
		at := 0
		if tk := y.GetToken(); tk != nil && tk.Position != nil {
			at = tk.Position.Line
		}
		return invalid(name, at, fmt.Sprintf("%.200s", y.GetMessage()))
	}
	return invalid(name, 0, "cannot be read as YAML")
}

func invalid(name string, line int, why string) error {
	if line > 0 {
		return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("%s:%d: %s", name, line, why))
	}
	return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("%s: %s", name, why))
}

// reason drops the path, which the caller prints anyway.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
