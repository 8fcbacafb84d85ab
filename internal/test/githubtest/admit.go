package githubtest

import (
	"net/http"
	"strconv"
	"strings"
)

// uploadOperation is the one operation of the uploads origin.
const uploadOperation = "repos/upload-release-asset"

// respond is the honest way from a request to its answer; the caller holds s.mu. stale
// lets reads see the state before the last change.
func (s *Server) respond(c *call, stale bool) answer {
	if refused, stop := c.admitted(); stop {
		return refused
	}
	return c.act(stale)
}

// admitted holds a request against everything that does not depend on the operation, in
// GitHub's order: who, whether too often, where, whether allowed, whether well-formed.
func (c *call) admitted() (answer, bool) {
	violation := c.server.schema.request(c)
	if c.route != nil && c.route.ID == mintOperation && c.app == nil {
		return c.refuse(http.StatusUnauthorized, wordsBadJWT), true
	}
	if c.entry.Auth == AuthWrong || c.app != nil && (c.route == nil || c.route.ID != mintOperation) {
		return c.refuse(http.StatusUnauthorized, wordsBadSecret), true
	}
	if c.route == nil {
		return c.notFound(), true
	}
	if refused, stop := c.server.limit(c); stop {
		return refused, true
	}
	if refused, stop := c.admit(); stop {
		return refused, true
	}
	if violation != nil {
		return *violation, true
	}
	return answer{}, false
}

// act runs the operation and remembers what was before, if it changed something.
func (c *call) act(stale bool) answer {
	if c.repo == nil {
		return c.route.answer(c)
	}
	c.view = c.repo.live
	if c.route.Method == http.MethodGet {
		if stale && c.repo.before != nil {
			c.view = c.repo.before
		}
		return c.route.answer(c)
	}
	before := c.repo.snapshot()
	a := c.route.answer(c)
	if len(a.effects) > 0 {
		c.repo.before = before
		c.server.journal.record(c.entry, a.effects)
	}
	return a
}

// admit finds the repository and decides whether the caller may go on.
func (c *call) admit() (answer, bool) {
	owner, named := c.params["owner"]
	if !named {
		return answer{}, false
	}
	repo := c.server.repos[key(owner, c.params["repo"])]
	if repo == nil || repo.spec.Private && !c.token.reaches(repo) {
		return c.notFound(), true
	}
	if key(owner, c.params["repo"]) != key(repo.spec.Owner, repo.spec.Name) {
		return c.moved(repo), true
	}
	c.repo = repo
	c.push = c.token.reaches(repo) && c.token.may("contents", "write") && c.token.scoped(repo)
	if repo.spec.Disabled {
		return c.refuse(http.StatusForbidden, wordsBlocked), true
	}
	subject, access := permissionOf(c.route)
	if c.route.Method != http.MethodGet {
		return c.admitWrite(subject)
	}
	if repo.spec.Private && c.route.ID != "repos/get" && !c.token.may(subject, access) {
		return c.refuse(http.StatusForbidden, c.token.denied()), true
	}
	return answer{}, false
}

func (c *call) admitWrite(subject string) (answer, bool) {
	switch {
	case c.token == nil:
		return c.refuse(http.StatusUnauthorized, wordsNeedsAuth), true
	case !c.token.reaches(c.repo) || !c.token.may(subject, "write") || !c.token.scoped(c.repo):
		return c.refuse(http.StatusForbidden, c.token.denied()), true
	case c.repo.spec.Archived:
		return c.refuse(http.StatusForbidden, wordsArchived), true
	}
	return answer{}, false
}

// moved sends callers of a renamed repository to its numeric address: 301 for reads, 307
// for writes, which repeats method and body there.
func (c *call) moved(repo *Repo) answer {
	status := http.StatusMovedPermanently
	if c.route.Method != http.MethodGet {
		status = http.StatusTemporaryRedirect
	}
	rest := strings.SplitN(c.request.URL.EscapedPath(), "/", 5) // "", "repos", owner, name, rest
	where := c.server.origins[c.host] + "/repositories/" + strconv.FormatInt(repo.spec.ID, 10)
	if len(rest) == 5 {
		where += "/" + rest[4]
	}
	if q := c.request.URL.RawQuery; q != "" {
		where += "?" + q
	}
	return answer{
		status: status, header: http.Header{"Location": {where}},
		body: object{"message": "Moved Permanently", "url": where, "documentation_url": c.docs()},
	}
}

// currentPath turns "/repositories/{id}/…", which redirects and Link headers use, into the
// path with the repository's present name.
func (s *Server) currentPath(path string) string {
	rest, found := strings.CutPrefix(path, "/repositories/")
	if !found {
		return path
	}
	number, rest, _ := strings.Cut(rest, "/")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return path
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repo := s.byID[id]
	if repo == nil {
		return path
	}
	return strings.TrimSuffix("/repos/"+repo.FullName()+"/"+rest, "/")
}

// permissionOf is the fine-grained permission GitHub names for an operation.
func permissionOf(r *route) (subject, access string) {
	subject, access = "contents", "read"
	if strings.HasPrefix(r.ID, "pulls/") {
		subject = "pull_requests"
	}
	if r.Method != http.MethodGet {
		access = "write"
	}
	return subject, access
}
