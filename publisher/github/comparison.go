package github

import (
	"slices"

	"github.com/omega/marketops"
)

// comparison is what lies between two commits.
type comparison struct {
	Base    object           `json:"base_commit"`
	Total   int              `json:"total_commits"`
	Behind  int              `json:"behind_by"`
	Commits []comparedCommit `json:"commits"`
	Files   []struct {
		Path   string `json:"filename"`
		Status string `json:"status"`
		SHA    string `json:"sha"`
	} `json:"files"`
}

// comparedCommit is one commit of a comparison.
type comparedCommit struct {
	SHA     string     `json:"sha"`
	Commit  fullCommit `json:"commit"`
	Parents []object   `json:"parents"`
}

// hasOurs reports whether our commit is among those of a comparison.
func (r branches) hasOurs(c *comparison) bool {
	return slices.ContainsFunc(c.Commits, func(k comparedCommit) bool { return r.isCommit(k.SHA) })
}

// compareShown names what a comparison with the planned commit shows otherwise than planned, or "".
func (r branches) compareShown(c *comparison) string {
	if c.Total != 1 || c.Behind != 0 || len(c.Commits) != 1 {
		return "other commits"
	}
	k := c.Commits[0]
	full := k.Commit
	full.SHA, full.Parents = k.SHA, k.Parents
	if difference := r.findDifference(&full); difference != "" {
		return "a commit with another " + difference
	}
	return r.compareFiles(c)
}

// compareFiles names what is not of the plan among the files that a comparison shows, or "". The list may be cut off
// and has no modes; the id of the commit covers everything.
func (r branches) compareFiles(c *comparison) string {
	planned := map[string]marketops.Change{}
	for _, ch := range r.op.PullRequest.Changes.Changes {
		planned[ch.Path] = ch
	}
	for _, f := range c.Files {
		ch, ok := planned[f.Path]
		switch {
		case !ok:
			return "a file that is not of the plan"
		case f.Status == "removed" || f.Status == "renamed" || f.SHA != ch.Blob:
			return "a file that is not the planned one"
		}
	}
	return ""
}
