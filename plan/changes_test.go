package plan

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
)

// changing is a fixture that plans a change set alone.
func changing(t *testing.T, changes ...FileChange) *fixture {
	t.Helper()
	f := newFixture(t)
	f.write("new", "new\n")
	f.write("same", "#!/bin/sh\n")
	p := pullRequest()
	p.Changes = changes
	f.publications = []Publication{p}
	return f
}

func at(path string) FileChange { return FileChange{Path: path, File: "new"} }

// TestModes: a file keeps its mode unless marketops.yaml gives another one.
func TestModes(t *testing.T) {
	for name, c := range map[string]struct {
		change      FileChange
		mode, was   string
		sameContent bool
	}{
		"a program stays one":    {at("run.sh"), "100755", "100755", false},
		"a file stays one":       {at("CHANGELOG.md"), "100644", "100644", false},
		"a new file":             {at("new.md"), "100644", "", false},
		"a new program":          {FileChange{"bin/new.sh", "new", "100755"}, "100755", "", false},
		"a program no more":      {FileChange{"run.sh", "new", "100644"}, "100644", "100755", false},
		"the mode only":          {FileChange{"run.sh", "same", "100644"}, "100644", "100755", true},
		"a file in a folder":     {at("docs/a.md"), "100644", "100644", false},
		"one more in a folder":   {at("docs/b.md"), "100644", "", false},
		"the folder's neighbour": {at("docs.md"), "100644", "", false},
	} {
		f := changing(t, c.change)
		r := f.planned()
		set := r.Operations[0].PullRequest.Changes
		got, was := set.Changes[0], ""
		if got.Before != nil {
			was = got.Before.Mode
		}
		if got.Mode != c.mode || was != c.was || set.BaseTree != f.source.root || set.Tree == set.BaseTree {
			t.Errorf("%s: %s after %q, tree %s of %s", name, got.Mode, was, set.Tree, set.BaseTree)
		}
		files, err := r.Changes(context.Background(), 1)
		if err != nil || len(files) != 1 || (files[0].Old == nil) != (was == "") || got.Before != nil && (got.Before.Blob == got.Blob) != c.sameContent {
			t.Errorf("%s: %+v, %v", name, files, err)
		}
	}
}

// TestCollidingChanges: what would do more than put a file at its path is refused, and the reason names what is there.
func TestCollidingChanges(t *testing.T) {
	for name, c := range map[string]struct {
		changes []FileChange
		code    marketops.Code
		says    string
	}{
		"a folder":                {[]FileChange{at("docs")}, marketops.RuleDenied, `"docs" is a folder`},
		"below a file":            {[]FileChange{at("run.sh/new")}, marketops.RuleDenied, `"run.sh" is a file`},
		"a link":                  {[]FileChange{at("link")}, marketops.RuleDenied, `"link" is a symbolic link`},
		"below a link":            {[]FileChange{at("link/new")}, marketops.RuleDenied, `"link" is a symbolic link`},
		"a submodule":             {[]FileChange{at("module")}, marketops.RuleDenied, `"module" is a submodule`},
		"below a submodule":       {[]FileChange{at("module/new")}, marketops.RuleDenied, `"module" is a submodule`},
		"a file and its folder":   {[]FileChange{at("a"), at("a/b")}, marketops.RuleDenied, `"a" is a file of the same change set`},
		"the other way round":     {[]FileChange{at("a/b"), at("a")}, marketops.RuleDenied, `"a" is a file of the same change set`},
		"twice":                   {[]FileChange{at("a"), at("a")}, marketops.RuleDenied, `"a" is a file of the same change set`},
		"two cases":               {[]FileChange{at("A"), at("a")}, marketops.NameUnsafe, "letter case"},
		"two cases of a folder":   {[]FileChange{at("Docs/x"), at("docs/y")}, marketops.NameUnsafe, "letter case"},
		"git's folder":            {[]FileChange{at(".GIT/config")}, marketops.NameUnsafe, ".GIT"},
		"git's folder on Windows": {[]FileChange{at("a/git~1/config")}, marketops.NameUnsafe, "git~1"},
		"upwards":                 {[]FileChange{at("docs/../../x")}, marketops.NameUnsafe, "clean relative path"},
		"a backslash":             {[]FileChange{at(`docs\x`)}, marketops.NameUnsafe, "backslash"},
		"nothing changes":         {[]FileChange{{"run.sh", "same", ""}}, marketops.RuleDenied, "changes nothing"},
		"a workflow":              {[]FileChange{at(".github/workflows/ci.yml")}, marketops.RuleDenied, "workflow"},
	} {
		f := changing(t, c.changes...)
		r, err := f.run(f.options())
		if !errors.Is(err, marketops.NothingSelected) {
			t.Errorf("%s: planned, %v", name, err)
			continue
		}
		if rejected := r.Plan.Rejected[0]; rejected.Code != c.code || !strings.Contains(rejected.Reason, c.says) || rejected.Remedy == "" {
			t.Errorf("%s: %+v", name, rejected)
		}
	}
	f := changing(t, at("docs/new"), at("docs.md"), at("run.sh"), FileChange{"CHANGELOG.md", "new", "100755"}, FileChange{"docs/a.md", "same", ""})
	if r := f.planned(); len(r.Plan.Rejected) > 0 {
		t.Errorf("control: %+v", r.Plan.Rejected)
	}
}

