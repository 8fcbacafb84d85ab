package github

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

// Limits of one call.
const (
	patience       = time.Minute // for the answer to anything but bytes of assets
	slowest        = 64 << 10    // bytes a second below which a transfer of assets is given up
	stateStopped   = "nothing more was sent"
	stateDraftKept = "the release stays a draft"
)

// call is one planned request.
type call struct {
	step   string
	method string
	path   string // relative to the base address
	body   any    // sent as JSON
	upload *upload
	accept string
	sink   *sink
	follow func(context.Context, *exchange) error // what to do about a redirect; nil: refuse it
	exists bool                                   // GitHub has told us of it before, so that a 404 only means that it lags behind
	effect string                                 // its name in an outcome: others will see it
	size   int64                                  // of the asset or blob that is sent or fetched
}

func (c *call) writes() bool { return c.method != http.MethodGet }

func (c *call) address() string {
	if strings.Contains(c.path, "://") {
		return c.path
	}
	return "/" + c.path
}

// reader can ask GitHub. It can write only where leave is set, which Observe never does.
type reader struct {
	port    *Port
	op      marketops.Operation
	words   renderedText
	journal publisher.Journal // nil for an observer: nothing to keep
	leave   func(context.Context, *call) error
	until   func() time.Time // no call may be under way after it; zero: the context alone decides
	tries   map[string]int   // by step
	last    []byte           // the last answer that was used
	seen    seen
	hashed  map[int64]marketops.Digest // assets fetched and hashed, by id: GitHub never changes the bytes of one
}

var errNoLeave = errors.New("a write without leave")

// once is the door: every request of this package passes it, and it sends each one once. The
// error is local: the request was not sent, or its answer could not be kept.
func (r *reader) once(ctx context.Context, c *call) (*exchange, error) {
	x := &exchange{sink: c.sink}
	if err := r.admitted(ctx, c); err != nil {
		return x, err
	}
	ctx, cancel, err := r.limitTime(ctx, c)
	if err != nil {
		return x, err
	}
	defer cancel()
	req, sent, err := r.request(c)
	if err != nil {
		return x, err
	}
	r.tries[c.step]++
	res, err := r.port.client.Do(x.attach(ctx), req, nil)
	if x.status == 0 && x.err == nil {
		x.err = err // go-github refused by itself
	}
	if res != nil {
		x.next = res.NextPage
	}
	if c.upload != nil {
		sent = c.upload.sum()
	}
	return x, r.keep(c, x, sent)
}

// admitted asks everybody who has a say: the pace first, because it takes time, then, before a
// write, those who look at the present.
func (r *reader) admitted(ctx context.Context, c *call) error {
	ask := r.port.options.Pacing.Book.Rest
	if c.writes() {
		if r.leave == nil {
			return errNoLeave
		}
		ask = r.port.options.Pacing.Book.Write
	}
	if err := r.port.await(ctx, ask, r.until()); err != nil {
		return stopped(c.step, err)
	}
	if c.writes() {
		return r.leave(ctx, c)
	}
	return nil
}

// limitTime ends the call before the deadline of the work.
func (r *reader) limitTime(ctx context.Context, c *call) (context.Context, context.CancelFunc, error) {
	d := patience + time.Duration(c.size/slowest)*time.Second
	if until := r.until(); !until.IsZero() {
		d = min(d, until.Sub(r.port.options.Now()))
	}
	if d <= 0 {
		return nil, nil, interrupted(c.step, context.DeadlineExceeded)
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	return ctx, cancel, nil
}

// request builds the request with go-github and takes away what net/http would need to send it
// a second time.
func (r *reader) request(c *call) (*http.Request, marketops.Digest, error) {
	client := r.port.client
	if c.upload != nil {
		req, err := client.NewUploadRequest(c.path, c.upload, c.upload.size, c.upload.media)
		return req, marketops.Digest{}, err
	}
	req, err := client.NewRequest(c.method, c.path, c.body)
	if err != nil {
		return nil, marketops.Digest{}, err
	}
	if c.accept != "" {
		req.Header.Set("Accept", c.accept)
	}
	var sent []byte
	if req.Body != nil {
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, marketops.Digest{}, err
		}
		req.Body, req.GetBody = io.NopCloser(bytes.NewReader(sent)), nil
	}
	return req, marketops.DigestOf(sent), nil
}

// keep writes the journal line. What cannot be recorded is as good as not answered.
func (r *reader) keep(c *call, x *exchange, sent marketops.Digest) error {
	clean := r.port.secrets.clean
	e := publisher.CallEvidence{
		Step: c.step, Attempt: r.tries[c.step], Method: c.method, Path: clean(c.address()), SentSHA256: sent,
		Written: x.reached.Load(), Status: x.status, Headers: map[string]string{}, At: marketops.TimeOf(r.port.options.Now()),
	}
	if x.status != 0 {
		e.RequestID, e.BodySHA256 = clip(clean(x.requestID())), x.digest
	}
	if x.err != nil {
		e.Error = r.port.secrets.wash(x.err).Error()
	}
	for name, values := range x.header {
		if kept(name) {
			e.Headers[strings.ToLower(name)] = clip(clean(strings.Join(values, ", ")))
		}
	}
	if x.class() == redirected {
		e.Headers["location"] = clip(clean(place(x.header.Get("Location"))))
	}
	if r.journal == nil {
		return nil
	}
	if err := r.journal.Call(e); err != nil {
		return unrecorded(err)
	}
	return nil
}

// unrecorded is the failure of a journal that cannot keep what was learned.
func unrecorded(err error) error {
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.DiskFull
	}
	return &marketops.Failure{Code: code, What: "what GitHub answered cannot be recorded", State: stateStopped, Err: err}
}

var keptHeaders = []string{
	"Date", "Etag", "Content-Type", "Retry-After", "X-Github-Api-Version-Selected",
	"X-Accepted-Github-Permissions", "X-Oauth-Scopes", "X-Github-Media-Type",
}

func kept(name string) bool {
	return slices.Contains(keptHeaders, name) || strings.HasPrefix(name, "X-Ratelimit-")
}

// place is an address without its query, which may be a signature.
func place(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return "an address that cannot be read"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// stopped keeps a failure and takes anything else for the end of the caller's patience.
func stopped(step string, err error) error {
	var own *marketops.Failure
	if errors.As(err, &own) {
		return own
	}
	return interrupted(step, err)
}

func interrupted(step string, err error) error {
	return &marketops.Failure{Code: marketops.GitHubUnreachable, What: step + ": interrupted", State: stateStopped, Err: err}
}
