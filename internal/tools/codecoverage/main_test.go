package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/omega/marketops"
)

func found(t *testing.T, files map[string]string) map[marketops.Code]proof {
	t.Helper()
	names, err := constants("../../../codes.go")
	if err != nil {
		t.Fatal(err)
	}
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	proofs, err := search(root, names)
	if err != nil {
		t.Fatal(err)
	}
	out := map[marketops.Code]proof{}
	for _, p := range proofs {
		out[p.code] = p
	}
	return out
}

func TestSearch(t *testing.T) {
	got := found(t, map[string]string{
		"testdata/vectors/expired/a.json": "{}", "testdata/vectors/expired/b.json": "{}", "testdata/vectors/expired/README.md": "",
		"testdata/script/a.txtar": "# consumed\nexec x\nstderr 'refused: not-yet-valid'\nexec cat frozen\n-- stale --\nstdout revoked\n",
		"a/a_test.go":             "package a\n// marketops.Stale\nvar _ = marketops.KeyUnknown\nvar _ = \"disk-full\"\n",
		"a/lifetest/l.go":         "package lifetest\nvar _ = marketops.OrderViolation\n",
		"a/a.go":                  "package a\nvar _ = marketops.Frozen\n",
	})
	for code, want := range map[marketops.Code][3]int{
		marketops.Expired: {2, 0, 0}, marketops.NotYetValid: {0, 1, 0}, marketops.KeyUnknown: {0, 0, 1}, marketops.DiskFull: {0, 0, 1}, marketops.OrderViolation: {0, 0, 1},
		marketops.Consumed: {}, marketops.Frozen: {}, marketops.Stale: {}, marketops.Revoked: {},
	} {
		p := got[code]
		if [3]int{len(p.vectors), len(p.stories), len(p.tests)} != want {
			t.Errorf("%s: %+v, want %v", code, p, want)
		}
	}
}

func TestReport(t *testing.T) {
	some := []string{"x"}
	reasons := map[marketops.Code]string{marketops.DiskFull: "it is about a machine"}
	for name, c := range map[string]struct {
		proof proof
		bad   int
		says  string
	}{
		"vector":               {proof{code: marketops.Expired, vectors: some}, 0, "0 unproved"},
		"story":                {proof{code: marketops.Expired, stories: some}, 0, "0 unproved"},
		"Go test alone":        {proof{code: marketops.Expired, tests: some}, 1, "no vector and no story"},
		"allowed":              {proof{code: marketops.DiskFull, tests: some}, 0, "it is about a machine"},
		"allowed, untested":    {proof{code: marketops.DiskFull}, 1, "no Go test names it"},
		"allowed, has a story": {proof{code: marketops.DiskFull, stories: some}, 0, "can go"},
	} {
		var out bytes.Buffer
		if bad := report(&out, []proof{c.proof}, reasons); bad != c.bad || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: %d\n%s", name, bad, out.String())
		}
	}
}

func TestElsewhereNamesCodesAndReasons(t *testing.T) {
	for code, reason := range elsewhere {
		if _, ok := code.Info(); !ok || reason == "" {
			t.Errorf("%q: %q", code, reason)
		}
	}
}
