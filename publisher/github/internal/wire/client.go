package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"time"

	gogithub "github.com/google/go-github/v60/github"
	"github.com/omega/marketops/internal/githubhttp"
)

// Options say where GitHub is and how it is called. All fields but Roots are needed; the port checks them.
type Options struct {
	API, Uploads *url.URL // base addresses that end in a slash
	ReadOnly     bool     // no caller can write, also one that is allowed to
	Roots        *x509.CertPool
	Token        func(context.Context) (string, error)
	Denied       func(secret string)
	Now          func() time.Time
	Sleep        func(context.Context, time.Duration) error // [Sleep], or what a test's clock does
	Limiter      Limiter
	LimitWait    time.Duration // the first wait when GitHub limits without saying for how long; it doubles
	Wait         func(reason string, d time.Duration)
	Pauses       []time.Duration // between repeated reads
	UserAgent    string
}

// Client is the connection to one GitHub. Its methods may be called from several goroutines.
type Client struct {
	options Options
	github  *gogithub.Client
	reading *gogithub.Client // for those who may only read
	second  *http.Client     // without credential, for the bytes behind a redirect
	secrets *redactor
}

// New returns a client. It does no I/O and asks for no credential. The recorder sees every answer before
// go-github does.
func New(o Options) *Client {
	c := &Client{options: o, secrets: &redactor{}}
	transport := githubhttp.NewTransport(o.Roots)
	own := &bearer{base: transport, origins: []string{originOf(o.API), originOf(o.Uploads)}, token: o.Token, denied: o.Denied, secrets: c.secrets}
	c.reading = o.client(getOnly{own})
	if c.github = c.reading; !o.ReadOnly {
		c.github = o.client(own)
	}
	c.second = &http.Client{Transport: getOnly{transport}, CheckRedirect: stay}
	return c
}

// client is go-github over a transport.
func (o *Options) client(base http.RoundTripper) *gogithub.Client {
	g := gogithub.NewClient(&http.Client{Transport: &recorder{base: base}, CheckRedirect: stay})
	g.BaseURL, g.UploadURL, g.UserAgent = o.API, o.Uploads, o.UserAgent
	return g
}

// getOnly is a transport that can only GET.
type getOnly struct{ base http.RoundTripper }

var errReadOnly = errors.New("write attempted through a read-only client")

func (t getOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet {
		return nil, errReadOnly
	}
	return t.base.RoundTrip(req)
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Pauses are the waits between repeated reads.
func (c *Client) Pauses() []time.Duration { return c.options.Pauses }

// Pause tells of a wait and waits.
func (c *Client) Pause(ctx context.Context, reason string, d time.Duration) error {
	c.options.Wait(reason, d)
	return c.options.Sleep(ctx, d)
}

// PauseQuietly is Pause, told only if it is long.
func (c *Client) PauseQuietly(ctx context.Context, reason string, d time.Duration) error {
	if d >= shownPause {
		c.options.Wait(reason, d)
	}
	return c.options.Sleep(ctx, d)
}

// Sleep waits for d unless ctx ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
