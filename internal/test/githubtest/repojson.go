package githubtest

// repoLinks are the addresses a repository answer names, beside its own.
var repoLinks = map[string]string{
	"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
	"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}",
	"comments_url": "/comments{/number}", "commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
	"contents_url": "/contents/{+path}", "contributors_url": "/contributors", "deployments_url": "/deployments",
	"downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks", "git_commits_url": "/git/commits{/sha}",
	"git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}", "hooks_url": "/hooks",
	"issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
	"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}",
	"languages_url": "/languages", "merges_url": "/merges", "milestones_url": "/milestones{/number}",
	"notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
	"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
	"subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags",
	"teams_url": "/teams", "trees_url": "/git/trees{/sha}",
}

func getRepo(c *call) answer {
	body := c.repoJSON()
	body["subscribers_count"], body["network_count"] = 0, 0
	return ok(body)
}

// repoJSON is GitHub's repository; permissions are the caller's.
func (c *call) repoJSON() object {
	r := c.repo
	web := c.webRepo("")
	body := object{
		"id": r.spec.ID, "node_id": nodeID("Repository", r.spec.ID), "name": r.spec.Name, "full_name": r.FullName(),
		"owner": c.server.userJSON(r.spec.Owner), "private": r.spec.Private, "html_url": web, "url": c.repoURL(""),
		"description": nil, "fork": false, "default_branch": r.spec.DefaultBranch,
		"archived": r.spec.Archived, "disabled": r.spec.Disabled, "visibility": visibility(r.spec),
		"git_url": web + ".git", "ssh_url": web + ".git", "clone_url": web + ".git", "svn_url": web,
		"mirror_url": nil, "homepage": nil, "language": nil, "license": nil, "size": 1,
		"has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
		"has_discussions": false, "has_downloads": true,
		"created_at": stamp(r.created), "updated_at": stamp(r.created), "pushed_at": stamp(r.created),
	}
	for name, path := range repoLinks {
		body[name] = c.repoURL(path)
	}
	for _, none := range []string{
		"forks_count", "stargazers_count", "watchers_count", "open_issues_count", "forks", "open_issues", "watchers",
	} {
		body[none] = 0
	}
	if c.token != nil {
		body["permissions"] = c.userPermissions()
	}
	return body
}

// userPermissions are those of the user behind a token, and not the token's own. No user is behind an App's
// token: all are false, although it may write (semantic-release/github#182, flatpak-external-data-checker#223).
func (c *call) userPermissions() object {
	user := c.token.minted == nil
	push := user && c.token.Push && c.token.reaches(c.repo)
	return object{"admin": false, "maintain": false, "push": push, "triage": push, "pull": user}
}

func visibility(spec RepoSpec) string {
	if spec.Private {
		return "private"
	}
	return "public"
}

// getImmutableReleases is 404 while the setting is off, as GitHub describes it.
func getImmutableReleases(c *call) answer {
	if !c.repo.spec.ImmutableReleases {
		return c.notFound()
	}
	return ok(object{"enabled": true, "enforced_by_owner": false})
}
