package publisher_test

import (
	"context"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
)

// greedy is a port that tries to use its permit a second time, on the live port and on the null
// port, after it did what was allowed.
type greedy struct {
	publisher.SideEffectPort
	stage  *stage
	before func() // of the first use
	errs   []error
	extra  int // requests of the second tries
}

func (g *greedy) Apply(ctx context.Context, permit *publisher.Permit, j publisher.Journal) (publisher.Evidence, error) {
	if g.before != nil {
		g.before()
	}
	ev, err := g.SideEffectPort.Apply(ctx, permit, j)
	before, asked := len(g.stage.hub.Requests()), g.stage.asked.Load()
	for _, port := range []publisher.SideEffectPort{g.SideEffectPort, publisher.Null{}} {
		_, again := port.Apply(ctx, permit, j)
		g.errs = append(g.errs, again)
	}
	g.extra += len(g.stage.hub.Requests()) - before + int(g.stage.asked.Load()-asked)
	return ev, err
}

// TestPermits: a permit that no gate made, and one that was used, are refused by every port
// before any request. The control is the first use.
func TestPermits(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	ports := map[string]publisher.SideEffectPort{"live": p.Port, "null": publisher.Null{}}
	for name, port := range ports {
		for _, permit := range []*publisher.Permit{nil, {}, new(publisher.Permit)} {
			ev, err := port.Apply(context.Background(), permit, p.jobs[0].Journal)
			if err == nil || len(ev.Effects) != 0 || name == "live" && marketops.CodeOf(err) != marketops.ReceiptMissing {
				t.Errorf("%s: %+v, %v", name, ev, err)
			}
		}
	}
	if len(s.hub.Requests()) != 0 || s.asked.Load() != 0 {
		t.Fatal("a permit that no gate made sent something")
	}
	g := &greedy{SideEffectPort: p.Port, stage: s}
	p.Port = g
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status != "success" || len(g.errs) != 2 {
		t.Fatalf("%+v, %d second uses", results[0], len(g.errs))
	}
	world.WantCode(t, g.errs[0], marketops.Consumed)
	world.WantCode(t, g.errs[1], marketops.ModeNotProd)
	if g.extra != 0 {
		t.Errorf("the second uses sent %d requests", g.extra)
	}
	r.shipped(0)
}

// TestUngated: what did not pass the gate is not published, whatever it is.
func TestUngated(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	trial, err := p.Gate(context.Background(), marketops.DryRun, p.jobs[0])
	s.ok(err)
	if !trial.WouldPass() || trial.Passed() {
		t.Fatalf("control: %+v", trial.Refusal())
	}
	for _, g := range []*publisher.Gated{nil, {}, {Job: p.jobs[0]}, {Job: p.jobs[0], Checks: trial.Checks.Without(marketops.ModeNotProd)}, trial} {
		if g.Passed() {
			t.Errorf("passed: %+v", g)
		}
		if g != trial && g.WouldPass() {
			t.Errorf("would pass: %+v", g)
		}
		res := p.Publish(context.Background(), g)
		if res.Status != "refused" {
			t.Errorf("%+v", res)
		}
		world.WantCode(t, res.Err, marketops.ReceiptMissing)
	}
	if len(s.hub.Requests()) != 0 || s.asked.Load() != 0 {
		t.Error("something was sent")
	}
	passed, err := p.Gate(context.Background(), marketops.Prod, p.jobs[0])
	s.ok(err)
	if _, err := p.Refuse(context.Background(), passed); err == nil {
		t.Error("a refusal of what passed")
	}
	if res := p.Publish(context.Background(), passed); res.Status != "success" {
		t.Errorf("control: %+v", res)
	}
	if res := p.Publish(context.Background(), passed); res.Status != "refused" { // gated once, spent once
		t.Errorf("%+v", res)
	}
	r.shipped(0)
	if n := len(r.told(0).refusals); n != 2 {
		t.Errorf("%d refusals are recorded, want the Core's of the second claim and the publisher's of the second publication", n)
	}
}

// TestNobodyMakesPermits reads the source: a permit is made in one place, after S4, and nothing
// that is exported hands one out.
func TestNobodyMakesPermits(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	var files []*ast.File
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			files = append(files, must(parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)))
		}
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", compiled(t))}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	pkg, err := conf.Check("github.com/omega/marketops/publisher", fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	permit := pkg.Scope().Lookup("Permit").Type()
	if n := makings(files, info, permit); n != 1 {
		t.Errorf("permits are made in %d places", n)
	}
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if _, isType := obj.(*types.TypeName); !isType && obj.Exported() && name != "Permit" && yields(obj.Type(), permit) {
			t.Errorf("%s hands out a permit", obj)
		}
		named, ok := obj.Type().(*types.Named)
		if !ok || !obj.Exported() {
			continue
		}
		for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
			if m.Obj().Exported() && yields(m.Obj().Type(), permit) {
				t.Errorf("%s hands out a permit", m.Obj())
			}
		}
		if st, ok := named.Underlying().(*types.Struct); ok {
			for f := range st.Fields() {
				if f.Exported() && mentions(f.Type(), permit) {
					t.Errorf("%s.%s holds a permit", name, f.Name())
				}
			}
		}
	}
}

// compiled opens what the compiler exported of the packages that this one imports.
func compiled(t *testing.T) importer.Lookup {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// makings counts every expression that brings a permit into being: a literal, new, a
// conversion, or a variable of the type itself.
func makings(files []*ast.File, info *types.Info, permit types.Type) (n int) {
	for _, f := range files {
		ast.Inspect(f, func(node ast.Node) bool {
			switch e := node.(type) {
			case *ast.CompositeLit:
				if types.Identical(info.Types[e].Type, permit) {
					n++
				}
			case *ast.CallExpr:
				fun := info.Types[e.Fun]
				if fun.IsBuiltin() && len(e.Args) == 1 && info.Types[e.Args[0]].IsType() && types.Identical(info.Types[e.Args[0]].Type, permit) {
					n++
				}
				if fun.IsType() && (types.Identical(fun.Type, permit) || types.Identical(fun.Type, types.NewPointer(permit))) {
					n++
				}
			case *ast.ValueSpec:
				if e.Type != nil && types.Identical(info.Types[e.Type].Type, permit) {
					n++
				}
			}
			return true
		})
	}
	return n
}

// yields reports whether calling or reading something of this type gives its user a permit, or
// whether a permit can be put into something that it is given.
func yields(t types.Type, permit types.Type) bool {
	sig, ok := t.Underlying().(*types.Signature)
	if !ok {
		return mentions(t, permit)
	}
	for v := range sig.Results().Variables() {
		if mentions(v.Type(), permit) {
			return true
		}
	}
	for v := range sig.Params().Variables() {
		if p, ok := v.Type().(*types.Pointer); ok && types.Identical(p.Elem(), permit) {
			continue // a permit is taken, which is what a port is for
		}
		if mentions(v.Type(), permit) {
			return true
		}
	}
	return false
}

func mentions(t types.Type, permit types.Type) bool {
	switch u := t.(type) {
	case *types.Pointer:
		return mentions(u.Elem(), permit)
	case *types.Slice:
		return mentions(u.Elem(), permit)
	case *types.Array:
		return mentions(u.Elem(), permit)
	case *types.Chan:
		return mentions(u.Elem(), permit)
	case *types.Map:
		return mentions(u.Key(), permit) || mentions(u.Elem(), permit)
	case *types.Signature:
		return yields(u, permit)
	}
	return types.Identical(t, permit)
}
