package github

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// Port is the live port. Its methods may be called from several goroutines; operations are
// applied one after the other.
type Port struct {
	api      *url.URL
	client   *wire.Client
	readOnly bool       // its credential is not the one that writes
	applies  sync.Mutex // held for the whole of an Apply: GitHub wants writes one after the other
}

var _ publisher.SideEffectPort = (*Port)(nil)

// New returns a port to the GitHub of the options. It does no I/O and asks for no credential.
func New(o Options) (*Port, error) { return newPort(o, wire.Sleep) }

func newPort(o Options, sleep func(context.Context, time.Duration) error) (*Port, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	api, err := wire.ParseBase("API", o.API)
	if err != nil {
		return nil, err
	}
	uploads, err := wire.ParseBase("Uploads", o.Uploads)
	if err != nil {
		return nil, err
	}
	return &Port{api: api, readOnly: o.ReadOnly, client: wire.New(wire.Options{
		API: api, Uploads: uploads, Roots: o.Roots, Token: o.Token, Denied: o.Denied, ReadOnly: o.ReadOnly, Now: o.Now, Sleep: sleep,
		Limiter: o.Pacing.Limiter, LimitWait: o.Pacing.LimitWait, Wait: o.Wait, Pauses: o.Pauses, UserAgent: o.UserAgent,
	})}, nil
}

// Ready waits until the credential could write, so that a wait that can be foreseen comes before a
// receipt is claimed. It sends and reserves nothing. lasts is how long the receipt is still good: where
// the wait outlasts it, or what is bearable, the failure is github-rate-limited at once.
func (p *Port) Ready(ctx context.Context, lasts time.Duration) error {
	return p.client.AwaitWrite(ctx, lasts)
}

// Apply implements [publisher.SideEffectPort]. Without a good permit it sends nothing.
func (p *Port) Apply(ctx context.Context, permit *publisher.Permit, journal publisher.Journal) (publisher.Evidence, error) {
	work, err := permit.Open()
	if err != nil {
		return publisher.Evidence{}, err
	}
	return p.apply(ctx, work, journal)
}

func (p *Port) apply(ctx context.Context, work *publisher.Work, journal publisher.Journal) (publisher.Evidence, error) {
	if !isComplete(work, journal) {
		return publisher.Evidence{}, marketops.Refuse(marketops.ReceiptMissing, "the permit opens work that is not complete")
	}
	p.applies.Lock()
	defer p.applies.Unlock()
	s, err := p.begin(work, journal)
	if err == nil {
		err = s.run(ctx)
	}
	return s.evidence(), s.verdict(err)
}

// hostMatches reports whether a target lives at this port's API.
func (p *Port) hostMatches(t marketops.Target) bool {
	if p.api.Host == "api.github.com" {
		return t.Host == "github.com"
	}
	return string(t.Host) == p.api.Host
}
