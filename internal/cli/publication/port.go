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
// one that can make no call but the reads of a trial run, and is never ready.
func (p *Publication) port(cfg *config.File, c credential.Credential, mode marketops.Mode) (publisher.SideEffectPort, readiness, error) {
	if mode != marketops.Prod {
		never := func(context.Context, time.Duration) error {
			return marketops.Refuse(marketops.ModeNotProd, string(mode))
		}
		return publisher.Null{Calls: github.Preview, Looks: p.trial(cfg)}, never, nil
	}
	live, err := p.live(cfg.GitHub, c, false)
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

// live connects to GitHub with a credential.
func (p *Publication) live(gh config.GitHub, c credential.Credential, readOnly bool) (*github.Port, error) {
	memory, err := env.Memory()
	if err != nil {
		return nil, err
	}
	pace := ratelimit.New(filepath.Join(memory, "pace"), ratelimit.GitHub(), c.Name)
	return github.New(github.Options{
		API: gh.API, Uploads: gh.Uploads, Roots: gh.Roots, Token: c.Token, Denied: c.Deny, ReadOnly: readOnly, Pacing: github.NewPacing(pace),
		Now: time.Now, Pauses: github.DefaultPauses(), UserAgent: "marketops/" + version.String(),
		Wait: func(reason string, d time.Duration) {
			p.Say("waiting %s: %s", d.Round(time.Second), reason)
			p.bars.Wait(reason, d)
		},
	})
}

// trial makes the looks of a trial run, with the token that github.read_token names. Without one GitHub is not asked.
func (p *Publication) trial(cfg *config.File) func(context.Context, marketops.Operation, []int64, time.Duration) publisher.Looks {
	return func(ctx context.Context, op marketops.Operation, drafts []int64, lasts time.Duration) publisher.Looks {
		reader, err := credential.ForReading(cfg.Dir, cfg.GitHub)
		if err != nil {
			return publisher.Looks{{Name: "read token", Status: marketops.Fail, Code: marketops.CodeOf(err), Detail: err.Error()}}
		}
		port, err := p.live(cfg.GitHub, reader, true)
		if err != nil {
			return publisher.Looks{{Name: "read token", Status: marketops.NotRun, Detail: err.Error()}}
		}
		if _, err := reader.Token(ctx); err != nil {
			return publisher.Looks{port.LookAtTime(ctx, op, lasts), {Name: publisher.LookRepository, Status: marketops.NotRun,
				Detail: "GitHub was not asked: there is no read token (github.read_token: " + cfg.GitHub.ReadToken + ")"}}
		}
		return port.Look(ctx, op, drafts, lasts)
	}
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

// Look implements [publisher.SideEffectPort].
func (a scopedPort) Look(ctx context.Context, op marketops.Operation, drafts []int64, lasts time.Duration) publisher.Looks {
	return a.SideEffectPort.Look(app.For(ctx, op), op, drafts, lasts)
}

// Observe implements [publisher.SideEffectPort].
func (a scopedPort) Observe(ctx context.Context, op marketops.Operation, drafts []int64) (publisher.Observation, error) {
	return a.SideEffectPort.Observe(app.For(ctx, op), op, drafts)
}
