package github

import (
	"errors"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// workflowCases are what the default branch has besides the planned commit, and whether a ref to that commit
// then needs Workflows: write.
var workflowCases = []struct {
	name   string
	files  map[string]string
	needed bool
}{
	{"nothing", nil, false},
	{"another file", map[string]string{"a": "b"}, false},
	{"another file beside", map[string]string{".github/dependabot.yml": "b"}, false},
	{"a workflow", map[string]string{".github/workflows/ci.yml": "on: push"}, true},
}

// TestWorkflows: GitHub refuses a ref whose workflows differ from those of the default branch without
// Workflows: write (BerriAI/litellm#31422). The credential is asked for with it where that is needed, and the
// failure names it where it is missing.
func TestWorkflows(t *testing.T) {
	for _, c := range workflowCases {
		t.Run(c.name, func(t *testing.T) {
			t.Run("granted", func(t *testing.T) { applyBehind(newStage(t), c.files, c.needed, true) })
			t.Run("missing", func(t *testing.T) { applyBehind(newStage(t), c.files, c.needed, false) })
		})
	}
}

func applyBehind(s *stage, files map[string]string, needed, granted bool) {
	if files != nil {
		must(s.repo.Commit("main", githubtest.Change{Message: "later", Files: files}))
	}
	asked := false
	s.token = func() (string, error) {
		if asked = asked || s.needsWorkflows; s.needsWorkflows && granted {
			return secret, nil
		}
		return "no-workflows", nil
	}
	ev, err := s.apply(s.releaseOp())
	if asked != needed {
		s.Errorf("asked for with Workflows: write: %t", asked)
	}
	s.lawful()
	if granted || !needed {
		if err != nil {
			s.Error(err)
		}
		return
	}
	s.isFailure(err, marketops.GitHubDenied)
	var f *marketops.Failure
	if !errors.As(err, &f) || !strings.Contains(f.What, "Workflows: write") || !strings.Contains(f.Next, "give the credential Workflows: write") {
		s.Errorf("%+v", f)
	}
	if states(ev) != "tag=absent release=absent" || s.count(githubtest.RefCreated) != 0 {
		s.Errorf("%s %s", states(ev), s.kinds())
	}
}

// TestWorkflowsOfTag: a tag alone needs the same, and a GitHub that does not say what it accepts is explained.
func TestWorkflowsOfTag(t *testing.T) {
	s := newStage(t)
	must(s.repo.Commit("main", githubtest.Change{Message: "later", Files: map[string]string{".github/workflows/ci.yml": "on: push"}}))
	s.token = func() (string, error) { return "no-workflows", nil }
	s.front(func(a *answer) { a.Header.Del("X-Accepted-Github-Permissions") })
	ev, err := s.apply(s.tagOp())
	s.isFailure(err, marketops.GitHubDenied)
	var f *marketops.Failure
	if !errors.As(err, &f) || !strings.Contains(f.What, "differ from those of the branch main") || !strings.Contains(f.Next, "Workflows: write") || states(ev) != "tag=absent" {
		t.Errorf("%+v", f)
	}
}
