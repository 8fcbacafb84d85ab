package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
)

const patience = 30 * time.Second // for one answer

// mint asks GitHub once for a token and accepts it only if it is narrowed to the grant.
func (a *App) mint(ctx context.Context, g grant) (held, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := a.request(ctx, g)
	if err != nil {
		return held{}, refuse("the App's request for a token cannot be signed")
	}
	x := a.send(req)
	if bad := x.refusal(ctx, g); bad != nil {
		return held{}, bad
	}
	fresh := held{g, marketops.NewSecret(x.told.Token), x.told.ExpiresAt}
	if !x.isNarrowed(g) {
		return held{}, refuse("GitHub's token is not narrowed to the one repository and the permissions asked for")
	}
	if !fresh.lasts(a.options.Now()) {
		return held{}, refuse("GitHub's token ends too soon: is this machine's clock right?")
	}
	return fresh, nil
}

// request is GitHub's "Create an installation access token for an app".
func (a *App) request(ctx context.Context, g grant) (*http.Request, error) {
	jwt, err := a.signer.sign()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(struct {
		RepositoryIDs []int64           `json:"repository_ids"`
		Permissions   map[string]string `json:"permissions"`
	}{[]int64{g.repository}, g.names()}, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("%s/app/installations/%d/access_tokens", a.base, a.options.InstallationID)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/vnd.github.v3+json")
	req.Header.Set("Authorization", "Bearer "+jwt)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", a.options.UserAgent)
	return req, nil
}

// isNarrowed reports whether the answer is for exactly the grant. Every App may read metadata.
func (x exchange) isNarrowed(g grant) bool {
	if len(x.told.Repositories) != 1 || x.told.Repositories[0].ID != g.repository {
		return false
	}
	has := maps.Clone(x.told.Permissions)
	if has["metadata"] == "read" {
		delete(has, "metadata")
	}
	return maps.Equal(has, g.names())
}

// refusal is why there is no token, in our words; nil for an answer to look at.
func (x exchange) refusal(ctx context.Context, g grant) error {
	f := &marketops.Failure{Code: marketops.TokenMissing, State: nothingSent}
	switch {
	case x.status == http.StatusCreated && x.told.Token != "":
		return nil
	case x.status == 0 || x.status >= 500:
		f.Code, f.What, f.Err = marketops.GitHubUnreachable, "no answer to the App's request for a token", x.cause(ctx)
	case x.status >= 300 && x.status < 400:
		f.Code, f.What = marketops.RedirectRefused, "the App's request for a token was redirected"
	case x.isLimited():
		f.Code, f.What = marketops.GitHubRateLimited, "the App asked for too many tokens"
	case x.status == http.StatusUnauthorized:
		f.What = "GitHub does not accept the App's id and key (401); the clock may be wrong too"
	case x.status == http.StatusForbidden:
		f.What, f.Next = "the App's installation is suspended or not allowed here (403)", x.advice
	case x.status == http.StatusNotFound:
		f.What = "the App has no such installation (404)"
	case x.status == http.StatusUnprocessableEntity && g.workflows:
		f.What = "the commit's workflows differ from those of the default branch, and the App's installation was not granted workflows: write (422)"
		f.Next = "give the App Workflows: read and write in its settings, accept that on the page of its installation, and publish again: the receipt is kept"
	case x.status == http.StatusUnprocessableEntity:
		f.What = "the App's installation does not cover the repository, or was not granted contents: write, and pull_requests: write to open one (422)"
	default:
		f.What = "GitHub's answer to the App's request for a token cannot be used"
	}
	return f
}

// cause keeps what cannot hold words of the server: whose patience ended, and failed connections.
func (x exchange) cause(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var op *net.OpError
	if errors.As(x.err, &op) && op.Op == "dial" {
		return op
	}
	return nil
}
