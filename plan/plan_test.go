package plan

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

func goldenPlan(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "plan.golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Each case is the golden plan with one change; the control is the golden plan itself.
func TestParseRefuses(t *testing.T) {
	good := string(goldenPlan(t))
	if _, err := Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"schema", "marketops.plan/v1", "marketops.plan/v2"},
		{"mode", `"mode":"dry_run"`, `"mode":"prod"`},
		{"host", `"host":"github.com"`, `"host":""`},
		{"not blocked", `"blocked_by_mode":true`, `"blocked_by_mode":false`},
		{"out of order", `"number":1,"operation":`, `"number":2,"operation":`},
		{"no digest", `"operation":"sha256:`, `"operation":"sha257:`},
		{"one resource twice", `"repository_id":8,"resource":"refs/tags/v0.3.1"`, `"repository_id":7,"resource":"refs/tags/v1.4.0"`},
		{"no repository", `"repository_id":8`, `"repository_id":0`},
		{"code of another group", `"code":"version-exists"`, `"code":"expired"`},
		{"unknown code", `"code":"version-exists"`, `"code":"nonsense"`},
		{"no reason", `"reason":"tag \"v0.3.0\" exists"`, `"reason":""`},
		{"unknown member", `"findings":`, `"extra":1,"findings":`},
		{"null list", `"findings":[]`, `"findings":null`},
		{"space", `"findings":[]`, `"findings": []`},
		{"trailing", `"schema":"marketops.plan/v1"}`, `"schema":"marketops.plan/v1"}{}`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s changes nothing", c.name)
		}
		if _, err := Parse([]byte(bad)); !errors.Is(err, marketops.PlanMismatch) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Parse([]byte(strings.Repeat(" ", MaxPlan+1))); !errors.Is(err, marketops.PlanMismatch) {
		t.Error("a plan without end is parsed")
	}
}

func TestFitsRefuses(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	if err := Fits(r.Plan, r.Documents); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(p *Plan, docs [][]byte) [][]byte{
		"a document less":   func(_ *Plan, d [][]byte) [][]byte { return d[:1] },
		"a document more":   func(_ *Plan, d [][]byte) [][]byte { return append(d, d[0]) },
		"another order":     func(_ *Plan, d [][]byte) [][]byte { return [][]byte{d[1], d[0]} },
		"an edited text":    func(_ *Plan, d [][]byte) [][]byte { return edit(d, "more widgets", "less widgets") },
		"another spelling":  func(_ *Plan, d [][]byte) [][]byte { return edit(d, "{", "{ ") },
		"another kind":      func(p *Plan, d [][]byte) [][]byte { p.Operations[0].Kind = marketops.TagRepo; return d },
		"another name":      func(p *Plan, d [][]byte) [][]byte { p.Operations[0].Repository = "octo-org/other"; return d },
		"another id":        func(p *Plan, d [][]byte) [][]byte { p.Operations[0].RepositoryID = 9; return d },
		"another resource":  func(p *Plan, d [][]byte) [][]byte { p.Operations[0].Resource = "refs/tags/v2"; return d },
		"another host":      func(p *Plan, d [][]byte) [][]byte { p.Host = "ghe.example.com"; return d },
		"not blocked":       func(p *Plan, d [][]byte) [][]byte { p.Operations[0].BlockedByMode = false; return d },
		"nothing at all":    func(p *Plan, d [][]byte) [][]byte { p.Operations = nil; return nil },
		"a plan of nothing": func(p *Plan, d [][]byte) [][]byte { *p = Plan{}; return nil },
	} {
		p, err := Parse(r.PlanBytes)
		if err != nil {
			t.Fatal(err)
		}
		docs := change(p, append([][]byte{}, r.Documents...))
		if err := Fits(p, docs); !errors.Is(err, marketops.PlanMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func edit(docs [][]byte, old, new string) [][]byte {
	docs[0] = bytes.Replace(docs[0], []byte(old), []byte(new), 1)
	return docs
}

func FuzzParse(f *testing.F) {
	f.Add(goldenPlan(f))
	f.Add([]byte(`{"findings":[],"host":"h","mode":"dry_run","operations":[],"rejected":[],"schema":"marketops.plan/v1"}`))
	f.Add([]byte(`{"schema":"marketops.plan/v1"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := Parse(in)
		if err != nil {
			return
		}
		out, err := p.Encode()
		if err != nil || !bytes.Equal(in, out) {
			t.Fatalf("%q came back as %q, %v", in, out, err)
		}
	})
}
