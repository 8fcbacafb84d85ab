package githubtest

import "net/http"

func getBranch(c *call) answer {
	name := c.params["branch"]
	r, found := lookup(c.refs(), "refs/heads/"+name)
	k, err := c.repo.git.commit(r.sha)
	if !found || err != nil {
		return c.refuse(http.StatusNotFound, wordsNoBranch)
	}
	url := c.repoURL("/branches/" + escapePath(name))
	return ok(object{
		"name": name, "commit": c.commitJSON(k), "protected": false,
		"_links":     object{"self": url, "html": c.webRepo("/tree/" + escapePath(name))},
		"protection": object{"enabled": false}, "protection_url": url + "/protection",
	})
}
