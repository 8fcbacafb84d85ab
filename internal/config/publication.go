package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/omega/marketops/plan"

	"github.com/omega/marketops"
)

// general lists what every publication may have.
var general = []string{"kind", "id", "after"}

// kinds lists what each kind must and may have besides.
var kinds = map[marketops.Kind]struct{ must, may []string }{
	marketops.PublishRelease: {
		[]string{"repository", "tag", "target", "make_latest"},
		[]string{"existing", "branch", "name", "notes", "prerelease", "assets", "message", "tagger"},
	},
	marketops.TagRepo: {
		[]string{"repository", "tag", "target", "message", "tagger"},
		[]string{"branch"},
	},
	marketops.OpenPR: {
		[]string{"repository", "base", "head", "title"},
		[]string{"body", "draft", "changes", "message", "tagger"},
	},
}

// entry is one publication together with its place in the file, for errors.
type entry struct {
	*plan.Publication
	d     *document
	index int
	has   map[string]*ast.MappingValueNode
}

func (f *File) checkPublications(d *document) error {
	nodes := d.items("publications")
	if len(f.Publications) != len(nodes) || len(nodes) > MaxPublications {
		return invalid(d.name, d.at("publications"), fmt.Sprintf("%d publications, want at most %d mappings", len(f.Publications), MaxPublications))
	}
	entries := make([]entry, len(nodes))
	for i := range f.Publications {
		e := entry{&f.Publications[i], d, i, members(nodes[i])}
		e.Line = firstLine(nodes[i])
		if err := e.check(); err != nil {
			return err
		}
		entries[i] = e
	}
	var wrong *plan.OrderError
	if errors.As(plan.CheckOrder(f.Publications), &wrong) {
		return entries[wrong.Index].bad(wrong.Key, wrong.Why)
	}
	return nil
}

func firstLine(m *ast.MappingNode) int {
	if len(m.Values) == 0 {
		return line(m)
	}
	return line(m.Values[0])
}

func (e entry) check() error {
	for _, step := range []func() error{e.checkMembers, e.checkText, e.checkWords, e.checkTagger, e.checkChanges} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (e entry) checkMembers() error {
	k, known := kinds[e.Kind]
	if !known {
		return e.bad("kind", "want publish_release, tag_repo or open_pr")
	}
	for _, key := range slices.Sorted(maps.Keys(e.has)) {
		if !slices.Contains(general, key) && !slices.Contains(k.must, key) && !slices.Contains(k.may, key) {
			return e.bad(key, "does not belong to "+string(e.Kind))
		}
	}
	if e.Existing {
		k.must = []string{"repository", "tag", "make_latest"}
		for _, key := range []string{"target", "message", "tagger"} {
			if _, ok := e.has[key]; ok {
				return e.bad(key, "does not belong to an existing tag, which has its own")
			}
		}
	}
	for _, key := range k.must {
		if _, ok := e.has[key]; !ok {
			return e.bad(key, "is required for "+string(e.Kind))
		}
	}
	if _, ok := e.has["changes"]; !ok && e.Kind == marketops.OpenPR {
		for _, key := range []string{"message", "tagger"} {
			if _, ok := e.has[key]; ok {
				return e.bad(key, "belongs to open_pr only beside changes")
			}
		}
	}
	return nil
}

// checkText refuses members that are there and say nothing; names are judged when planned.
func (e entry) checkText() error {
	for key, text := range map[string]string{
		"id": e.ID, "repository": e.Repository, "tag": e.Tag, "target": e.Target, "branch": e.Branch, "name": e.Name,
		"notes": e.Notes, "message": e.Message, "base": e.Base, "head": e.Head, "title": e.Title, "body": e.Body,
	} {
		if _, ok := e.has[key]; ok && strings.TrimSpace(text) == "" {
			return e.bad(key, "is empty")
		}
	}
	if _, ok := e.has["after"]; ok && len(e.After) == 0 {
		return e.bad("after", "is empty")
	}
	for i, a := range e.Assets {
		switch {
		case a == plan.AssetSource{}:
			return e.bad("assets", fmt.Sprintf("number %d is empty", i+1))
		case a.Pattern == "" && (a.File == "" || a.Name == ""):
			return e.bad("assets", fmt.Sprintf("number %d needs file and name, or is a pattern", i+1))
		}
	}
	return nil
}

func (e entry) checkWords() error {
	if err := marketops.ValidateRepository(e.Repository); err != nil {
		return e.bad("repository", "want owner/name as GitHub shows it: "+err.Error())
	}
	if _, ok := e.has["make_latest"]; ok && e.MakeLatest != "true" && e.MakeLatest != "false" {
		return e.bad("make_latest", `want "true" or "false"`)
	}
	if e.Prerelease && e.MakeLatest == "true" {
		return e.bad("make_latest", `a prerelease cannot be the latest release: want "false"`)
	}
	return nil
}

func (e entry) checkTagger() error {
	if e.Tagger == nil {
		return nil
	}
	if e.Tagger.Name == "" || e.Tagger.Email == "" {
		return e.bad("tagger", "needs name and email")
	}
	if err := marketops.ValidateIdentity("tagger", e.Tagger.Name, e.Tagger.Email); err != nil {
		return e.bad("tagger", err.Error())
	}
	return nil
}

func (e entry) checkChanges() error {
	if _, ok := e.has["changes"]; ok && len(e.Changes) == 0 {
		return e.bad("changes", "is empty")
	}
	for i := range e.Changes {
		c := e.Changes[i]
		if c.Path == "" || c.File == "" || !slices.Contains([]string{"", "100644", "100755"}, c.Mode) {
			return e.bad("changes", fmt.Sprintf(`number %d: needs path and file; a mode is "100644" or "100755"`, i+1))
		}
	}
	return nil
}

func (e entry) bad(key, why string) error {
	at := e.Line
	if kv, ok := e.has[key]; ok {
		at = line(kv)
	}
	return invalid(e.d.name, at, fmt.Sprintf("publications[%d].%s %s", e.index, key, why))
}
