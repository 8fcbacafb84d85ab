// Package credential is GitHub's write credential: a token that is read, or one that a GitHub App is
// given, when the first request needs it and not before. Beside it stands the token for reading.
package credential

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/version"
	"github.com/omega/marketops/publisher/app"
	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/publisher/ratelimit"
)

// Credential is how the port gets the credential right before each request, how the publisher makes
// sure that it is there before any receipt is claimed, without asking GitHub, and the name under
// which its pace is shared with other runs on this machine.
type Credential struct {
	Token func(context.Context) (string, error)
	// Deny is told of one that GitHub did not accept. A fixed token has no other in its place.
	Deny  func(string)
	Ready func(context.Context) error
	Name  func(context.Context) (string, error)
}

// New returns the credential that a marketops.yaml in dir names. It reads nothing yet.
func New(dir string, gh config.GitHub) Credential {
	if a := gh.App; a != nil {
		l := &lazyApp{dir: dir, gh: gh}
		return Credential{
			Token: l.token, Deny: l.deny,
			Ready: func(context.Context) error { _, err := l.open(); return err },
			// Its tokens change every hour; GitHub counts by the installation.
			Name: func(context.Context) (string, error) {
				return ratelimit.Credential(gh.API, "app", fmt.Sprint(a.ID, "/", a.Installation)), nil
			},
		}
	}
	token := fixedToken(dir, gh.Token)
	return Credential{
		Token: token, Deny: func(string) {},
		Ready: func(ctx context.Context) error { _, err := token(ctx); return err },
		Name: func(ctx context.Context) (string, error) {
			secret, err := token(ctx)
			if err != nil {
				return "", err
			}
			return ratelimit.Credential(gh.API, "token", secret), nil
		},
	}
}

// ForReading returns the credential that a marketops.yaml in dir names for reading. Token is token-missing where there is
// none; anything else that is wrong with it is an error here.
func ForReading(dir string, gh config.GitHub) (Credential, error) {
	secret, err := config.ReadSecret(dir, gh.ReadToken)
	if err != nil && !errors.Is(err, marketops.TokenMissing) {
		return Credential{}, err
	}
	missing := err
	return Credential{
		Token: func(context.Context) (string, error) { return secret.Reveal(), missing },
		Deny:  func(string) {},
		Ready: func(context.Context) error { return missing },
		Name: func(context.Context) (string, error) {
			return ratelimit.Credential(gh.API, "token", secret.Reveal()), nil
		},
	}, nil
}

// fixedToken reads the secret that ref names each time it is asked.
func fixedToken(dir, ref string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		secret, err := config.ReadSecret(dir, ref)
		if err != nil || secret.IsZero() {
			return "", &marketops.Failure{Code: marketops.TokenMissing, What: "the GitHub write credential (github.token: " + ref + ") is not there", Err: err}
		}
		return secret.Reveal(), nil
	}
}

// lazyApp reads the App's key when it is first needed: no refused operation ever gets there.
type lazyApp struct {
	dir string
	gh  config.GitHub
	mu  sync.Mutex
	app *app.App
}

func (l *lazyApp) open() (*app.App, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.app != nil {
		return l.app, nil
	}
	a := l.gh.App
	key, err := config.ReadKey(l.dir, a.Key)
	if err == nil {
		l.app, err = app.New(app.Options{API: l.gh.API, Roots: l.gh.Roots, AppID: int64(a.ID), InstallationID: int64(a.Installation), Key: key,
			Now: time.Now, Pauses: github.DefaultPauses()[:3], UserAgent: "marketops/" + version.String()})
	}
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.TokenMissing, Err: err,
			What: "the key of the GitHub App (github.app.key: " + a.Key + ") is not there", State: "nothing was sent"}
	}
	return l.app, nil
}

func (l *lazyApp) token(ctx context.Context) (string, error) {
	a, err := l.open()
	if err != nil {
		return "", err
	}
	if github.NeedsWorkflows(ctx) {
		ctx = app.WithWorkflows(ctx)
	}
	return a.Current(ctx)
}

// deny lets the next request ask for a new token.
func (l *lazyApp) deny(secret string) {
	if a, err := l.open(); err == nil {
		a.Drop(secret)
	}
}
