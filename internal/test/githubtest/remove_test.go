package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/omega/marketops/internal/test/githubtest"
)

// TestRemoval: refs are deleted and pull requests closed, each once; what is not there is refused.
func TestRemoval(t *testing.T) {
	s := newStage(t)
	s.commit("topic", "third", "a", "a")
	s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.tip})
	number := fmt.Sprintf("%s/pulls/%v", repoPath, s.openPull("topic").json["number"])
	closed := map[string]any{"state": "closed"}
	for _, step := range []struct {
		method, path string
		in           any
		want         int
	}{
		{"PATCH", number, closed, 200},
		{"PATCH", number, closed, 200},
		{"PATCH", repoPath + "/pulls/99", closed, 404},
		{"DELETE", repoPath + "/git/refs/heads/topic", nil, 204},
		{"DELETE", repoPath + "/git/refs/heads/topic", nil, 422},
		{"DELETE", repoPath + "/git/refs/tags/v1", nil, 204},
	} {
		if got := s.ask(pushSecret, step.method, step.path, step.in); got.status != step.want {
			t.Errorf("%s %s: %d %s", step.method, step.path, got.status, got.raw)
		}
	}
	count := map[githubtest.Kind]int{}
	for _, e := range s.srv.Effects() {
		count[e.Kind]++
	}
	if count[githubtest.PullClosed] != 1 || count[githubtest.RefDeleted] != 2 || s.repo.Ref("refs/heads/topic") != "" {
		t.Errorf("%v", count)
	}
	s.lawful()
}
