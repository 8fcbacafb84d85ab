package githubtest

import "strings"

// userJSON is GitHub's simple-user.
func (s *Server) userJSON(login string) object {
	url := s.apiURL("/users/%s", login)
	u := object{
		"login": login, "id": userID(login), "node_id": nodeID("User", login),
		"avatar_url": s.webURL("/avatars/%d", userID(login)), "gravatar_id": "",
		"url": url, "html_url": s.webURL("/%s", login), "type": "User", "site_admin": false, "user_view_type": "public",
		"gists_url": url + "/gists{/gist_id}", "starred_url": url + "/starred{/owner}{/repo}",
		"following_url": url + "/following{/other_user}", "events_url": url + "/events{/privacy}",
	}
	for _, plain := range []string{"followers", "subscriptions", "organizations:orgs", "repos", "received_events"} {
		name, path, renamed := strings.Cut(plain, ":")
		if !renamed {
			path = name
		}
		u[name+"_url"] = url + "/" + path
	}
	return u
}

func getUser(c *call) answer {
	if c.token == nil {
		return c.refuse(401, wordsNeedsAuth)
	}
	u := c.server.userJSON(c.token.Login)
	for _, absent := range []string{"name", "company", "blog", "location", "email", "hireable", "bio"} {
		u[absent] = nil
	}
	for _, none := range []string{
		"public_repos", "public_gists", "followers", "following", "private_gists",
		"total_private_repos", "owned_private_repos", "disk_usage", "collaborators",
	} {
		u[none] = 0
	}
	u["created_at"], u["updated_at"] = stamp(firstDate), stamp(firstDate)
	u["two_factor_authentication"], u["user_view_type"] = true, "private"
	return ok(u)
}
