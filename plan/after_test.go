package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// TestAfter: prerequisites come first in the plan, and the order is that of the file otherwise.
func TestAfter(t *testing.T) {
	f := newFixture(t)
	f.release().After = []string{"gadgets"}
	f.tag().ID = "gadgets"
	pull := pullRequest()
	f.publications = append([]Publication{pull}, f.publications...)
	r := f.planned()
	var got []string
	for _, o := range r.Plan.Operations {
		got = append(got, string(o.Kind))
	}
	if want := []string{"open_pr", "tag_repo", "publish_release"}; !slices.Equal(got, want) {
		t.Errorf("the operations are %v, want %v", got, want)
	}
	if o := r.Plan.Operations; o[0].After != nil || o[1].After != nil || !slices.Equal(o[2].After, []int{2}) {
		t.Errorf("after is %v, %v and %v", o[0].After, o[1].After, o[2].After)
	}
	if r.Operations[2].Release == nil || len(r.Sources.Operations[2].Files) != 3 {
		t.Error("documents and files are not in the order of the plan")
	}
}

// TestAfterRejected: what comes after a publication that is not shipped is not shipped either, however far behind.
func TestAfterRejected(t *testing.T) {
	f := newFixture(t)
	f.tag().ID, f.release().ID, f.release().After = "gadgets", "widgets", []string{"gadgets"}
	pull := pullRequest()
	pull.After = []string{"widgets"}
	f.publications = append(f.publications, pull)
	f.source.tags["octo-org/gadgets v0.3.1"] = tip
	r, err := f.run(f.options())
	if !errors.Is(err, marketops.NothingSelected) {
		t.Fatal(err)
	}
	if got, want := codes(r.Plan), []string{"1 rule-denied", "2 version-exists", "3 rule-denied"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if why := r.Plan.Rejected[0].Reason; why != "it comes after publication 2, which is not shipped" {
		t.Error(why)
	}
}

// TestAfterDoesNotShareTag: a release that makes its own tag takes it, also after a publication that makes it.
func TestAfterDoesNotShareTag(t *testing.T) {
	f := newFixture(t)
	*f.tag() = Publication{Kind: marketops.TagRepo, Repository: "octo-org/widgets", Tag: f.release().Tag, Target: "main", Message: "m", Tagger: f.tag().Tagger, ID: "tag"}
	f.release().After = []string{"tag"}
	r, err := f.run(f.options())
	if got, want := slices.Compact(codes(r.Plan)), []string{"1 rule-denied", "2 rule-denied"}; !errors.Is(err, marketops.NothingSelected) || !slices.Equal(got, want) {
		t.Errorf("%v, want %v; %v", got, want, err)
	}
}

func TestCheckOrder(t *testing.T) {
	pub := func(id string, after ...string) Publication { return Publication{ID: id, After: after} }
	for name, c := range map[string]struct {
		pubs []Publication
		says string
	}{
		"none":          {[]Publication{pub(""), pub("")}, ""},
		"a chain":       {[]Publication{pub("a", "b"), pub("b", "c"), pub("c")}, ""},
		"a diamond":     {[]Publication{pub("a", "b", "c"), pub("b", "d"), pub("c", "d"), pub("d")}, ""},
		"itself":        {[]Publication{pub("a", "a")}, "publications[0].after names the publication itself"},
		"unknown":       {[]Publication{pub("a"), pub("", "b")}, `publications[1].after names "b", which is the id of no publication`},
		"empty":         {[]Publication{pub(""), pub("", "")}, `publications[1].after names ""`},
		"twice":         {[]Publication{pub("a"), pub("b", "a", "a")}, `publications[1].after names "a" twice`},
		"id twice":      {[]Publication{pub("a"), pub("a")}, `publications[1].id is "a", and so is that of publications[0]`},
		"not an id":     {[]Publication{pub("a b")}, `publications[0].id is "a b": want`},
		"a long id":     {[]Publication{pub(strings.Repeat("a", MaxID+1))}, "publications[0].id is"},
		"the longest":   {[]Publication{pub(strings.Repeat("a", MaxID))}, ""},
		"a cycle":       {[]Publication{pub("x", "a"), pub("a", "b"), pub("b", "a")}, "publications[1].after leads back to the publication itself: a after b after a"},
		"a large cycle": {[]Publication{pub("a", "c"), pub("b", "a"), pub("c", "b")}, "a after c after b after a"},
	} {
		err := CheckOrder(c.pubs)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDryRunRefusesCycle: an engine that was not called by way of marketops.yaml refuses it as well.
func TestDryRunRefusesCycle(t *testing.T) {
	f := newFixture(t)
	f.tag().ID, f.tag().After = "a", []string{"a"}
	if _, err := f.run(f.options()); !errors.Is(err, marketops.ConfigInvalid) {
		t.Error(err)
	}
}

// TestComeAfter: a rule of the engine may add prerequisites; a cycle that it makes is refused.
func TestComeAfter(t *testing.T) {
	a, b := &candidate{number: 1}, &candidate{number: 2}
	e := &engine{candidates: []*candidate{a, b}}
	a.comeAfter(b)
	a.comeAfter(b)
	a.comeAfter(a)
	if order, err := e.sorted(); err != nil || !slices.Equal(order, []*candidate{b, a}) || len(a.after) != 1 {
		t.Errorf("%v, %v", order, err)
	}
	b.comeAfter(a)
	if _, err := e.sorted(); !errors.Is(err, marketops.ConfigInvalid) {
		t.Error(err)
	}
}
