package githubtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

func (s *stage) openPull(head string) reply {
	s.Helper()
	return s.ask(pushSecret, "POST", repoPath+"/pulls", map[string]any{"title": "t", "head": head, "base": "main"})
}

func TestPull(t *testing.T) {
	s := newStage(t)
	tip := s.commit("release/v1", "third", "CHANGELOG.md", "- one\n")
	gh, ctx := s.client(pushSecret), t.Context()
	made, _, err := gh.PullRequests.Create(ctx, "octo-org", "widgets", &github.NewPullRequest{
		Title: github.String("Prepare 1"), Head: github.String("release/v1"), Base: github.String("main"),
		Body: github.String("body"), MaintainerCanModify: github.Bool(false),
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.GetHead().GetSHA() != tip || made.GetBase().GetSHA() != s.tip || made.GetNumber() != 1 || made.GetChangedFiles() != 1 {
		t.Errorf("pull request %v", made)
	}
	if made.Mergeable != nil {
		t.Error("mergeable is known at once")
	}
	if seen, _, _ := gh.PullRequests.Get(ctx, "octo-org", "widgets", 1); seen.Mergeable != nil {
		t.Error("mergeable is known at the first look")
	}
	if seen, _, _ := gh.PullRequests.Get(ctx, "octo-org", "widgets", 1); !seen.GetMergeable() {
		t.Error("mergeable is never known")
	}
	next := s.commit("release/v1", "fourth", "CHANGELOG.md", "- two\n")
	if seen, _, _ := gh.PullRequests.Get(ctx, "octo-org", "widgets", 1); seen.GetHead().GetSHA() != next {
		t.Error("an open pull request does not follow its branch")
	}
	if s.repo.Ref("refs/pull/1/head") != tip {
		t.Error("git has no refs/pull/1/head")
	}
	s.lawful()
}

func TestPullRefusals(t *testing.T) {
	s := newStage(t)
	s.commit("topic", "third", "a", "a")
	if err := s.repo.SetRef("refs/heads/same", s.tip); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body     map[string]any
		problems string
	}{
		"no title": {map[string]any{"head": "topic", "base": "main"}, "PullRequest/title/missing_field/"},
		"no base":  {map[string]any{"title": "t", "head": "topic", "base": "nothing"}, "PullRequest/base/invalid/"},
		"no head":  {map[string]any{"title": "t", "head": "nothing", "base": "main"}, "PullRequest/head/invalid/"},
		"body too long": {map[string]any{"title": "t", "head": "topic", "base": "main", "body": strings.Repeat("ä", 65_537)},
			"Issue/body/custom/body is too long (maximum is 65536 characters)"},
		"title too long": {map[string]any{"title": strings.Repeat("t", 257), "head": "topic", "base": "main"},
			"Issue/title/custom/title is too long (maximum is 256 characters)"},
		"no commits": {map[string]any{"title": "t", "head": "same", "base": "main"}, "PullRequest//custom/No commits between main and same"},
	} {
		if got := s.ask(pushSecret, "POST", repoPath+"/pulls", c.body); got.status != 422 || problemsOf(got) != c.problems {
			t.Errorf("%s: %d %s", name, got.status, problemsOf(got))
		}
	}
	if got := s.openPull("octo-org:topic"); got.status != 201 {
		t.Fatalf("control: %d %s", got.status, got.raw)
	}
	got := s.openPull("topic")
	if got.status != 422 || problemsOf(got) != "PullRequest//custom/A pull request already exists for octo-org:topic." {
		t.Errorf("a second one: %d %s", got.status, problemsOf(got))
	}
	if err := s.repo.ClosePull(1, false); err != nil {
		t.Fatal(err)
	}
	if got := s.openPull("topic"); got.status != 201 || got.json["number"] != 2.0 {
		t.Errorf("after closing: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestListPulls(t *testing.T) {
	s := newStage(t)
	s.commit("a", "a", "a", "a")
	s.commit("b", "b", "b", "b")
	s.openPull("a")
	s.openPull("b")
	if err := s.repo.ClosePull(1, true); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		"":                          1,
		"state=all":                 2,
		"state=closed":              1,
		"state=all&head=octo-org:a": 1,
		"head=octo-org:a":           0, // it is closed
		"state=all&head=a":          2, // without an owner the filter does nothing
		"state=all&head=other:a":    0,
		"state=all&base=main":       2,
		"state=all&base=elsewhere":  0,
		"state=all&per_page=1":      1,
	} {
		got := s.ask(readSecret, "GET", repoPath+"/pulls?"+query, nil)
		if n := strings.Count(string(got.raw), `"issue_url"`); got.status != 200 || n-strings.Count(string(got.raw), `"issue_url":{`) != want {
			t.Errorf("%q: %d pull requests, status %d, want %d", query, n, got.status, want)
		}
	}
	if got := s.ask(readSecret, "GET", repoPath+"/pulls/1", nil); got.json["state"] != "closed" || got.json["merged"] != true || got.json["merged_at"] == nil {
		t.Errorf("merged: %v %v", got.json["state"], got.json["merged"])
	}
	if got := s.ask(readSecret, "GET", repoPath+"/pulls/9", nil); got.status != 404 {
		t.Errorf("no such number: %d", got.status)
	}
	s.lawful()
}
