package main

import (
	"slices"
	"testing"

	"github.com/omega/marketops/internal/test/testenv"
)

// TestCompare: the checker finds each kind of wrong, and finds nothing in what is right.
func TestCompare(t *testing.T) {
	full := func() testenv.Account {
		return testenv.Account{Claims: []int64{1, 2}, Intents: []int64{2}, Outcomes: []string{"success"}}
	}
	good := func() ([]operation, []testenv.Effect) {
		return []operation{
				{Kind: "tag_repo", Repository: "o/r", Resource: "refs/tags/v1", Number: 1, receipt: "c-1", state: "closed", outcome: "success", log: full()},
				{Kind: "publish_release", Repository: "o/r", Resource: "refs/tags/v2", Number: 2, receipt: "c-2", state: "closed", outcome: "success", log: full()},
				{Kind: "open_pr", Repository: "o/r", Resource: "topic/1:main", Number: 4, receipt: "c-4", state: "closed", outcome: "success", log: full()},
				{Kind: "open_pr", Repository: "o/r", Resource: "next:main", Number: 3, receipt: "c-3", state: "closed", outcome: "success", log: full()},
			}, []testenv.Effect{
				saw("tag-object-made", "o/r", "v1"), saw("tag-object-made", "o/r", "v1"), saw("ref-created", "o/r", "refs/tags/v1"),
				saw("draft-created", "o/r", "v2"), saw("ref-created", "o/r", "refs/tags/v2"), saw("release-published", "o/r", "v2"),
				saw("ref-created", "o/r", "refs/heads/next"), saw("pull-opened", "o/r", "next"), saw("pull-opened", "o/r", "topic/1"),
			}
	}
	for _, c := range []struct {
		name                            string
		doubles, lost, untrue, unlogged int
		spoil                           func(all []operation, seen *[]testenv.Effect)
	}{
		{"control", 0, 0, 0, 0, func([]operation, *[]testenv.Effect) {}},
		{"a tag twice", 1, 0, 0, 0, func(_ []operation, seen *[]testenv.Effect) { *seen = append(*seen, (*seen)[2]) }},
		{"a release twice", 1, 0, 0, 0, func(_ []operation, seen *[]testenv.Effect) { *seen = append(*seen, (*seen)[5]) }},
		{"a pull request twice", 1, 0, 0, 0, func(_ []operation, seen *[]testenv.Effect) { *seen = append(*seen, (*seen)[7]) }},
		{"two outcomes", 1, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[0].log.Outcomes = []string{"success", "success"} }},
		{"one epoch for two", 1, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[0].log.Claims = []int64{1, 1, 2} }},
		{"two intents of one epoch", 1, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[0].log.Intents = []int64{2, 2} }},
		{"success without a tag", 0, 1, 1, 0, func(_ []operation, seen *[]testenv.Effect) { *seen = slices.Delete(*seen, 2, 3) }},
		{"success of half a release", 0, 1, 1, 0, func(_ []operation, seen *[]testenv.Effect) { *seen = slices.Delete(*seen, 5, 6) }},
		{"failed with a tag", 0, 1, 1, 0, func(all []operation, _ *[]testenv.Effect) {
			all[0].outcome, all[0].log.Outcomes = "failed", []string{"failed"}
		}},
		{"the claim says otherwise", 0, 1, 1, 0, func(all []operation, _ *[]testenv.Effect) { all[0].outcome = "failed" }},
		{"not closed", 0, 1, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[1].state = "decided" }},
		{"never begun", 0, 1, 0, 0, func(all []operation, seen *[]testenv.Effect) {
			all[0].state, all[0].outcome, all[0].log = "none", "", testenv.Account{}
			*seen = slices.Delete(*seen, 2, 3)
		}},
		{"no outcome", 0, 0, 0, 1, func(all []operation, _ *[]testenv.Effect) { all[2].log.Outcomes = nil }},
		{"no intent", 0, 0, 0, 1, func(all []operation, _ *[]testenv.Effect) { all[2].log.Intents = nil }},
		{"no claim", 0, 0, 0, 1, func(all []operation, _ *[]testenv.Effect) { all[2].log.Claims = nil }},
		{"nobody's tag", 0, 0, 0, 1, func(_ []operation, seen *[]testenv.Effect) {
			*seen = append(*seen, saw("ref-created", "o/r", "refs/tags/v9"))
		}},
		{"a branch that was there already", 0, 0, 0, 1, func(_ []operation, seen *[]testenv.Effect) {
			*seen = append(*seen, saw("ref-created", "o/r", "refs/heads/topic/1"))
		}},
		{"an unknown kind, and so nobody's tag", 0, 1, 1, 1, func(all []operation, _ *[]testenv.Effect) {
			all[0].Kind = "sing"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, seen := good()
			c.spoil(all, &seen)
			f := compare(all, seen)
			if len(f.doubles) != c.doubles || len(f.lost) != c.lost || len(f.untrue) != c.untrue || len(f.unlogged) != c.unlogged {
				t.Errorf("%v: %v", f, f.err())
			}
			if bad := c.doubles+c.lost+c.untrue+c.unlogged > 0; bad != (f.err() != nil) {
				t.Errorf("the verdict is %v", f.err())
			}
		})
	}
}
