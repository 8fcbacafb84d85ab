package githubtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/githubtest"
)

func (s *stage) makeRelease(body map[string]any) reply {
	s.Helper()
	return s.ask(pushSecret, "POST", repoPath+"/releases", body)
}

func (s *stage) draft(tag string) int64 {
	s.Helper()
	got := s.makeRelease(map[string]any{"tag_name": tag, "target_commitish": s.tip, "draft": true})
	if got.status != 201 {
		s.Fatalf("draft: %d %s", got.status, got.raw)
	}
	return int64(got.json["id"].(float64))
}

func (s *stage) publish(id int64) reply {
	s.Helper()
	return s.ask(pushSecret, "PATCH", s.releasePath(id), map[string]any{"draft": false})
}

func (s *stage) releasePath(id int64) string { return fmt.Sprintf("%s/releases/%d", repoPath, id) }

func problemsOf(r reply) string {
	errors, _ := r.json["errors"].([]any)
	var all []string
	for _, e := range errors {
		m := e.(map[string]any)
		all = append(all, strings.Trim(fmt.Sprint(m["resource"], "/", m["field"], "/", m["code"], "/", m["message"]), " "))
	}
	return strings.ReplaceAll(strings.Join(all, "; "), "<nil>", "")
}

func TestPublishingMakesALightweightTag(t *testing.T) {
	s := newStage(t)
	id := int64(s.makeRelease(map[string]any{"tag_name": "v1", "target_commitish": s.first, "draft": true}).json["id"].(float64))
	if s.repo.Ref("refs/tags/v1") != "" {
		t.Fatal("a draft made a tag")
	}
	got := s.publish(id)
	if got.status != 200 || got.json["draft"] != false || s.repo.Ref("refs/tags/v1") != s.first {
		t.Errorf("%d, tag at %s", got.status, s.repo.Ref("refs/tags/v1"))
	}
	effects := s.srv.Effects()
	if len(effects) != 3 || effects[1].Kind != githubtest.RefCreated || effects[2].Kind != githubtest.ReleasePublished || !effects[2].Visible || effects[0].Visible {
		t.Errorf("effects %v", effects)
	}
	s.lawful()
}

func TestTargetIsIgnoredWhenTheTagExists(t *testing.T) {
	s := newStage(t)
	if err := s.repo.SetRef("refs/tags/v1", s.first); err != nil {
		t.Fatal(err)
	}
	got := s.makeRelease(map[string]any{"tag_name": "v1", "target_commitish": "no such branch"})
	if got.status != 201 || got.json["target_commitish"] != "no such branch" || s.repo.Ref("refs/tags/v1") != s.first {
		t.Errorf("%d %v", got.status, got.json["target_commitish"])
	}
	if got.json["created_at"] != "2026-01-02T03:04:05Z" {
		t.Errorf("created_at is %v, not the date of the tagged commit", got.json["created_at"])
	}
	s.lawful()
}

func TestReleaseRefusals(t *testing.T) {
	s := newStage(t)
	for name, c := range map[string]struct {
		body     map[string]any
		status   int
		problems string
	}{
		"short target":        {map[string]any{"tag_name": "v1", "target_commitish": s.tip[:10]}, 422, "Release/target_commitish/invalid/"},
		"no such target":      {map[string]any{"tag_name": "v1", "target_commitish": "nothing", "draft": true}, 422, "Release/target_commitish/invalid/"},
		"tag git refuses":     {map[string]any{"tag_name": "a..b"}, 422, "Release/tag_name/custom/tag_name is not well-formed; Release//custom/Published releases must have a valid tag"},
		"body too long":       {map[string]any{"tag_name": "v1", "body": strings.Repeat("ä", 125_001)}, 422, "Release/body/custom/body is too long (maximum is 125000 characters)"},
		"discussion category": {map[string]any{"tag_name": "v1", "discussion_category_name": "News"}, 404, ""},
	} {
		got := s.makeRelease(c.body)
		if got.status != c.status || problemsOf(got) != c.problems {
			t.Errorf("%s: %d %s", name, got.status, problemsOf(got))
		}
		if c.status == 422 && got.json["message"] != "Validation Failed" {
			t.Errorf("%s: message %v", name, got.json["message"])
		}
	}
	if got := len(s.srv.Effects()); got != 0 {
		t.Errorf("%d effects of refused requests", got)
	}
	if got := s.makeRelease(map[string]any{"tag_name": "v1", "body": strings.Repeat("ä", 125_000)}); got.status != 201 {
		t.Errorf("control: %d", got.status)
	}
	s.lawful()
}

