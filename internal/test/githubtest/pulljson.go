package githubtest

import "fmt"

func (c *call) pullJSON(p *pull) object {
	url := c.repoURL(fmt.Sprintf("/pulls/%d", p.number))
	issue := c.repoURL(fmt.Sprintf("/issues/%d", p.number))
	web := c.webRepo(fmt.Sprintf("/pull/%d", p.number))
	statuses := c.repoURL("/statuses/" + c.tip(p))
	body := object{
		"id": p.id, "node_id": nodeID("PullRequest", p.id), "number": p.number, "url": url, "html_url": web,
		"diff_url": web + ".diff", "patch_url": web + ".patch", "issue_url": issue, "commits_url": url + "/commits",
		"review_comments_url": url + "/comments", "review_comment_url": c.repoURL("/pulls/comments{/number}"),
		"comments_url": issue + "/comments", "statuses_url": statuses,
		"state": p.state(), "locked": false, "title": p.title, "body": p.bodyOrNull(), "draft": p.draft,
		"user": c.server.userJSON(p.author), "author_association": "MEMBER", "auto_merge": nil,
		"labels": []object{}, "assignees": []object{}, "requested_reviewers": []object{}, "requested_teams": []object{},
		"milestone": nil, "assignee": nil, "merge_commit_sha": nil,
		"created_at": stamp(p.created), "updated_at": stamp(p.created),
		"closed_at": stampOrNull(p.closedAt), "merged_at": nil,
		"head": c.sideJSON(p.head, c.tip(p)), "base": c.sideJSON(p.base, p.baseSHA),
		"_links": links(map[string]string{
			"self": url, "html": web, "issue": issue, "comments": issue + "/comments", "review_comments": url + "/comments",
			"review_comment": c.repoURL("/pulls/comments{/number}"), "commits": url + "/commits", "statuses": statuses,
		}),
	}
	if p.merged {
		body["merged_at"] = stamp(p.closedAt)
	}
	return body
}

// fullPullJSON adds what only the answer for a single pull request has.
func (c *call) fullPullJSON(p *pull) object {
	body := c.pullJSON(p)
	files := c.repo.git.changes(p.baseSHA, c.tip(p))
	counted := stats(files)
	ahead, _ := c.repo.git.distance(p.baseSHA, c.tip(p))
	body["merged"], body["merged_by"] = p.merged, nil
	body["mergeable"], body["mergeable_state"], body["rebaseable"] = nil, "unknown", nil
	if p.seen {
		body["mergeable"], body["mergeable_state"] = true, "clean"
	}
	body["comments"], body["review_comments"], body["maintainer_can_modify"] = 0, 0, p.modify
	body["commits"], body["changed_files"] = ahead, len(files)
	body["additions"], body["deletions"] = counted["additions"], counted["deletions"]
	return body
}

func (c *call) sideJSON(branch, sha string) object {
	owner := c.repo.spec.Owner
	return object{
		"label": owner + ":" + branch, "ref": branch, "sha": sha,
		"user": c.server.userJSON(owner), "repo": c.repoJSON(),
	}
}

func (p *pull) state() string {
	if p.open {
		return "open"
	}
	return "closed"
}

func (p *pull) bodyOrNull() any {
	if p.body == "" {
		return nil
	}
	return p.body
}

func links(to map[string]string) object {
	out := object{}
	for name, href := range to {
		out[name] = object{"href": href}
	}
	return out
}
