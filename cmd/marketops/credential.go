package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/app"
	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/publisher/ratelimit"
)

// credential is GitHub's write credential: how the port gets it right before each request, how the
// publisher makes sure that it is there before any receipt is claimed, without asking GitHub, and
// the name under which its pace is shared with other runs on this machine.
type credential struct {
	token func(context.Context) (string, error)
	// denied is told of one that GitHub did not accept. A fixed token has no other in its place.
	denied func(string)
	ready  func(context.Context) error
	name   func(context.Context) (string, error)
}

func writeCredential(dir string, gh config.GitHub) credential {
	if a := gh.App; a != nil {
		l := &lateApp{dir: dir, gh: gh}
		return credential{
			token: l.token, denied: l.denied,
			ready: func(context.Context) error { _, err := l.open(); return err },
			// Its tokens change every hour; GitHub counts by the installation.
			name: func(context.Context) (string, error) {
				return ratelimit.Credential(gh.API, "app", fmt.Sprint(a.ID, "/", a.Installation)), nil
			},
		}
	}
	token := writeToken(dir, gh.Token)
	return credential{
		token: token, denied: func(string) {},
		ready: func(ctx context.Context) error { _, err := token(ctx); return err },
		name: func(ctx context.Context) (string, error) {
			secret, err := token(ctx)
			if err != nil {
				return "", err
			}
			return ratelimit.Credential(gh.API, "token", secret), nil
		},
	}
}

// lateApp reads the App's key when it is first needed: no refused operation ever gets there.
type lateApp struct {
	dir string
	gh  config.GitHub
	mu  sync.Mutex
	app *app.App
}

func (l *lateApp) open() (*app.App, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.app != nil {
		return l.app, nil
	}
	a := l.gh.App
	key, err := config.ReadKey(l.dir, a.Key)
	if err == nil {
		l.app, err = app.New(app.Options{API: l.gh.API, Roots: l.gh.Roots, AppID: int64(a.ID), InstallationID: int64(a.Installation), Key: key,
			Now: time.Now, Pauses: github.DefaultPauses()[:3], UserAgent: "marketops/" + buildVersion()})
	}
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.TokenMissing, Err: err,
			What: "the key of the GitHub App (github.app.key: " + a.Key + ") is not there", State: "nothing was sent"}
	}
	return l.app, nil
}

func (l *lateApp) token(ctx context.Context) (string, error) {
	a, err := l.open()
	if err != nil {
		return "", err
	}
	return a.Current(ctx)
}

// denied lets the next request ask for a new token.
func (l *lateApp) denied(secret string) {
	if a, err := l.open(); err == nil {
		a.Drop(secret)
	}
}

// aimed says for which operation the credential is that the port asks for. The permit names it
// too, but opens once and to the port alone; the journal that comes with it is of the same operation.
type aimed struct{ publisher.SideEffectPort }

// Apply implements [publisher.SideEffectPort].
func (a aimed) Apply(ctx context.Context, permit *publisher.Permit, journal publisher.Journal) (publisher.Evidence, error) {
	if j, ok := journal.(opJournal); ok {
		ctx = app.For(ctx, j.op)
	}
	return a.SideEffectPort.Apply(ctx, permit, journal)
}

// Observe implements [publisher.SideEffectPort].
func (a aimed) Observe(ctx context.Context, op marketops.Operation) (publisher.Observation, error) {
	return a.SideEffectPort.Observe(app.For(ctx, op), op)
}
