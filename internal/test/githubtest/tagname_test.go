package githubtest_test

import (
	"testing"

	"github.com/omega/marketops/internal/test/githubtest"
)

// TestReservedName: the tag name of a deleted immutable release is refused when the tag is made
// (SalamLang/Salam#1627) or only when a release is published for it.
func TestReservedName(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets", ImmutableReleases: true, LateReservation: late}, githubtest.Options{})
		id := s.draft("v1")
		s.publish(id)
		if got := s.ask(pushSecret, "DELETE", s.releasePath(id), nil); got.status != 204 {
			t.Fatalf("delete: %d", got.status)
		}
		if err := s.repo.DeleteRef("refs/tags/v1"); err != nil {
			t.Fatal(err)
		}
		want := map[bool]int{false: 422, true: 201}[late]
		if got := s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.first}); got.status != want {
			t.Errorf("late %t: %d %s", late, got.status, got.raw)
		}
		if got := s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v2", "sha": s.first}); got.status != 201 {
			t.Errorf("control: %d %s", got.status, got.raw)
		}
		s.lawful()
	}
}

// TestReleaseOnTag: a workflow publishes a release for each tag, and for nothing else.
func TestReleaseOnTag(t *testing.T) {
	s := newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets", ReleaseOnTag: true}, githubtest.Options{})
	s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/heads/next", "sha": s.first})
	if got := s.ask(readSecret, "GET", repoPath+"/releases/latest", nil); got.status != 404 {
		t.Errorf("after a branch: %d", got.status)
	}
	s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.first})
	if got := s.ask(readSecret, "GET", repoPath+"/releases/tags/v1", nil); got.status != 200 || got.json["draft"] != false {
		t.Errorf("after a tag: %d %s", got.status, got.raw)
	}
	s.lawful()
}
