package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/textfile"
)

const (
	schemaFile = "schema.cedarschema"
	extension  = ".cedar"
)

// Bundle is a policy that was read, resolved and validated as a whole. The zero value denies.
type Bundle struct {
	digest   marketops.Digest
	schema   *resolved.Schema
	validate *validate.Validator
	policies cedar.PolicyMap
	notes    map[cedar.PolicyID]note
	needs    cedar.PolicyMap // the scopes alone of policies with @needs, and of each forbid that asks for observed facts, as permits
	groups   []string        // that policies name, in order
}

// note is what the annotations of a policy say.
type note struct {
	forbid bool
	frozen bool
	asks   bool // for observed facts
	reason string
}

// Load reads and validates the folder that is the root of fsys. Any error refuses the whole
// bundle with [marketops.ConfigInvalid] and names the file.
func Load(fsys fs.FS) (*Bundle, error) {
	files, names, err := read(fsys)
	if err != nil {
		return nil, err
	}
	b := &Bundle{policies: cedar.PolicyMap{}, notes: map[cedar.PolicyID]note{}, needs: cedar.PolicyMap{}}
	if b.digest, err = digest(files, names); err != nil {
		return nil, err
	}
	if err := b.readSchema(files[schemaFile]); err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == schemaFile {
			continue
		}
		if err := b.readPolicies(name, files[name]); err != nil {
			return nil, err
		}
	}
	return b, b.complete()
}

// Digest names the bundle: SHA-256 over the canonical list of file names and digests.
func (b *Bundle) Digest() marketops.Digest {
	if b == nil {
		return marketops.Digest{}
	}
	return b.digest
}

func invalid(file, format string, args ...any) error {
	return marketops.Refuse(marketops.ConfigInvalid, "policy "+file+": "+fmt.Sprintf(format, args...))
}

// read returns the files of the bundle. A file that is neither schema nor policy is refused,
// because it may be a policy with a misspelt name; hidden files of the system are passed over.
func read(fsys fs.FS) (map[string][]byte, []string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, nil, invalid("folder", "%v", err)
	}
	files, names := map[string][]byte{}, []string{}
	for _, e := range entries {
		name := e.Name()
		if hidden := strings.HasPrefix(name, ".") && !strings.Contains(name, extension); hidden || name == "README.md" {
			continue
		}
		if name != schemaFile && (!strings.HasSuffix(name, extension) || strings.HasPrefix(name, ".")) {
			return nil, nil, invalid(name, "want %s and *%s, nothing else", schemaFile, extension)
		}
		if len(names) == MaxFiles {
			return nil, nil, invalid("folder", "more than %d files", MaxFiles)
		}
		if files[name], err = readFile(fsys, name); err != nil {
			return nil, nil, err
		}
		names = append(names, name)
	}
	if _, ok := files[schemaFile]; !ok {
		return nil, nil, invalid(schemaFile, "there is none")
	}
	slices.Sort(names)
	return files, names, nil
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, invalid(name, "%v", err)
	}
	defer f.Close()
	if i, err := f.Stat(); err != nil || !i.Mode().IsRegular() {
		return nil, invalid(name, "not a regular file")
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	switch {
	case err != nil:
		return nil, invalid(name, "%v", err)
	case len(text) > MaxFile:
		return nil, invalid(name, "longer than %d bytes", MaxFile)
	case textfile.CheckEncoding(text) != nil:
		return nil, invalid(name, "%v", textfile.CheckEncoding(text))
	case nesting(name, text) > MaxNesting:
		return nil, invalid(name, "nested deeper than %d", MaxNesting)
	}
	return text, nil
}

// nesting bounds the recursion of the parser: a Go stack that overflows cannot be recovered.
// Angle brackets nest in a schema and compare in a policy.
func nesting(name string, text []byte) int {
	opening, closing := "([{", ")]}"
	if name == schemaFile {
		opening, closing = opening+"<", closing+">"
	}
	depth, deepest := 0, 0
	for _, c := range text {
		switch {
		case strings.IndexByte(opening, c) >= 0:
			depth++
		case strings.IndexByte(closing, c) >= 0:
			depth = max(0, depth-1)
		}
		deepest = max(deepest, depth)
	}
	return deepest
}

