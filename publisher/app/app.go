// Package app turns the key of a GitHub App into credentials for one repository at a time.
//
// # What is promised
//
//   - A token is asked for with one repository id and the permissions that one operation needs:
//     contents: write, pull_requests: write only where a pull request is opened, and workflows: write only
//     where the commit's workflows differ from those of the default branch. An answer that
//     is not narrowed to exactly that, metadata: read beside it, is refused.
//   - One token is held at a time, and handed out for the repository and permissions it was made
//     for and for nothing else. One with less than [MinLeft] to live is not handed out, nor one that
//     was dropped.
//   - [New] does no I/O. Nothing is asked of GitHub before [App.Token].
//   - The request goes to the configured API alone, on a connection of its own: no redirect is
//     followed, proxy variables of the environment are ignored, http is for loopback only, and an
//     answer is at most 1 MiB.
//   - Errors are in words of this package. Neither the key nor a token nor a text of the server, which
//     could repeat them, stands in any.
//
// # How GitHub is asked
//
//	POST {API}app/installations/{installation}/access_tokens
//	Authorization: Bearer <JWT, RS256, iss the App's id, iat a minute ago, exp in five>
//	{"repository_ids": [1001], "permissions": {"contents": "write"}}
//
// That is GitHub's "Create an installation access token for an app". The JWT (RFC 7519) is in the
// compact form of RFC 7515. Asking twice is harmless, so a request without an answer is repeated
// after each of Options.Pauses.
//
// # Codes
//
// [marketops.ConfigInvalid] for a key that is none; [marketops.TokenMissing] where GitHub refuses
// or narrows otherwise than asked; github-rate-limited, github-unreachable and redirect-refused.
package app

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/githubhttp"
)

// MinLeft is how long a token still lives at least when it is handed out. A mutation that begins
// with it is over before it ends.
const MinLeft = 5 * time.Minute

// Options say which App asks where. All fields are needed but Roots, and Pauses, without which nothing is repeated.
type Options struct {
	API            string         // base address, https or, to loopback only, http
	Roots          *x509.CertPool // the only certificates that GitHub is believed by; nil is the system's list
	AppID          int64
	InstallationID int64
	Key            marketops.Secret // RSA, in PEM: PKCS #1 as GitHub makes it, or PKCS #8
	Now            func() time.Time
	Pauses         []time.Duration // before each repetition of a request that got no answer
	UserAgent      string
}

// App mints tokens. Its methods may be called from several goroutines.
type App struct {
	options   Options
	base      string
	transport *http.Transport
	signer    signer

	mu   sync.Mutex // held while a token is minted, so that there is one
	held held
}

// held is the token at hand and what it is good for. The zero value is good for nothing.
type held struct {
	grant   grant
	secret  marketops.Secret
	expires time.Time
}

func (h held) serves(g grant, now time.Time) bool {
	return !h.secret.IsZero() && h.grant == g && h.lasts(now)
}

func (h held) lasts(now time.Time) bool { return h.expires.Sub(now) >= MinLeft }

// New checks the options and parses the key. It does no I/O.
func New(o Options) (*App, error) {
	switch {
	case o.Now == nil || o.UserAgent == "":
		return nil, errors.New("app: Now and UserAgent are needed")
	case o.AppID <= 0 || o.InstallationID <= 0:
		return nil, marketops.Refuse(marketops.ConfigInvalid, "an App needs its id and that of its installation")
	}
	base, err := parseBase(o.API)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(o.Key)
	if err != nil {
		return nil, err
	}
	o.Key = marketops.Secret{} // the parsed key is enough
	return &App{options: o, base: base, transport: githubhttp.NewTransport(o.Roots), signer: signer{o.AppID, key, o.Now}}, nil
}

// Token returns a token for one repository, by its number, with at least [MinLeft] to live.
func (a *App) Token(ctx context.Context, repository int64, p Permissions) (marketops.Secret, error) {
	return a.token(ctx, grant{repository: repository, permissions: p})
}

func (a *App) token(ctx context.Context, g grant) (marketops.Secret, error) {
	if !g.valid() {
		return marketops.Secret{}, refuse("no operation says for which repository and what a token is wanted")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held.serves(g, a.options.Now()) {
		return a.held.secret, nil
	}
	a.held = held{}
	fresh, err := a.patiently(ctx, g)
	if err != nil {
		return marketops.Secret{}, err
	}
	a.held = fresh
	return fresh.secret, nil
}

// Drop lets go of a token that GitHub no longer accepts, so that the next one asked for is new. A token that
// is not the one at hand is none of its business.
func (a *App) Drop(secret string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held.secret.Reveal() == secret {
		a.held = held{}
	}
}

// patiently repeats a request that got no answer.
func (a *App) patiently(ctx context.Context, g grant) (held, error) {
	fresh, err := a.mint(ctx, g)
	for _, pause := range a.options.Pauses {
		if marketops.CodeOf(err) != marketops.GitHubUnreachable || ctx.Err() != nil {
			break
		}
		rest := time.NewTimer(pause)
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
		}
		fresh, err = a.mint(ctx, g)
	}
	return fresh, err
}

const nothingSent = "nothing was sent with it"

func refuse(what string) error {
	return &marketops.Failure{Code: marketops.TokenMissing, What: what, State: nothingSent}
}
