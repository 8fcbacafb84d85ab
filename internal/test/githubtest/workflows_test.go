package githubtest_test

import (
	"testing"

	"github.com/omega/marketops/internal/test/githubtest"
)

// plainSecret is of a fine-grained token without Workflows: write.
const plainSecret = "a-token-without-workflows"

// TestWorkflows: a ref or release at a commit with other workflows than the default branch's needs Workflows:
// write (BerriAI/litellm#31422).
func TestWorkflows(t *testing.T) {
	s := newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}, githubtest.Options{})
	ref := func(token, name, sha string) reply {
		return s.ask(token, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/" + name, "sha": sha})
	}
	if got := ref(plainSecret, "same", s.first); got.status != 201 {
		t.Errorf("the same workflows: %d %s", got.status, got.raw)
	}
	head, err := s.repo.Commit("main", githubtest.Change{Message: "a workflow", Files: map[string]string{".github/workflows/ci.yml": "on: push"}})
	if err != nil {
		t.Fatal(err)
	}
	got := ref(plainSecret, "old", s.first)
	if got.status != 403 || got.header.Get("X-Accepted-Github-Permissions") != "contents=write; contents=write,workflows=write" {
		t.Errorf("other workflows: %d %v", got.status, got.header)
	}
	if got := s.ask(plainSecret, "POST", repoPath+"/releases", map[string]any{"tag_name": "old", "target_commitish": s.first, "draft": true}); got.status != 403 {
		t.Errorf("a release: %d %s", got.status, got.raw)
	}
	if got := ref(plainSecret, "new", head); got.status != 201 {
		t.Errorf("of the default branch: %d %s", got.status, got.raw)
	}
	if got := ref(pushSecret, "old", s.first); got.status != 201 {
		t.Errorf("with the permission: %d %s", got.status, got.raw)
	}
	s.lawful()
}
