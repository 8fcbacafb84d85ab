package plan

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

// room refuses a ref above or below another one: git keeps refs as files in folders, and GitHub answers no more than
// "Reference update failed" (microsoft/vscode-remote-repositories-github#122).
func room(name string, looked Ref) error {
	if looked.Beside == "" {
		return nil
	}
	return denyDifference(marketops.RuleDenied, fmt.Sprintf("%s is on GitHub, and git has no room for %s beside it: one would be the folder of the other", looked.Beside, name),
		fmt.Sprintf("choose a name that does not begin with %q", common(looked.Beside, name)+"/"), "no ref above or below it", looked.Beside)
}

// common is the shorter of two names of which one is the folder of the other, without refs/heads/ or refs/tags/.
func common(a, b string) string {
	if len(b) < len(a) {
		a = b
	}
	return strings.TrimPrefix(strings.TrimPrefix(a, "refs/heads/"), "refs/tags/")
}

// ref is the name of the ref that a candidate makes, or "".
func (c *candidate) ref() string {
	switch p := c.op.PullRequest; {
	case c.op.Tag != nil:
		return "refs/tags/" + c.op.Tag.Name
	case p != nil && len(c.pub.Changes) > 0:
		return "refs/heads/" + p.Head.Branch
	}
	return ""
}

// refuseCollisions refuses two publications of one repository whose refs have no room beside each other, and warns of
// refs that differ in letter case only.
func (e *engine) refuseCollisions() {
	for _, c := range e.candidates {
		for _, other := range e.candidates {
			if other == c || !c.known() || other.repo.ID != c.repo.ID || c.ref() == "" || other.ref() == "" {
				continue
			}
			if marketops.RefsCollide(c.ref(), other.ref()) {
				c.reject(deny(marketops.RuleDenied, fmt.Sprintf("publication %d makes %s, and git has no room for %s beside it: one would be the folder of the other", other.number, other.ref(), c.ref()),
					"give one of them another name"))
				break
			}
			if c.ref() != other.ref() && strings.EqualFold(c.ref(), other.ref()) {
				c.find("letter-case", document.Warning, fmt.Sprintf("publication %d makes %s, which differs in letter case only; some file systems take them for one", other.number, other.ref()))
			}
		}
	}
}
