package wire

import (
	"net/http"
	"slices"
	"strings"

	"github.com/omega/marketops"
)

// maxPassing is how often a call is made again after a refusal that GitHub may take back.
const maxPassing = 3

// passes reports whether GitHub gives a refusal in passing: 401 and 403 for a token that is seconds old
// (octokit/auth-app.js#65), and to a write 404 for what was made a moment ago (softprops/action-gh-release#760)
// or 422 that calls it invalid.
func (c *Call) passes(x *Exchange) bool {
	return x.status == http.StatusUnauthorized || x.status == http.StatusForbidden ||
		c.writes() && (x.status == http.StatusNotFound || x.status == http.StatusUnprocessableEntity && x.callsValueInvalid())
}

// lagging is how GitHub words a 422 about what it does not see yet: octokit/octokit.rb#622 and cli/cli#2691 of a
// branch that is seconds old, github/rest-api-description#4887 of a ref.
var lagging = []string{"No commits between", "sha can't be blank", "Head ref must be a branch", "Reference update failed", "Object does not exist"}

// callsValueInvalid reports whether a refusal is about a value that may be valid a moment later: {"field":
// "head", "code": "invalid"} of a branch that was just made (gitbutlerapp/gitbutler#4904). A value that is too long,
// that is missing or that exists already is refused finally.
func (x *Exchange) callsValueInvalid() bool {
	for _, e := range x.errorBody().Errors {
		if m, ok := e.(map[string]any); ok && m["code"] == "invalid" {
			return true
		}
	}
	reason := x.reason()
	return slices.ContainsFunc(lagging, func(words string) bool { return strings.Contains(reason, words) })
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
	case call.passes(x) && !c.said(x).Final && call.refusals < maxPassing:
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
