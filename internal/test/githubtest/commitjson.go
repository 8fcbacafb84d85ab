package githubtest

import (
	"net/http"
	"strings"
)

// mediaSHA asks for a commit's id as text.
const mediaSHA = "application/vnd.github.sha"

func unsigned() object {
	return object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
}

// gitCommitJSON is the commit of the git database.
func (c *call) gitCommitJSON(k commit) object {
	return object{
		"sha": k.sha, "node_id": nodeID("Commit", c.repo.spec.ID, k.sha), "url": c.objectURL("commit", k.sha),
		"html_url": c.webRepo("/commit/" + k.sha), "author": k.author.json(), "committer": k.committer.json(),
		"message": k.message, "tree": object{"sha": k.tree, "url": c.objectURL("tree", k.tree)},
		"parents": c.parentsJSON(k), "verification": unsigned(),
	}
}

// commitJSON is the commit of the repository, which wraps the other.
func (c *call) commitJSON(k commit) object {
	url := c.repoURL("/commits/" + k.sha)
	return object{
		"sha": k.sha, "node_id": nodeID("Commit", c.repo.spec.ID, k.sha), "url": url,
		"html_url": c.webRepo("/commit/" + k.sha), "comments_url": url + "/comments",
		"author": nil, "committer": nil, "parents": c.parentsJSON(k),
		"commit": object{
			"url": c.objectURL("commit", k.sha), "author": k.author.json(), "committer": k.committer.json(),
			"message": k.message, "tree": object{"sha": k.tree, "url": c.objectURL("tree", k.tree)},
			"comment_count": 0, "verification": unsigned(),
		},
	}
}

func (c *call) parentsJSON(k commit) []object {
	parents := []object{}
	for _, p := range k.parents {
		parents = append(parents, object{
			"sha": p, "url": c.repoURL("/commits/" + p), "html_url": c.webRepo("/commit/" + p),
		})
	}
	return parents
}

func getGitCommit(c *call) answer {
	k, err := c.repo.git.commit(c.params["commit_sha"])
	if err != nil {
		return c.notFound()
	}
	return ok(c.gitCommitJSON(k))
}

func getCommit(c *call) answer {
	k, found := c.commitish(c.params["ref"])
	if !found {
		return c.unprocessable("No commit found for SHA: " + c.params["ref"])
	}
	if strings.Contains(c.request.Header.Get("Accept"), "sha") {
		return answer{status: http.StatusOK, raw: []byte(k.sha), media: mediaSHA + "; charset=utf-8"}
	}
	body := c.commitJSON(k)
	files := c.repo.git.changes(firstParent(k), k.sha)
	body["files"], body["stats"] = c.filesJSON(k.sha, files), stats(files)
	return ok(body)
}

func firstParent(k commit) string {
	if len(k.parents) == 0 {
		return ""
	}
	return k.parents[0]
}
