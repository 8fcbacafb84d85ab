package github

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// repository is what GitHub says about a repository.
type repository struct {
	ID          int64  `json:"id"`
	NodeID      string `json:"node_id"`
	FullName    string `json:"full_name"`
	HTMLURL     string `json:"html_url"`
	Archived    bool   `json:"archived"`
	Disabled    bool   `json:"disabled"`
	Permissions *struct {
		Push bool `json:"push"`
	} `json:"permissions"`
}

// preflight holds the repository against the plan: the number decides, the name is checked
// beside it, because all further addresses are made of the name.
func (r *reader) preflight(ctx context.Context, toWrite bool) error {
	var repo repository
	if _, err := r.Get(ctx, "read the repository", r.path(""), &repo); err != nil {
		return err
	}
	t := r.op.Target
	if repo.ID != t.RepositoryID || repo.FullName != t.FullName {
		return &marketops.Failure{Code: marketops.RepositoryMismatch, State: wire.StateStopped, What: r.RedactLine(
			fmt.Sprintf("planned %s, number %d; GitHub has %s, number %d", t.FullName, t.RepositoryID, repo.FullName, repo.ID))}
	}
	r.facts.number("repository_id", repo.ID)
	r.facts.note("repository_node_id", repo.NodeID)
	if r.facts.url == "" && isWeb(repo.HTMLURL) {
		r.facts.url = repo.HTMLURL + r.webPath()
	}
	if !toWrite {
		return nil
	}
	why := ""
	switch {
	case repo.Archived || repo.Disabled:
		why = "the repository is archived or disabled"
	case repo.Permissions != nil && !repo.Permissions.Push:
		why = "the credential may not write to the repository"
	default:
		return nil
	}
	return &marketops.Failure{Code: marketops.GitHubDenied, What: why, State: wire.StateStopped}
}

// webPath is where a person can look before there is anything better.
func (r *reader) webPath() string {
	if r.op.PullRequest != nil {
		return "/pulls"
	}
	return "/tree/" + escapePath(r.op.Tag.Name)
}