// TestLyingTrees: a source that shows another tree or file than the one of the id gives no plan.
func TestLyingTrees(t *testing.T) {
	for name, lie := range map[string]func(*memory){
		"another tree": func(m *memory) { m.trees[m.root] = m.trees[m.docs()] },
		"one less":     func(m *memory) { m.trees[m.root] = m.trees[m.root][1:] },
		"another file": func(m *memory) { m.blobs[gitobject.Length(40).Blob([]byte("a\n"))] = []byte("b\n") },
		"no tree":      func(m *memory) { delete(m.trees, m.docs()) },
		"no such file": func(m *memory) { delete(m.blobs, gitobject.Length(40).Blob([]byte("a\n"))) },
	} {
		f := changing(t, at("docs/a.md"))
		lie(f.source)
		r, err := f.run(f.options())
		if !errors.Is(err, marketops.NothingSelected) || r.Plan.Rejected[0].Code != marketops.SourceUnreadable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// docs is the tree of the folder docs.
func (m *memory) docs() string {
	at := slices.IndexFunc(m.trees[m.root], func(e TreeEntry) bool { return e.Name == "docs" })
	return m.trees[m.root][at].ID
}

// TestLongFiles: what is too long to be shown is bound and not kept; too many that are shown are refused.
func TestLongFiles(t *testing.T) {
	f := changing(t, FileChange{"long", "long", ""}, at("old"))
	f.write("long", strings.Repeat("x", MaxShown+1))
	f.source.put(map[string]string{"100644 old": strings.Repeat("y", MaxShown+1)}, nil)
	files, err := f.planned().Changes(context.Background(), 1)
	if err != nil || files[0].New != nil || files[1].Old != nil || string(files[1].New) != "new\n" {
		t.Errorf("%v", err)
	}
	var many []FileChange
	for i := range maxObjects/MaxShown + 1 {
		name := strings.Repeat("n", i+1)
		f.write(name, name+strings.Repeat("x", MaxShown-100))
		many = append(many, FileChange{name, name, ""})
	}
	f.publications[0].Changes = many
	if _, err := f.run(f.options()); !errors.Is(err, marketops.NothingSelected) {
		t.Errorf("%d files of 1 MiB: %v", len(many), err)
	}
}

// TestChangesAreVerified: what is shown is what the document names, also where the folder holds something else.
func TestChangesAreVerified(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(f *fixture, dir string, set *marketops.ChangeSet)
		code  marketops.Code
	}{
		"another new file": {func(f *fixture, dir string, set *marketops.ChangeSet) {
			f.object(dir, set.Changes[0].Blob, []byte("harmless\n"))
		}, marketops.PlanMismatch},
		"another old file": {func(f *fixture, dir string, set *marketops.ChangeSet) {
			f.object(dir, set.Changes[0].Before.Blob, []byte("harmless\n"))
		}, marketops.PlanMismatch},
		"another base": {func(f *fixture, dir string, set *marketops.ChangeSet) { f.object(dir, set.BaseTree, nil) }, marketops.PlanMismatch},
		"no new file":  {func(f *fixture, dir string, set *marketops.ChangeSet) { f.object(dir, set.Changes[0].Blob) }, marketops.StateMissing},
		"no base":      {func(f *fixture, dir string, set *marketops.ChangeSet) { f.object(dir, set.BaseTree) }, marketops.StateMissing},
		"a link": {func(f *fixture, dir string, set *marketops.ChangeSet) {
			path := filepath.Join(dir, "objects", set.Changes[0].Blob)
			if err := errors.Join(os.Rename(path, path+".moved"), os.Symlink(path+".moved", path)); err != nil {
				f.Fatal(err)
			}
		}, marketops.FileUnsafe},
	} {
		f := changing(t, at("docs/a.md"))
		r := f.planned()
		c.spoil(f, r.Dir, r.Operations[0].PullRequest.Changes)
		if files, err := r.Changes(context.Background(), 1); !errors.Is(err, c.code) {
			t.Errorf("%s: %d files, %v", name, len(files), err)
		}
	}
	f := changing(t, at("docs/a.md"))
	r := f.planned()
	f.object(r.Dir, r.Operations[0].PullRequest.Changes.Changes[0].Before.Blob)
	files, err := r.Changes(context.Background(), 1)
	if err != nil || files[0].Old != nil || files[0].Before == nil || !bytes.Equal(files[0].New, []byte("new\n")) {
		t.Errorf("without the old file: %+v, %v", files, err)
	}
}

// TestForgedDocuments: a document that was not made by the engine is not shown as what it is not.
func TestForgedDocuments(t *testing.T) {
	for name, forge := range map[string]func(*marketops.ChangeSet){
		"another tree":        func(s *marketops.ChangeSet) { s.Tree = older },
		"a file that is new":  func(s *marketops.ChangeSet) { s.Changes[0].Before = nil },
		"another mode before": func(s *marketops.ChangeSet) { s.Changes[0].Before.Mode = "100755" },
		"another blob before": func(s *marketops.ChangeSet) { s.Changes[0].Before.Blob = older },
		"another digest":      func(s *marketops.ChangeSet) { s.Changes[0].SHA256 = marketops.DigestOf(nil) },
		"another size":        func(s *marketops.ChangeSet) { s.Changes[0].Size++ },
		"a path of a folder":  func(s *marketops.ChangeSet) { s.Changes[0].Path = "docs" },
	} {
		f := changing(t, at("docs/a.md"))
		r := f.planned()
		forge(r.Operations[0].PullRequest.Changes)
		if _, err := r.Changes(context.Background(), 1); !errors.Is(err, marketops.PlanMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// object puts bytes into the place of an object of a run folder; without any it removes it.
func (f *fixture) object(dir, id string, data ...[]byte) {
	f.Helper()
	path := filepath.Join(dir, "objects", id)
	err := os.Remove(path)
	if len(data) > 0 {
		err = errors.Join(err, os.WriteFile(path, data[0], 0o600))
	}
	if err != nil {
		f.Fatal(err)
	}
}
