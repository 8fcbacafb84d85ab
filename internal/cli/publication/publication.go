// Package publication opens a run for those commands that ask the gate about it: publish, reconcile
// and receipt check.
package publication

import (
	"crypto/rand"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/credential"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/progress"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/spf13/pflag"
)

// Publication is a run with the publisher that gates, publishes or reconciles it.
type Publication struct {
	*session.Session
	Publisher *publisher.Publisher
	run       *plan.Run
	bars      *progress.Bars
}

// Options are the flags that say with what.
type Options struct {
	Key    string // the publisher's; "": that of the state folder
	Config string // "": see [runfolder.ConfigPath]
}

// Bind defines the flags.
func (o *Options) Bind(f *pflag.FlagSet) {
	f.StringVar(&o.Key, "key", "", "the publisher's private key: a file or env://NAME (default: .marketops/keys/publisher.pem)")
	f.StringVarP(&o.Config, "config", "c", "", "where GitHub is (default: the file the run was planned from here, else marketops.yaml beside .marketops)")
}

// New connects for a run. Unless the mode is prod the port can make no call but the reads of a trial run.
func New(e *env.Env, r *plan.Run, o Options, mode marketops.Mode, b *progress.Bars) (*Publication, error) {
	if o.Config == "" {
		state, err := env.State()
		if err != nil {
			return nil, err
		}
		if o.Config, err = runfolder.ConfigPath(state, r.Info.RunID); err != nil {
			return nil, err
		}
	}
	cfg, err := config.Load(o.Config)
	if err != nil {
		return nil, err
	}
	e.WarnIgnored(cfg.GitHub)
	s, err := session.ConnectAs(e, o.Key, "publisher", cfg.Core)
	if err != nil {
		return nil, err
	}
	p := &Publication{Session: s, run: r, bars: b}
	p.Publisher, err = p.publisher(cfg, mode)
	return p, err
}

// publisher wires the publisher. The GitHub credential is not read here: the port asks for it
// right before its first request, which no refused operation ever reaches.
func (p *Publication) publisher(cfg *config.File, mode marketops.Mode) (*publisher.Publisher, error) {
	port, ready, err := p.port(cfg, credential.New(cfg.Dir, cfg.GitHub), mode)
	if err != nil {
		return nil, err
	}
	return &publisher.Publisher{Core: p.Core, Log: p.View, Trust: p.Trust, Signer: p.By, Port: port, Host: cfg.GitHub.Host(), Now: cli.Now,
		Random: rand.Reader, Ready: ready, Outbox: publisher.Outbox{Dir: filepath.Join(p.run.Dir, "outbox")},
		Tell: func(e publisher.Event) { p.Say("operation %d: %s %s", e.Number, e.Step, e.Detail) }}, nil
}
