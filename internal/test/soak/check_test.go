package main

import (
	"slices"
	"testing"

	"github.com/omega/marketops/internal/test/testenv"
)

// twice are two receipts of a release: the first ended half-way, the second is a success.
func twice(firstTag, secondTag, release string) []issued {
	first := testenv.Account{Claims: []int64{1}, Intents: []int64{1}, Outcomes: []string{"failed"}, Effects: map[string]string{"tag": firstTag, "release": "absent"}}
	second := testenv.Account{Claims: []int64{1}, Intents: []int64{1}, Outcomes: []string{"success"}, Effects: map[string]string{"tag": secondTag, "release": release}}
	return []issued{{"c-2", first}, {"c-5", second}}
}

// TestCompare: the checker finds each kind of wrong, and finds nothing in what is right.
func TestCompare(t *testing.T) {
	full := func() testenv.Account {
		return testenv.Account{Claims: []int64{1, 2}, Intents: []int64{2}, Outcomes: []string{"success"}}
	}
	good := func() ([]operation, []testenv.Effect) {
		return []operation{
				{Kind: "tag_repo", Repository: "o/r", Resource: "refs/tags/v1", Number: 1, state: "closed", outcome: "success", receipts: []issued{{"c-1", full()}}},
				{Kind: "publish_release", Repository: "o/r", Resource: "refs/tags/v2", Number: 2, state: "closed", outcome: "success", receipts: []issued{{"c-2", full()}}},
				{Kind: "open_pr", Repository: "o/r", Resource: "topic/1:main", Number: 4, state: "closed", outcome: "success", receipts: []issued{{"c-4", full()}}},
				{Kind: "open_pr", Repository: "o/r", Resource: "next:main", Number: 3, state: "closed", outcome: "success", receipts: []issued{{"c-3", full()}}},
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
		{"two outcomes", 1, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) {
			all[0].receipts[0].Outcomes = []string{"success", "success"}
		}},
		{"one epoch for two", 1, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[0].receipts[0].Claims = []int64{1, 1, 2} }},
		{"two intents of one epoch", 1, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[0].receipts[0].Intents = []int64{2, 2} }},
		{"success without a tag", 0, 1, 1, 0, func(_ []operation, seen *[]testenv.Effect) { *seen = slices.Delete(*seen, 2, 3) }},
		{"success of half a release", 0, 1, 1, 0, func(_ []operation, seen *[]testenv.Effect) { *seen = slices.Delete(*seen, 5, 6) }},
		{"failed with a tag", 0, 1, 1, 0, func(all []operation, _ *[]testenv.Effect) {
			all[0].outcome, all[0].receipts[0].Outcomes = "failed", []string{"failed"}
		}},
		{"the claim says otherwise", 0, 1, 1, 0, func(all []operation, _ *[]testenv.Effect) { all[0].outcome = "failed" }},
		{"not closed", 0, 1, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[1].state = "decided" }},
		{"never begun", 0, 1, 0, 0, func(all []operation, seen *[]testenv.Effect) {
			all[0].state, all[0].outcome, all[0].receipts[0].Account = "none", "", testenv.Account{}
			*seen = slices.Delete(*seen, 2, 3)
		}},
		{"no outcome", 0, 0, 0, 1, func(all []operation, _ *[]testenv.Effect) { all[2].receipts[0].Outcomes = nil }},
		{"no intent", 0, 0, 0, 1, func(all []operation, _ *[]testenv.Effect) { all[2].receipts[0].Intents = nil }},
		{"no claim", 0, 0, 0, 1, func(all []operation, _ *[]testenv.Effect) { all[2].receipts[0].Claims = nil }},
		{"nobody's tag", 0, 0, 0, 1, func(_ []operation, seen *[]testenv.Effect) {
			*seen = append(*seen, saw("ref-created", "o/r", "refs/tags/v9"))
		}},
		{"a branch that was there already", 0, 0, 0, 1, func(_ []operation, seen *[]testenv.Effect) {
			*seen = append(*seen, saw("ref-created", "o/r", "refs/heads/topic/1"))
		}},
		{"a tag in a place that others hold", 0, 0, 1, 0, func(all []operation, _ *[]testenv.Effect) { all[0].hindered = true }},
		{"control: others hold the place", 0, 0, 0, 0, func(all []operation, seen *[]testenv.Effect) {
			all[0].hindered, all[0].outcome, all[0].receipts[0].Outcomes = true, "rejected", []string{"rejected"}
			*seen = slices.Delete(*seen, 2, 3)
		}},
		{"control: half under one receipt, all under the next", 0, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[1].receipts = twice("applied", "adopted", "applied") }},
		{"success under both", 1, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) {
			all[1].receipts = twice("applied", "adopted", "applied")
			all[1].receipts[0].Outcomes = []string{"success"}
		}},
		{"absent after it was there", 0, 0, 2, 0, func(all []operation, _ *[]testenv.Effect) { all[1].receipts = twice("applied", "absent", "applied") }},
		{"control: made under the next", 0, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) { all[1].receipts = twice("absent", "applied", "applied") }},
		{"control: unknown, resolved as failed, and then made", 0, 0, 0, 0, func(all []operation, _ *[]testenv.Effect) {
			all[1].receipts = twice("unknown", "applied", "applied")
			all[1].receipts[0].Outcomes, all[1].receipts[0].Verdicts = []string{"unknown"}, []string{"failed"}
		}},
		{"an effect that is not there", 0, 1, 1, 0, func(all []operation, seen *[]testenv.Effect) {
			all[1].receipts = twice("applied", "adopted", "applied")[:1]
			all[1].outcome = "failed"
			*seen = slices.Delete(*seen, 4, 6)
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