func digest(files map[string][]byte, names []string) (marketops.Digest, error) {
	list := []any{"policy-bundle/v1"}
	for _, n := range names {
		list = append(list, []any{n, marketops.DigestOf(files[n])})
	}
	doc, err := canon.Encode(list)
	if err != nil {
		return marketops.Digest{}, invalid("folder", "a file name cannot be encoded")
	}
	return marketops.DigestOf(doc), nil
}

// readSchema accepts the schema that this version fills in, in any layout, and no other: an
// optional member that nobody fills would make the policies that ask for it silently never match.
func (b *Bundle) readSchema(text []byte) error {
	got, err := resolve(text)
	if err != nil {
		return invalid(schemaFile, "%v", err)
	}
	own, err := fs.ReadFile(Starter(), schemaFile)
	if err != nil {
		return invalid(schemaFile, "%v", err)
	}
	want, err := resolve(own)
	if err != nil {
		return invalid(schemaFile, "%v", err)
	}
	if !reflect.DeepEqual(got, want) {
		return invalid(schemaFile, "it says something else than the schema of this version, which marketops init writes out")
	}
	b.schema, b.validate = got, validate.New(got, validate.WithStrict())
	return nil
}

func resolve(text []byte) (*resolved.Schema, error) {
	var s schema.Schema
	s.SetFilename(schemaFile)
	if err := s.UnmarshalCedar(text); err != nil {
		return nil, err
	}
	return s.Resolve()
}

func (b *Bundle) readPolicies(name string, text []byte) error {
	list, err := cedar.NewPolicyListFromBytes(name, text)
	if err != nil {
		return invalid(name, "%v", err)
	}
	for i, p := range list {
		id := cedar.PolicyID(fmt.Sprintf("%s#%d", name, i+1))
		if given, ok := p.Annotations()["id"]; ok {
			id = cedar.PolicyID(given)
		}
		if err := b.add(name, id, p); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bundle) add(name string, id cedar.PolicyID, p *cedar.Policy) error {
	if _, twice := b.policies[id]; twice || marketops.ValidateLine("id", string(id)) != nil || id == "" {
		return invalid(name, "the id %.80q is there twice, or is not one clean line", id)
	}
	if len(b.policies) == MaxPolicies {
		return invalid(name, "more than %d policies", MaxPolicies)
	}
	tree := (*ast.Policy)(p.AST())
	if err := b.validate.Policy(string(id), tree); err != nil {
		return invalid(name, "%s: %v", id, err)
	}
	if err := errors.Join(checkPossible(b.validate, tree), checkHas(b.schema, tree)); err != nil {
		return invalid(name, "%s: %v", id, err)
	}
	n, needs, err := annotations(p)
	if err != nil {
		return invalid(name, "%s: %v", id, err)
	}
	n.asks = asksObserved(tree)
	if needs || n.forbid && n.asks {
		b.needs[id] = scopeOnly(tree)
	}
	b.policies[id], b.notes[id] = p, n
	b.groups = append(b.groups, groups(tree)...)
	return nil
}

// annotations reads the ones that mean something here; a value that is not known would be a
// wish that is silently not met.
func annotations(p *cedar.Policy) (n note, needs bool, err error) {
	a := p.Annotations()
	n = note{forbid: p.Effect() == cedar.Forbid, reason: string(a["reason"])}
	if err := marketops.ValidateLine("reason", n.reason); err != nil {
		return n, false, err
	}
	if code, ok := a["code"]; ok {
		if code != cedar.String(marketops.Frozen) || !n.forbid {
			return n, false, fmt.Errorf("@code is %.40q, want %q on a forbid", code, marketops.Frozen)
		}
		n.frozen = true
	}
	value, needs := a["needs"]
	if needs && value != "observed" {
		return n, false, fmt.Errorf("@needs is %.40q, want %q", value, "observed")
	}
	return n, needs, nil
}

// complete checks that the bundle takes every request the Core will make.
func (b *Bundle) complete() error {
	if len(b.policies) == 0 {
		return invalid("folder", "there is no policy")
	}
	b.groups = set(b.groups)
	for _, f := range probes() {
		req, entities := b.build(f)
		if err := b.validate.Request(req); err != nil {
			return invalid(schemaFile, "it does not take the Core's request to %s: %v", f.Kind, err)
		}
		if err := b.validate.Entities(entities); err != nil {
			return invalid(schemaFile, "it does not take the Core's entities: %v", err)
		}
	}
	return nil
}
