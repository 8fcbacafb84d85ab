package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

// aTagObject is an id that the source of these tests takes for a tag object.
var aTagObject = strings.Repeat("0", 38) + "a9"

func onExisting(f *fixture) Publication {
	p := *f.release()
	p.Existing, p.Target, p.Message, p.Tagger = true, "", "", nil
	return p
}

// TestExistingTag plans a release for each form of a tag that is there.
func TestExistingTag(t *testing.T) {
	for name, c := range map[string]struct{ object, kind, commit string }{
		"annotated":   {aTagObject, "tag", older},
		"lightweight": {tip, "commit", tip},
	} {
		f := newFixture(t)
		f.source.tags["octo-org/widgets v1.4.0"] = c.object
		f.publications = []Publication{onExisting(f)}
		op := f.planned().Operations[0]
		want := marketops.Existing{Object: c.object, Type: c.kind}
		if op.Tag.Existing == nil || *op.Tag.Existing != want || op.Tag.Commit != c.commit || op.Tag.Tree != f.source.root {
			t.Errorf("%s: %+v, %+v", name, op.Tag, op.Tag.Existing)
		}
		if !slices.Equal(op.Effects(), []string{marketops.EffectRelease}) {
			t.Errorf("%s: the effects are %v", name, op.Effects())
		}
	}
}

// TestNoExistingTag refuses what is no tag of a commit on the branch.
func TestNoExistingTag(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*fixture)
		code marketops.Code
		why  string
	}{
		"no tag":         {func(*fixture) {}, marketops.SourceUnreadable, "there is no tag"},
		"tag of a tree":  {func(f *fixture) { f.source.tags["octo-org/widgets v1.4.0"], f.source.tagged = aTagObject, "tree" }, marketops.RuleDenied, "and not of a commit"},
		"another name":   {func(f *fixture) { f.source.tags["octo-org/widgets v1.4.0"], f.source.named = aTagObject, "v1.3.0" }, marketops.RuleDenied, "another name"},
		"tag of a tag":   {func(f *fixture) { f.source.tags["octo-org/widgets v1.4.0"], f.source.tagged = aTagObject, "tag" }, marketops.RuleDenied, "and not of a commit"},
		"another branch": {func(f *fixture) { f.source.tags["octo-org/widgets v1.4.0"] = strings.Repeat("c", 40) }, marketops.RefMoved, "does not lie on branch"},
		"a branch's name": {func(f *fixture) {
			f.source.tags["octo-org/widgets v1.4.0"] = tip
			f.source.branches["octo-org/widgets v1.4.0"] = tip
		}, marketops.RuleDenied, "a branch is called"},
		"a release is there": {func(f *fixture) {
			f.source.tags["octo-org/widgets v1.4.0"] = tip
			f.source.releases["octo-org/widgets v1.4.0"] = Release{Presence: Present, ID: 3}
		}, marketops.VersionExists, "a release for tag"},
		"no answer": {func(f *fixture) { f.source.mute = true }, marketops.SourceUnreadable, "proved nothing"},
	} {
		f := newFixture(t)
		f.publications = []Publication{onExisting(f), *f.tag()}
		f.publications[1].Repository = "octo-org/gadgets"
		c.edit(f)
		r, err := f.run(f.options())
		if err != nil && !errors.Is(err, marketops.NothingSelected) {
			t.Fatal(name, err)
		}
		i := slices.IndexFunc(r.Plan.Rejected, func(x document.Rejected) bool { return x.Code == c.code && strings.Contains(x.Reason, c.why) })
		if i < 0 {
			t.Errorf("%s: %+v", name, r.Plan.Rejected)
		}
	}
}

// TestTagAndItsRelease plans a tag and, after it, the release for it. The whole operation that makes the tag follows from the
// document of the release.
func TestTagAndItsRelease(t *testing.T) {
	f := newFixture(t)
	tag := *f.tag()
	tag.Repository, tag.Tag = "octo-org/widgets", "v1.4.0"
	f.publications = []Publication{onExisting(f), tag}
	r := f.planned()
	i := slices.IndexFunc(r.Operations, func(o marketops.Operation) bool { return o.Kind == marketops.TagRepo })
	made, release := r.Operations[i], r.Operations[1-i]
	digest, err := made.Digest()
	if err != nil || release.Tag.Existing.After != digest || release.Tag.Message != made.Tag.Message || release.Tag.Tagger != made.Tag.Tagger {
		t.Errorf("%v: %+v, %+v", err, release.Tag, release.Tag.Existing)
	}
	if again, err := release.MakerOfTag().Digest(); err != nil || again != digest {
		t.Errorf("the maker has the digest %v: %v", again, err)
	}
	shown, _ := release.TagMessage()
	if want, _ := made.TagMessage(); shown != want {
		t.Errorf("the tag's message is %q, want %q", shown, want)
	}
}

// TestTagAndItsReleaseRejected rejects the release where the publication that makes its tag is rejected.
func TestTagAndItsReleaseRejected(t *testing.T) {
	f := newFixture(t)
	tag := *f.tag()
	tag.Repository, tag.Tag = "octo-org/widgets", "v1.4.0"
	f.source.tags["octo-org/widgets v1.4.0"] = tip
	f.publications = []Publication{onExisting(f), tag}
	r, err := f.run(f.options())
	if !errors.Is(err, marketops.NothingSelected) || len(r.Plan.Rejected) != 2 || !strings.Contains(r.Plan.Rejected[0].Reason, "publication 2, which makes the tag") {
		t.Errorf("%v: %+v", err, r.Plan.Rejected)
	}
}
