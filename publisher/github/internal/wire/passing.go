package wire

import (
	"net/http"

	"github.com/omega/marketops"
)

// maxPassing is how often a call is made again after a refusal that GitHub may take back.
const maxPassing = 3

// passes reports whether GitHub gives a refusal in passing: 401 and 403 for a token that is seconds old
// (octokit/auth-app.js#65), and to a write 404 for what was made a moment ago (softprops/action-gh-release#760).
func (c *Call) passes(x *Exchange) bool {
	return x.status == http.StatusUnauthorized || x.status == http.StatusForbidden ||
		x.status == http.StatusNotFound && c.writes()
}

// refused tries a refusal that may pass again, the first 401 with another credential at once; then it is definite.
func (c *Caller) refused(call *Call, x *Exchange) error {
	c.last = x.body
	refusal := c.refusal(call, x)
	switch {
	case x.class() == unauthorised && !call.renewed:
		call.renewed = true
		return &retryAfter{}
	case call.exists && x.status == http.StatusNotFound:
		return refusal
	case call.passes(x) && call.refusals < maxPassing:
		call.refusals++
		return refusal
	}
	return Permanent(refusal)
}

// codeOf is the code of a definite refusal.
func codeOf(x *Exchange) marketops.Code {
	switch x.class() {
	case unauthorised:
		return marketops.TokenMissing
	case redirected:
		return marketops.RedirectRefused
	}
	return marketops.GitHubDenied
}
