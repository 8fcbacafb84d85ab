package audit_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// authorised is a world with two receipts, and the files of its operation documents by digest.
func authorised(t *testing.T) (*logworld.World, map[string][]byte) {
	t.Helper()
	w := logworld.New()
	w.Ops = append(w.Ops, logworld.Release("v1.4.1"))
	l := w.Allow()
	w.Authorize(1, l.Submission, l.First, l.Other)
	files := map[string][]byte{}
	for _, op := range w.Ops {
		doc, err := op.Document()
		if err != nil {
			t.Fatal(err)
		}
		files[marketops.DigestOf(doc).Hex()] = doc
	}
	return w, files
}

func put(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// judgeFolder audits with the operation documents of a folder.
func judgeFolder(t *testing.T, w *logworld.World, dir string, o audit.Options) *verifier.Report {
	t.Helper()
	f, err := audit.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o.Operations = f
	return audit.Audit(w.Log, w.Store, w.Trust(), o)
}

// undocumented is what the report says of receipts without their document.
func undocumented(r *verifier.Report) string {
	for _, what := range r.NotCovered {
		if strings.HasPrefix(what, "the operation document of ") {
			return strings.TrimPrefix(what[:strings.Index(what, " was not given")], "the operation document of ")
		}
	}
	return ""
}

// TestGivenDocuments: what was not given is counted, and no file of the folder is passed over.
func TestGivenDocuments(t *testing.T) {
	w, docs := authorised(t)
	first := w.Digest(0).Hex()
	garbage := []byte("{}")
	named := func(b []byte) string { return marketops.DigestOf(b).Hex() }
	for name, tc := range map[string]struct {
		bend    func(t *testing.T, dir string)
		says    string // not covered
		subject string // of the finding
	}{
		"all": {func(*testing.T, string) {}, "", ""},
		"with .json": {func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, first), filepath.Join(dir, first+".json")); err != nil {
				t.Fatal(err)
			}
		}, "", ""},
		"a plan": {func(t *testing.T, dir string) { put(t, dir, named(w.PlanBytes()), w.PlanBytes()) }, "", ""},
		"a part": {func(t *testing.T, dir string) { put(t, dir, first+".XYZ.part", docs[first][:10]) }, "", ""},
		"one missing": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, first)); err != nil {
				t.Fatal(err)
			}
		}, "1 of 2 receipts", ""},
		"empty": {func(t *testing.T, dir string) {
			for name := range docs {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}, "2 of 2 receipts", ""},
		"no document":    {func(t *testing.T, dir string) { put(t, dir, named(garbage), garbage) }, "", named(garbage)},
		"other content":  {func(t *testing.T, dir string) { put(t, dir, first, garbage) }, "1 of 2 receipts", first},
		"other name":     {func(t *testing.T, dir string) { put(t, dir, "1.json", docs[first]) }, "", "1.json"},
		"an older form":  {func(t *testing.T, dir string) { put(t, dir, named(older(docs[first])), older(docs[first])) }, "", named(older(docs[first]))},
		"a folder in it": {func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, "old")) }, "", "old"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for name, b := range docs {
				put(t, dir, name, b)
			}
			tc.bend(t, dir)
			r := judgeFolder(t, w, dir, audit.Options{})
			var found []string
			for _, c := range r.Checks {
				if c.Status == marketops.Fail {
					found = append(found, string(c.Code)+" "+c.Name+" "+c.Subject)
				}
			}
			want := ""
			if tc.subject != "" {
				want = "operation-mismatch documents " + tc.subject
			}
			if got := strings.Join(found, "\n"); got != want || r.Verified() != (want == "") {
				t.Errorf("%s, found %q, want %q", r.Verdict, got, want)
			}
			if got := undocumented(r); got != tc.says {
				t.Errorf("not covered: %q, want %q", got, tc.says)
			}
		})
	}
	if got := undocumented(audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{})); got != "2 of 2 receipts" {
		t.Errorf("without a folder: not covered: %q", got)
	}
}

func older(doc []byte) []byte {
	return []byte(strings.Replace(string(doc), "marketops.operation/v2", "marketops.operation/v1", 1))
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestGivenLinks: a link is followed nowhere outside the folder.
func TestGivenLinks(t *testing.T) {
	w, docs := authorised(t)
	dir, outside, first := t.TempDir(), t.TempDir(), w.Digest(0).Hex()
	for name, b := range docs {
		put(t, dir, name, b)
	}
	if err := os.Rename(filepath.Join(dir, first), filepath.Join(outside, first)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, first), filepath.Join(dir, first)); err != nil {
		t.Fatal(err)
	}
	if r := judgeFolder(t, w, dir, audit.Options{}); r.Code != marketops.OperationMismatch || undocumented(r) != "1 of 2 receipts" {
		t.Error(describe(r), r.NotCovered)
	}
}

// TestResumedDocuments: an audit that continues from a state still says what was not given below it.
func TestResumedDocuments(t *testing.T) {
	w, _ := authorised(t)
	dir := t.TempDir()
	var state strings.Builder
	o := audit.Options{Save: func(write func(io.Writer) error) error { state.Reset(); return write(&state) }}
	if r := judgeFolder(t, w, dir, o); undocumented(r) != "2 of 2 receipts" {
		t.Fatal(describe(r), r.NotCovered)
	}
	o.State = []byte(state.String())
	if r := judgeFolder(t, w, dir, o); !r.Verified() || undocumented(r) != "2 of 2 receipts" || !slices.Contains(r.NotCovered, orderNotCovered) {
		t.Error(describe(r), r.NotCovered)
	}
}
