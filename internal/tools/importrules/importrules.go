// Package importrules holds the import rules of this module, each with its reason, and judges the
// packages by them. Its test runs go list once and prints, for every breach, the chain of imports
// that leads there.
//
// Discovery is in one binary and what is dangerous is kept out of the others: that is a
// claim about what is linked, so it is checked on what is linked. A rule names
//
//	who    packages it binds; nobody new escapes a name that ends in /...
//	not    packages they must not reach, directly or through others
//	direct only what a package itself imports counts, its tests aside unless tests is set
//	except packages that the rule leaves free
//
// Names are exact packages; x/... takes x and its children. Names that begin with ./ are of
// this module, ./... being all of it and . its root. A rule that binds no package yet is listed and
// does not fail, unless it names a package of [Required] that is missing.
package importrules

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the path that ./ stands for.
const Module = "github.com/omega/marketops"

// Package is one package as go list tells it.
type Package struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	ImportMap    map[string]string
	Error        *struct{ Err string }
}

// Graph is all packages of a build by path.
type Graph map[string]*Package

// Rule is one prohibition with its reason.
type Rule struct {
	Who    []string
	Not    []string
	Direct bool
	Tests  bool
	Except []string
	Why    string
}

// Breach is one package that breaks a rule.
type Breach struct {
	Chain []string // from the package to what it must not reach
	Why   string
}

func (b Breach) String() string {
	return strings.Join(short(b.Chain), " → ") + ": " + b.Why
}

// Match reports whether the package path fits the name.
func Match(name, path string) bool {
	if rest, ok := strings.CutPrefix(name, "."); ok {
		name = Module + rest
	}
	if tree, ok := strings.CutSuffix(name, "/..."); ok {
		return path == tree || strings.HasPrefix(path, tree+"/")
	}
	return path == name
}

func matchAny(names []string, path string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return Match(n, path) })
}

// Binds returns the packages of g that the rule binds, in order.
func (r Rule) Binds(g Graph) []string {
	var out []string
	for path := range g {
		if matchAny(r.Who, path) && !matchAny(r.Except, path) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// Check returns one breach for each bound package and each name it must not reach.
func (r Rule) Check(g Graph) []Breach {
	var out []Breach
	for _, path := range r.Binds(g) {
		for _, name := range r.Not {
			if chain := r.find(g, path, name); chain != nil {
				out = append(out, Breach{chain, r.Why})
			}
		}
	}
	return out
}

// find returns the shortest chain of imports from a package to one that fits the name.
func (r Rule) find(g Graph, from, name string) []string {
	came := map[string]string{from: ""}
	for todo := []string{from}; len(todo) > 0; todo = todo[1:] {
		at := todo[0]
		for _, next := range g.imports(at, r.Tests && at == from) {
			if _, seen := came[next]; seen {
				continue
			}
			came[next] = at
			if Match(name, next) {
				return chain(came, next)
			}
			if !r.Direct {
				todo = append(todo, next)
			}
		}
	}
	return nil
}

func (g Graph) imports(path string, tests bool) []string {
	p, ok := g[path]
	if !ok {
		return nil
	}
	all := p.Imports
	if tests {
		all = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
	}
	out := make([]string, len(all))
	for i, name := range all {
		if out[i] = name; p.ImportMap[name] != "" {
			out[i] = p.ImportMap[name]
		}
	}
	slices.Sort(out)
	return out
}

func chain(came map[string]string, to string) []string {
	var out []string
	for at := to; at != ""; at = came[at] {
		out = append(out, at)
	}
	slices.Reverse(out)
	return out
}

// short writes packages of the module without its path.
func short(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		if out[i] = p; p == Module {
			out[i] = "."
		} else if rest, ok := strings.CutPrefix(p, Module+"/"); ok {
			out[i] = rest
		}
	}
	return out
}

// Missing returns the names of [Required] that fit no package of g.
func Missing(g Graph) []string {
	var out []string
	for _, name := range Required {
		found := false
		for path := range g {
			found = found || Match(name, path)
		}
		if !found {
			out = append(out, name)
		}
	}
	return out
}

// String is the rule in one line.
func (r Rule) String() string {
	verb := "must not reach"
	if r.Direct {
		verb = "must not import"
	}
	return fmt.Sprintf("%s %s %s", strings.Join(r.Who, ", "), verb, strings.Join(r.Not, ", "))
}
