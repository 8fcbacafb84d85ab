package plan

import (
	"bytes"
	"errors"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

func TestDocumentsFitThePlan(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	if _, err := r.Plan.Open(r.Documents); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(p *document.Plan, docs [][]byte) [][]byte{
		"a document less":  func(_ *document.Plan, d [][]byte) [][]byte { return d[:1] },
		"a document more":  func(_ *document.Plan, d [][]byte) [][]byte { return append(d, d[0]) },
		"another order":    func(_ *document.Plan, d [][]byte) [][]byte { return [][]byte{d[1], d[0]} },
		"an edited text":   func(_ *document.Plan, d [][]byte) [][]byte { return edit(d, "more widgets", "less widgets") },
		"another spelling": func(_ *document.Plan, d [][]byte) [][]byte { return edit(d, "{", "{ ") },
		"another kind":     func(p *document.Plan, d [][]byte) [][]byte { p.Operations[0].Kind = marketops.TagRepo; return d },
		"another name":     func(p *document.Plan, d [][]byte) [][]byte { p.Operations[0].Repository = "octo-org/other"; return d },
		"another id":       func(p *document.Plan, d [][]byte) [][]byte { p.Operations[0].RepositoryID = 9; return d },
		"another resource": func(p *document.Plan, d [][]byte) [][]byte { p.Operations[0].Resource = "refs/tags/v2"; return d },
		"another host":     func(p *document.Plan, d [][]byte) [][]byte { p.Host = "ghe.example.com"; return d },
	} {
		p, err := document.Parse(r.PlanBytes)
		if err != nil {
			t.Fatal(err)
		}
		docs := change(p, append([][]byte{}, r.Documents...))
		if _, err := p.Open(docs); !errors.Is(err, marketops.PlanMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func edit(docs [][]byte, old, new string) [][]byte {
	docs[0] = bytes.Replace(docs[0], []byte(old), []byte(new), 1)
	return docs
}
