package federation

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/policy"
)

// The facts of [policy.Observed], as [Unread] names them.
const (
	FactRepository     = "repository" // all of them
	FactTagAbsent      = "tag_absent"
	FactCommitOnBranch = "commit_on_branch"
	FactHeadSHA        = "head_sha"
)

// Unread is a fact that could not be read from GitHub, and why.
type Unread struct{ Fact, Why string }

// Seen is what the Core read about one operation. The facts that are unread say nothing.
type Seen struct {
	Facts  policy.Observed
	TagAt  string // the object that the tag is at; "" for no tag
	Unread []Unread
	Stale  string // what makes the plan stale by itself; "" for nothing
}

// observed returns the facts for policy: all of them, or nil. Policy knows no fact that may be missing.
func (w OperationState) observed() *policy.Observed {
	if w.Seen == nil || w.Seen.Stale != "" || len(w.Seen.Unread) > 0 {
		return nil
	}
	return &w.Seen.Facts
}

func (s *Seen) has(fact string) bool {
	unread := func(u Unread) bool { return u.Fact == fact || u.Fact == FactRepository }
	return s != nil && s.Stale == "" && !slices.ContainsFunc(s.Unread, unread)
}

// stale lists what was read that no longer is as planned. What could not be read does not count as if it were.
func (s *Seen) stale(w OperationState) (out []string) {
	if s == nil {
		return nil
	}
	if s.Stale != "" {
		out = append(out, s.Stale)
	}
	if w.Op.Tag != nil && s.has(FactTagAbsent) {
		out = append(out, s.staleTag(w.Op.Tag)...)
	}
	if pr := w.Op.PullRequest; pr != nil && pr.Changes == nil && s.has(FactHeadSHA) && s.Facts.HeadSHA != pr.Head.SHA {
		out = append(out, fmt.Sprintf("the branch %s is at %.40q by now", pr.Head.Branch, s.Facts.HeadSHA))
	}
	if s.has(FactRepository) && s.Facts.Archived {
		out = append(out, "the repository is archived by now")
	}
	return out
}

// staleTag says that a tag to be made is there, or that one to be found is not where it was planned. One that another operation of
// the plan makes may be there or not.
func (s *Seen) staleTag(t *marketops.Tag) []string {
	switch e := t.Existing; {
	case e == nil && !s.Facts.TagAbsent:
		return []string{fmt.Sprintf("the tag %s is there by now", t.Name)}
	case e != nil && e.After.IsZero() && s.Facts.TagAbsent:
		return []string{fmt.Sprintf("the tag %s is not there any more", t.Name)}
	case e != nil && e.After.IsZero() && s.TagAt != e.Object:
		return []string{fmt.Sprintf("the tag %s was planned at %s, and is at %.64q by now", t.Name, e.Object, s.TagAt)}
	}
	return nil
}

// unread lists the facts that could not be read, with what to do; nil if every one was.
func (w OperationState) unread() (out []string) {
	if w.Seen == nil {
		return []string{"GitHub was not read for " + w.Op.Target.FullName + "; ask again"}
	}
	for _, u := range w.Seen.Unread {
		out = append(out, fmt.Sprintf("%s of %s could not be read: %.300s; ask again, and if it stays so see that github.read_token of core.yaml may read the repository",
			u.Fact, w.Op.Target.FullName, u.Why))
	}
	if out == nil && w.Seen.Stale != "" {
		out = []string{"nothing was read: " + w.Seen.Stale}
	}
	return out
}
