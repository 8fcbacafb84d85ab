package app

import (
	"context"

	"github.com/omega/marketops"
)

// Permissions is what a token may do in its one repository. The zero value is refused.
type Permissions int

// What operations need.
const (
	ContentsWrite        Permissions = iota + 1 // tags and releases
	PullRequestsAndWrite                        // branches with content, and the pull request from them
)

// PermissionsFor returns the permissions that an operation of a kind needs; of an unknown kind none.
func PermissionsFor(k marketops.Kind) Permissions {
	switch k {
	case marketops.TagRepo, marketops.PublishRelease:
		return ContentsWrite
	case marketops.OpenPR:
		return PullRequestsAndWrite
	}
	return 0
}

// names are GitHub's words for the permissions.
func (p Permissions) names() map[string]string {
	switch p {
	case ContentsWrite:
		return map[string]string{"contents": "write"}
	case PullRequestsAndWrite:
		return map[string]string{"contents": "write", "pull_requests": "write"}
	}
	return nil
}

// grant is what one token is good for.
type grant struct {
	repository  int64
	permissions Permissions
	workflows   bool // the commit's workflows differ from the default branch's
}

// names are the permissions of a token.
func (g grant) names() map[string]string {
	names := g.permissions.names()
	if g.workflows && names != nil {
		names["workflows"] = "write"
	}
	return names
}

func (g grant) valid() bool { return g.repository > 0 && g.permissions.names() != nil }

type grantKey struct{}

// For returns a context for the work on one operation: [App.Current] then hands out the token
// for its repository and kind.
func For(ctx context.Context, op marketops.Operation) context.Context {
	return context.WithValue(ctx, grantKey{}, grant{repository: op.Target.RepositoryID, permissions: PermissionsFor(op.Kind)})
}

// WithWorkflows is a context under which [App.Current] hands out a token that may also touch workflows. GitHub
// wants that for a tag or branch whose workflows differ from those of the default branch.
func WithWorkflows(ctx context.Context) context.Context {
	g, _ := ctx.Value(grantKey{}).(grant)
	g.workflows = true
	return context.WithValue(ctx, grantKey{}, g)
}

// Current is Token for the operation that [For] put into the context; without one it is refused.
func (a *App) Current(ctx context.Context) (string, error) {
	g, _ := ctx.Value(grantKey{}).(grant)
	secret, err := a.token(ctx, g)
	return secret.Reveal(), err
}
