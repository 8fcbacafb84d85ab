package githubtest

import (
	"net/http"
	"strings"
)

const workflowsPath = ".github/workflows"

// mayChangeWorkflows reports whether a token may make refs to commits with other workflows than the default branch's.
func (t *Token) mayChangeWorkflows() bool {
	switch {
	case t == nil:
		return false
	case t.minted != nil:
		return t.minted.permissions["workflows"] == "write"
	}
	return !t.NoWorkflows
}

// lacksWorkflows reports whether GitHub refuses the caller a ref to a commit: its workflows differ from those of
// the default branch, and the credential has no Workflows: write (BerriAI/litellm#31422, cli/cli#9514,
// gke-labs/kube-agents#1470).
func (c *call) lacksWorkflows(sha string) bool {
	head, found := lookup(c.repo.git.refs(), "refs/heads/"+c.repo.spec.DefaultBranch)
	return found && !c.token.mayChangeWorkflows() && c.repo.git.workflows(sha) != c.repo.git.workflows(head.sha)
}

// workflows is the id of the tree of the workflows of a commit or of a tag of one, "" if it has none.
func (g git) workflows(sha string) string {
	k, err := g.peel(sha)
	if err != nil {
		return ""
	}
	out, err := g.run(nil, "rev-parse", "--verify", "--quiet", k.tree+":"+workflowsPath)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func (c *call) workflowsDenied() answer {
	a := c.refuse(http.StatusForbidden, c.token.denied())
	a.header = http.Header{"X-Accepted-Github-Permissions": {"contents=write; contents=write,workflows=write"}}
	return a
}
