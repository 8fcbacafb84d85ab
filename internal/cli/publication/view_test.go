package publication

import (
	"context"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// TestLine: one line says what became of an operation and what to type next.
func TestLine(t *testing.T) {
	logged := api.Entry{Envelope: []byte("{}")}
	logged.Position.Index = 7
	for want, res := range map[string]publisher.Result{
		"would publish: every check but the mode's passed, and GitHub is as planned": {Status: "would-publish"},
		"passed; not looked at: rights, releases": {Status: "gate-passed", Looks: publisher.Looks{{Name: "tag", Status: marketops.Pass},
			{Name: "rights", Status: marketops.NotRun}, {Name: "releases", Status: marketops.NotRun}}},
		"passed; not looked at: GitHub":                                             {Status: "gate-passed"},
		"not attempted, receipt unspent":                                            {Status: "not-attempted"},
		"would publish after operation 1: every other check":                        {Status: "would-publish", Waits: []int{1}},
		"comes after operations 1, 2; every other check but the mode's passed; not": {Status: "gate-passed", Waits: []int{1, 2}},
		"not attempted: waits for operation 1; receipt unused":                      {Status: "not-attempted", Waits: []int{1}},
		"not attempted: interrupted before":                                         {Status: "not-attempted", Err: context.Canceled},
		"success (leaf 7) https://x":                                                {Status: "success", Entry: logged, URL: "https://x"},
		"already published (leaf 7)":                                                {Status: "success", Already: true, Entry: logged},
		"not known yet: marketops reconcile run":                                    {Status: "open", Err: &marketops.Unknown{Code: marketops.OutcomeUnknown}},
		"stopped: disk-full; the same command continues":                            {Status: "open", Err: &marketops.Failure{Code: marketops.DiskFull}},
		"refused: expired (leaf 7)":                                                 {Status: "refused", Err: marketops.Refuse(marketops.Expired, ""), Entry: logged},
		"success (leaf 7), tag adopted from an earlier receipt https://x":           {Status: "success", Entry: logged, URL: "https://x", Effects: []receipt.Effect{{Name: "tag", State: "adopted"}, {Name: "release", State: "applied"}}},
		"already published (leaf 7), tag and release adopted from":                  {Status: "success", Already: true, Entry: logged, Effects: []receipt.Effect{{Name: "tag", State: "adopted"}, {Name: "release", State: "adopted"}}},
		"failed: expired (leaf 7); on GitHub: tag (of an earlier receipt), release": {Status: "failed", Err: marketops.Refuse(marketops.Expired, ""), Entry: logged, Effects: []receipt.Effect{{Name: "tag", State: "adopted"}, {Name: "release", State: "applied"}}},
		"unknown: outcome-unknown; on GitHub: tag; not known: release":              {Status: "unknown", Err: &marketops.Unknown{Code: marketops.OutcomeUnknown}, Effects: []receipt.Effect{{Name: "tag", State: "applied"}, {Name: "release", State: "unknown"}}},
		"rejected: revoked; nothing of it is on GitHub":                             {Status: "rejected", Err: marketops.Refuse(marketops.Revoked, ""), Effects: []receipt.Effect{{Name: "tag", State: "absent"}}},
		"under the same receipt; on GitHub: tag":                                    {Status: "open", Err: &marketops.Failure{Code: marketops.GitHubUnreachable}, Effects: []receipt.Effect{{Name: "tag", State: "applied"}, {Name: "release", State: "absent"}}},
	} {
		if got := Line(res, "run"); !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if v := ViewOf(publisher.Result{Status: "refused", Err: marketops.Refuse(marketops.Expired, ""), Entry: logged}); v.Leaf == nil || *v.Leaf != 7 || v.Problem.Code != marketops.Expired {
		t.Errorf("%+v", v)
	}
	if v := ViewOf(publisher.Result{Status: "success", Effects: []receipt.Effect{{Name: "tag", State: "applied"}}}); v.Leaf != nil || v.Problem != nil || len(v.Effects) != 1 {
		t.Errorf("%+v", v)
	}
}

// TestLookLines: a trial run shows each look, and a publication those of an operation that one of them stopped.
func TestLookLines(t *testing.T) {
	looks := publisher.Looks{{Name: "time", Status: marketops.Pass, Detail: "2 writes"}, {Name: "tag", Status: marketops.NotRun}}
	stopped := append(looks, publisher.Look{Name: "base", Status: marketops.Fail, Code: marketops.RefMoved, Detail: "moved"})
	for want, res := range map[string]publisher.Result{
		"   passed  time: 2 writes|   not run tag":                        {Status: "gate-passed", Looks: looks},
		"   passed  time: 2 writes|   not run tag|   failed  base: moved": {Status: "refused", Looks: stopped},
		"": {Status: "success", Looks: looks},
	} {
		if got := strings.Join(LookLines(res), "|"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if strings.Contains(Line(res, "run"), "would publish") {
			t.Errorf("%+v is said to be published", res)
		}
	}
	if v := ViewOf(publisher.Result{Status: "refused", Looks: stopped}); len(v.Looks) != 3 || v.Looks[2].Code != marketops.RefMoved {
		t.Errorf("%+v", v)
	}
}
