package app

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v88/github"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
)

const patience = 30 * time.Second // for one answer

// mint asks once, with a transport of its own: ghinstallation would go on using what it holds up
// to a minute before the end.
func (a *App) mint(ctx context.Context, g grant) (held, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	x := &exchange{base: a.transport, agent: a.options.UserAgent}
	apps, err := ghinstallation.NewAppsTransportWithOptions(x, a.options.AppID, ghinstallation.WithSigner(a.signer))
	if err != nil {
		return held{}, refused("the App's key cannot sign")
	}
	installation := ghinstallation.NewFromAppsTransport(apps, a.options.InstallationID)
	installation.BaseURL = a.base
	installation.InstallationTokenOptions = g.options()
	token, err := installation.Token(ctx)
	if bad := x.refusal(ctx, err); bad != nil {
		return held{}, bad
	}
	expires, _, err := installation.Expiry()
	if err != nil || token != x.told.Token {
		return held{}, refused("GitHub's answer can be read in two ways")
	}
	fresh := held{g, config.NewSecret(token), expires}
	if !x.narrowed(g) {
		return held{}, refused("GitHub's token is not narrowed to the one repository and the permissions asked for")
	}
	if !fresh.lasts(a.options.Now()) {
		return held{}, refused("GitHub's token ends too soon: is this machine's clock right?")
	}
	return fresh, nil
}

func (g grant) options() *github.InstallationTokenOptions {
	write := "write"
	p := &github.InstallationPermissions{Contents: &write}
	if g.permissions == PullRequestsAndWrite {
		p.PullRequests = &write
	}
	return &github.InstallationTokenOptions{RepositoryIDs: []int64{g.repository}, Permissions: p}
}

// narrowed reports whether the answer is for exactly the grant. Every App may read metadata.
func (x *exchange) narrowed(g grant) bool {
	if len(x.told.Repositories) != 1 || x.told.Repositories[0].ID != g.repository {
		return false
	}
	has := maps.Clone(x.told.Permissions)
	if has["metadata"] == "read" {
		delete(has, "metadata")
	}
	return maps.Equal(has, g.permissions.names())
}

// refusal is why there is no token, in our words; nil for an answer to look at.
func (x *exchange) refusal(ctx context.Context, err error) error {
	f := &marketops.Failure{Code: marketops.TokenMissing, State: nothingSent}
	switch {
	case x.status == http.StatusCreated && err == nil:
		return nil
	case x.status == 0 || x.err != nil || x.status >= 500:
		f.Code, f.What, f.Err = marketops.GitHubUnreachable, "no answer to the App's request for a token", x.cause(ctx)
	case x.status >= 300 && x.status < 400:
		f.Code, f.What = marketops.RedirectRefused, "the App's request for a token was redirected"
	case x.limited():
		f.Code, f.What = marketops.GitHubRateLimited, "the App asked for too many tokens"
	case x.status == http.StatusUnauthorized:
		f.What = "GitHub does not accept the App's id and key (401); the clock may be wrong too"
	case x.status == http.StatusForbidden:
		f.What = "the App's installation is suspended or not allowed here (403)"
	case x.status == http.StatusNotFound:
		f.What = "the App has no such installation (404)"
	case x.status == http.StatusUnprocessableEntity:
		f.What = "the App's installation does not cover the repository, or was not granted contents: write, and pull_requests: write to open one (422)"
	default:
		f.What = "GitHub's answer to the App's request for a token cannot be used"
	}
	return f
}

// cause keeps what cannot hold words of the server: whose patience ended, and failed connections.
func (x *exchange) cause(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var op *net.OpError
	if errors.As(x.err, &op) && op.Op == "dial" {
		return op
	}
	return nil
}
