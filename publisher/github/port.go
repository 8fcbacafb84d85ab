package github

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	gogithub "github.com/google/go-github/v60/github"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

// Port is the live port. Its methods may be called from several goroutines; operations are
// applied one after the other.
type Port struct {
	options Options
	api     *url.URL
	uploads *url.URL
	client  *gogithub.Client
	second  *http.Client // without credential, for the bytes behind a redirect
	secrets *redactor
	applies sync.Mutex // held for the whole of an Apply: GitHub wants writes one after the other
}

var _ publisher.SideEffectPort = (*Port)(nil)

// New returns a port to the GitHub of the options. It does no I/O and asks for no credential.
func New(o Options) (*Port, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	api, err := parseBase("API", o.API)
	if err != nil {
		return nil, err
	}
	uploads, err := parseBase("Uploads", o.Uploads)
	if err != nil {
		return nil, err
	}
	p := &Port{options: o, api: api, uploads: uploads, secrets: &redactor{}}
	p.connect()
	return p, nil
}

// connect builds the clients: the recorder sees every answer before go-github does.
func (p *Port) connect() {
	transport := newTransport(p.options.Roots)
	own := &bearer{base: transport, origins: []string{originOf(p.api), originOf(p.uploads)}, token: p.options.Token, denied: p.options.Denied, secrets: p.secrets}
	p.client = gogithub.NewClient(&http.Client{Transport: &recorder{base: own}, CheckRedirect: stay})
	p.client.BaseURL, p.client.UploadURL, p.client.UserAgent = p.api, p.uploads, p.options.UserAgent
	p.second = &http.Client{Transport: transport, CheckRedirect: stay}
}

// newTransport makes one connection per request: net/http sends a request again only where a
// kept connection turns out to be dead, and a dead connection would also make writes ambiguous.
// HTTP/2 is off because it retries refused streams by itself.
func newTransport(roots *x509.CertPool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  nil,
		Protocols:              protocols,
		DialContext:            (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    20 * time.Second,
		DisableKeepAlives:      true,
		DisableCompression:     true, // so that the digest of an answer is that of what came
		MaxResponseHeaderBytes: 256 << 10,
	}
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Apply implements [publisher.SideEffectPort]. Without a good permit it sends nothing.
func (p *Port) Apply(ctx context.Context, permit *publisher.Permit, journal publisher.Journal) (publisher.Evidence, error) {
	work, err := permit.Open()
	if err != nil {
		return publisher.Evidence{}, err
	}
	return p.apply(ctx, work, journal)
}

func (p *Port) apply(ctx context.Context, work *publisher.Work, journal publisher.Journal) (publisher.Evidence, error) {
	if !complete(work, journal) {
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
	if p.api.Host == "api.github.com" && t.Host == "github.com" {
		return true
	}
	return t.Host == p.api.Host
}
