package serve

import (
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/policy"
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
// the name alone may have been given to another one since.
func (o observer) Observe(ctx context.Context, op marketops.Operation) (*policy.Observed, error) {
	name := op.Target.FullName
	if op.Target.Host != o.host {
		return nil, marketops.Refuse(marketops.RepositoryMismatch, fmt.Sprintf("the operation is for %s, this Core observes %s", op.Target.Host, o.host))
	}
	repo, err := o.source.Repository(ctx, name)
	if err != nil {
		return nil, err
	}
	if repo.ID != op.Target.RepositoryID {
		return nil, marketops.Refuse(marketops.RepositoryMismatch, fmt.Sprintf("%s is repository %d by now, not %d", name, repo.ID, op.Target.RepositoryID))
	}
	out := &policy.Observed{DefaultBranch: repo.DefaultBranch, Archived: repo.Archived}
	if op.Tag != nil {
		return out, o.tag(ctx, name, repo.DefaultBranch, op.Tag, out)
	}
	if pr := op.PullRequest; pr != nil && pr.Changes == nil {
		head, err := o.source.Branch(ctx, name, pr.Head.Branch)
		if err != nil {
			return nil, err
		}
		out.HeadSHA = head.SHA
	}
	return out, nil
}

func (o observer) tag(ctx context.Context, name, branch string, t *marketops.Tag, out *policy.Observed) error {
	there, err := o.source.Tag(ctx, name, t.Name)
	if err != nil {
		return err
	}
	out.TagAbsent = there.Presence == plan.Absent
	out.CommitOnBranch, err = o.source.OnBranch(ctx, name, branch, t.Commit)
	out.HeadSHA = t.Commit
	return err
}