func TestManyDraftsOneRelease(t *testing.T) {
	s := newStage(t)
	a, b := s.draft("v1"), s.draft("v1")
	if a == b {
		t.Fatal("two drafts have one id")
	}
	if got := s.publish(a); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if again := s.publish(a); again.status != 200 {
		t.Errorf("publishing is not idempotent: %d %s", again.status, again.raw)
	}
	for _, got := range []reply{s.publish(b), s.makeRelease(map[string]any{"tag_name": "v1"})} {
		if got.status != 422 || problemsOf(got) != "Release/tag_name/already_exists/" || got.json["documentation_url"] == nil {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	s.lawful()
}

func TestDraftsAreHidden(t *testing.T) {
	s := newStage(t)
	id := s.draft("v1")
	for secret, want := range map[string]int{pushSecret: 200, readSecret: 404, "": 404} {
		if got := s.ask(secret, "GET", s.releasePath(id), nil); got.status != want {
			t.Errorf("by id: %d, want %d", got.status, want)
		}
		if got := s.ask(secret, "GET", s.releasePath(id)+"/assets", nil); got.status != want {
			t.Errorf("assets: %d, want %d", got.status, want)
		}
		list := s.ask(secret, "GET", repoPath+"/releases", nil)
		if seen := strings.Contains(string(list.raw), `"tag_name"`); seen != (want == 200) {
			t.Errorf("in the list: %v", seen)
		}
	}
	if got := s.ask(pushSecret, "GET", repoPath+"/releases/tags/v1", nil); got.status != 404 {
		t.Errorf("by tag: %d", got.status)
	}
	s.publish(id)
	if got := s.ask("", "GET", repoPath+"/releases/tags/v1", nil); got.status != 200 {
		t.Errorf("published: %d", got.status)
	}
	s.lawful()
}

func TestLatest(t *testing.T) {
	s := newStage(t)
	latest := func() any {
		return s.ask("", "GET", repoPath+"/releases/latest", nil).json["tag_name"]
	}
	step := func(want any, body map[string]any) {
		t.Helper()
		if got := s.makeRelease(body); got.status != 201 {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		if got := latest(); got != want {
			t.Errorf("after %v the latest is %v, want %v", body["tag_name"], got, want)
		}
	}
	step(nil, map[string]any{"tag_name": "pre", "prerelease": true})
	step(nil, map[string]any{"tag_name": "d", "draft": true})
	step("v2", map[string]any{"tag_name": "v2"})
	step("v2", map[string]any{"tag_name": "v1.1", "make_latest": "false"})
	step("v2", map[string]any{"tag_name": "v3-rc", "prerelease": true, "make_latest": "true"})
	step("v3", map[string]any{"tag_name": "v3"})
	step("v1.2", map[string]any{"tag_name": "v1.2"}) // the badge is stolen: "true" is the default
	step("old", map[string]any{"tag_name": "old", "target_commitish": s.first, "make_latest": "true"})
	step("v4", map[string]any{"tag_name": "v4", "make_latest": "legacy"}) // by date, then by order
	s.lawful()
}

func TestImmutableRelease(t *testing.T) {
	s := newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets", ImmutableReleases: true}, githubtest.Options{})
	if got := s.ask(readSecret, "GET", repoPath+"/immutable-releases", nil); got.status != 200 || got.json["enabled"] != true {
		t.Errorf("setting: %d %s", got.status, got.raw)
	}
	id := s.draft("v1")
	if got := s.upload(id, "a.bin", "a"); got.status != 201 {
		t.Fatalf("a draft takes no assets: %d %s", got.status, got.raw)
	}
	if got := s.publish(id); got.json["immutable"] != true {
		t.Fatalf("published: %s", got.raw)
	}
	assets := s.ask(readSecret, "GET", s.releasePath(id), nil).json["assets"].([]any)
	asset := int64(assets[0].(map[string]any)["id"].(float64))
	if got := s.upload(id, "b.bin", "b"); got.status != 422 || got.json["message"] != "Cannot upload assets to an immutable release." {
		t.Errorf("upload: %d %s", got.status, got.raw)
	}
	if got := s.ask(pushSecret, "DELETE", fmt.Sprintf("%s/releases/assets/%d", repoPath, asset), nil); got.status != 422 {
		t.Errorf("deleting an asset: %d", got.status)
	}
	for _, change := range []map[string]any{{"tag_name": "v2"}, {"draft": true}, {"target_commitish": "main"}} {
		if got := s.ask(pushSecret, "PATCH", s.releasePath(id), change); got.status != 422 {
			t.Errorf("%v: %d", change, got.status)
		}
	}
	if got := s.ask(pushSecret, "PATCH", s.releasePath(id), map[string]any{"body": "a better text"}); got.status != 200 {
		t.Errorf("notes: %d %s", got.status, got.raw)
	}
	if got := s.ask(pushSecret, "DELETE", s.releasePath(id), nil); got.status != 204 {
		t.Fatalf("delete: %d", got.status)
	}
	again := s.draft("v1") // a draft is still possible, publishing is not
	got := s.publish(again)
	if got.status != 422 || !strings.Contains(problemsOf(got), "tag_name was used by an immutable release") {
		t.Errorf("burnt tag: %d %s", got.status, problemsOf(got))
	}
	if got := s.publish(s.draft("v1.0.1")); got.status != 200 {
		t.Errorf("control: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestMutableReleaseBurnsNothing(t *testing.T) {
	s := newStage(t)
	if got := s.ask(readSecret, "GET", repoPath+"/immutable-releases", nil); got.status != 404 {
		t.Errorf("setting: %d", got.status)
	}
	id := s.draft("v1")
	s.publish(id)
	if got := s.upload(id, "late.bin", "x"); got.status != 201 {
		t.Errorf("a late asset: %d", got.status)
	}
	s.ask(pushSecret, "DELETE", s.releasePath(id), nil)
	if got := s.publish(s.draft("v1")); got.status != 200 {
		t.Errorf("again: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestPages(t *testing.T) {
	s := newStage(t)
	for n := range 7 {
		s.draft(fmt.Sprintf("v%d", n))
	}
	first := s.ask(pushSecret, "GET", repoPath+"/releases?per_page=3", nil)
	link := first.header.Get("Link")
	for _, want := range []string{`page=2&per_page=3>; rel="next"`, `page=3&per_page=3>; rel="last"`, "/repositories/"} {
		if !strings.Contains(link, want) {
			t.Errorf("Link %s lacks %s", link, want)
		}
	}
	seen := 0
	for at := s.srv.API()[:len(s.srv.API())-1] + repoPath + "/releases?per_page=3"; at != ""; {
		got := s.ask(pushSecret, "GET", at, nil)
		seen += strings.Count(string(got.raw), `"tag_name"`)
		at = next(got.header.Get("Link"))
	}
	if seen != 7 {
		t.Errorf("saw %d of 7 releases", seen)
	}
	if got := s.ask(pushSecret, "GET", repoPath+"/releases?page=9", nil); strings.TrimSpace(string(got.raw)) != "[]" {
		t.Errorf("beyond the end: %s", got.raw)
	}
	s.lawful()
}

func next(link string) string {
	for part := range strings.SplitSeq(link, ", ") {
		if address, found := strings.CutSuffix(part, `>; rel="next"`); found {
			return strings.TrimPrefix(address, "<")
		}
	}
	return ""
}
