package serve

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/plan/discover"
)

// observer answers the Core's questions about GitHub from a source that cannot write.
type observer struct {
	source plan.Source
	host   marketops.Host
}

func newObserver(gh config.CoreGitHub, token marketops.Secret) (federation.Observer, error) {
	source, err := discover.New(gh.API, gh.Roots, token, time.Now)
	if err != nil {
		return nil, err
	}
	return observer{source, gh.Host()}, nil
}

// Observe implements [federation.Observer]. The repository must be the one of this host and id:
// the name alone may have been given to another one since. Each fact is asked by itself: what one question has no answer
// to leaves the others as they are.
func (o observer) Observe(ctx context.Context, op marketops.Operation) (seen federation.Seen) {
	name := op.Target.FullName
	if op.Target.Host != o.host {
		seen.Stale = fmt.Sprintf("the operation is for %s, this Core observes %s", op.Target.Host, o.host)
		return seen
	}
	repo, err := o.source.Repository(ctx, name)
	if err != nil {
		return federation.Seen{Unread: []federation.Unread{{Fact: federation.FactRepository, Why: err.Error()}}}
	}
	if repo.ID != op.Target.RepositoryID {
		seen.Stale = fmt.Sprintf("%s is repository %d by now, not %d", name, repo.ID, op.Target.RepositoryID)
		return seen
	}
	seen.Facts.DefaultBranch, seen.Facts.Archived = repo.DefaultBranch, repo.Archived
	l := look{o.source, name, &seen}
	if op.Tag != nil {
		l.tag(ctx, op.Tag.Name)
		l.commit(ctx, repo.DefaultBranch, op.Tag.Commit)
	}
	if pr := op.PullRequest; pr != nil && pr.Changes == nil {
		l.head(ctx, pr.Head.Branch)
	}
	return seen
}

// look asks for the facts about one operation.
type look struct {
	source plan.Source
	name   string // of the repository
	seen   *federation.Seen
}

func (l look) unread(fact string, err error) {
	l.seen.Unread = append(l.seen.Unread, federation.Unread{Fact: fact, Why: err.Error()})
}

var errNoAnswer = errors.New("GitHub's answer does not say")

func (l look) tag(ctx context.Context, name string) {
	there, err := l.source.Tag(ctx, l.name, name)
	if err == nil && there.Presence != plan.Absent && there.Presence != plan.Present {
		err = errNoAnswer
	}
	if err != nil {
		l.unread(federation.FactTagAbsent, err)
		return
	}
	l.seen.TagAt = there.SHA
	l.seen.Facts.TagAbsent = there.Presence == plan.Absent
}

func (l look) commit(ctx context.Context, branch, sha string) {
	l.seen.Facts.HeadSHA = sha
	on, err := l.source.OnBranch(ctx, l.name, branch, sha)
	if err != nil {
		l.unread(federation.FactCommitOnBranch, err)
		return
	}
	l.seen.Facts.CommitOnBranch = on
}

func (l look) head(ctx context.Context, branch string) {
	head, err := l.source.Branch(ctx, l.name, branch)
	if err == nil && head.Presence != plan.Absent && head.Presence != plan.Present {
		err = errNoAnswer
	}
	if err != nil {
		l.unread(federation.FactHeadSHA, err)
		return
	}
	l.seen.Facts.HeadSHA = head.SHA
}
