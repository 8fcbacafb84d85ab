package plan

import (
	"context"
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
	remedy := fmt.Sprintf("choose a name that does not begin with %q", short(looked.Beside)+"/")
	if len(looked.Beside) > len(name) {
		remedy = fmt.Sprintf("choose a name other than %q, which is the folder of others", short(name))
	}
	return denyDifference(marketops.RuleDenied, fmt.Sprintf("%s is on GitHub, and git has no room for %s beside it: one would be the folder of the other", looked.Beside, name),
		remedy, "no ref above or below it", looked.Beside)
}

// short is a ref as people write it.
func short(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
}

// free refuses a ref for which there is no room, and warns of one that differs from it in letter case only.
func (e *engine) free(ctx context.Context, c *candidate, ref string, looked Ref) error {
	if err := room(ref, looked); err != nil {
		return err
	}
	return e.noteTwin(ctx, c, ref)
}

// noteTwin warns of a ref on GitHub that differs from the one that the candidate makes in letter case only.
func (e *engine) noteTwin(ctx context.Context, c *candidate, ref string) error {
	twin, err := e.o.Source.Twin(ctx, c.repo.FullName, ref)
	if err == nil && twin != "" {
		c.find("letter-case", document.Warning, fmt.Sprintf("%s is on GitHub, and %s differs from it in letter case only; some file systems take them for one", twin, ref))
	}
	return err
}

// ref is the name of the ref that a candidate makes, or "".
func (c *candidate) ref() string {
	switch p := c.op.PullRequest; {
	case c.op.Tag != nil && !c.pub.Existing:
		return "refs/tags/" + c.op.Tag.Name
	case p != nil && len(c.pub.Changes) > 0:
		return "refs/heads/" + p.Head.Branch
	}
	return ""
}

// refuseCollisions refuses two publications of one repository whose refs have no room beside each other, and warns of
// refs that differ in letter case only. A publication that is rejected anyway makes no ref.
func (e *engine) refuseCollisions() {
	var makers []*candidate
	for _, c := range e.candidates {
		if c.isPlanned() && c.ref() != "" {
			makers = append(makers, c)
		}
	}
	for _, c := range makers {
		for _, other := range makers {
			if other != c && other.repo.ID == c.repo.ID && c.refuseCollision(other) {
				break
			}
		}
	}
}

func (c *candidate) refuseCollision(other *candidate) bool {
	mine, theirs := c.ref(), other.ref()
	if marketops.RefsCollide(mine, theirs) {
		c.reject(deny(marketops.RuleDenied, fmt.Sprintf("publication %d makes %s, and git has no room for %s beside it: one would be the folder of the other", other.number, theirs, mine),
			"give one of them another name"))
		return true
	}
	if mine != theirs && short(mine) == short(theirs) {
		c.reject(deny(marketops.RuleDenied, fmt.Sprintf("publication %d makes %s, and git could mean either by %q", other.number, theirs, short(mine)), "give one of them another name"))
		return true
	}
	if mine != theirs && strings.EqualFold(mine, theirs) {
		c.find("letter-case", document.Warning, fmt.Sprintf("publication %d makes %s, which differs in letter case only; some file systems take them for one", other.number, theirs))
	}
	return false
}
