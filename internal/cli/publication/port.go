package publication

import (
	"context"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/credential"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/version"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/app"
	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/publisher/ratelimit"
)

// port is the live port in prod alone, with what must hold before each claim; everything else gets
// one that can make no call and is never ready.
func (p *Publication) port(gh config.GitHub, c credential.Credential, mode marketops.Mode) (publisher.SideEffectPort, readiness, error) {
	if mode != marketops.Prod {
		never := func(context.Context, time.Duration) error {
			return marketops.Refuse(marketops.ModeNotProd, string(mode))
		}
		return publisher.Null{Calls: github.Preview}, never, nil
	}
	memory, err := env.Memory()
	if err != nil {
		return nil, nil, err
	}
	pace := ratelimit.New(filepath.Join(memory, "pace"), ratelimit.GitHub(), c.Name)
	live, err := github.New(github.Options{
		API: gh.API, Uploads: gh.Uploads, Roots: gh.Roots, Token: c.Token, Denied: c.Deny, Pacing: github.NewPacing(pace),
		Now: time.Now, Pauses: github.DefaultPauses(), UserAgent: "marketops/" + version.String(),
		Wait: func(reason string, d time.Duration) {
			p.Say("waiting %s: %s", d.Round(time.Second), reason)
			p.bars.Wait(reason, d)
		},
	})
	if err != nil {
		return nil, nil, err
	}
	ready := func(ctx context.Context, lasts time.Duration) error {
		if err := c.Ready(ctx); err != nil {
			return err
		}
		return live.Ready(ctx, lasts)
	}
	return scopedPort{live}, ready, nil
}

// readiness is [publisher.Publisher.Ready].
type readiness = func(context.Context, time.Duration) error

// scopedPort says for which operation the credential is that the port asks for. The permit names it
// too, but opens once and to the port alone; the journal that comes with it is of the same operation.
type scopedPort struct{ publisher.SideEffectPort }

// Apply implements [publisher.SideEffectPort].
func (a scopedPort) Apply(ctx context.Context, permit *publisher.Permit, journal publisher.Journal) (publisher.Evidence, error) {
	if j, ok := journal.(operationJournal); ok {
		ctx = app.For(ctx, j.op)
	}
	return a.SideEffectPort.Apply(ctx, permit, journal)
}

// Observe implements [publisher.SideEffectPort].
func (a scopedPort) Observe(ctx context.Context, op marketops.Operation) (publisher.Observation, error) {
	return a.SideEffectPort.Observe(app.For(ctx, op), op)
}
