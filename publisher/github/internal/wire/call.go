package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

// Limits of one call.
const (
	callTimeout  = time.Minute // for the answer to anything but bytes of assets
	slowestBytes = 64 << 10    // bytes a second below which a transfer of assets is given up
)

// The states that a failure leaves behind.
const (
	StateStopped   = "nothing more was sent"
	StateDraftKept = "the release stays a draft"
)

// The methods and the statuses that the port names.
const (
	Get    = http.MethodGet
	Post   = http.MethodPost
	Patch  = http.MethodPatch
	Delete = http.MethodDelete

	OK      = http.StatusOK
	Created = http.StatusCreated
)

// Call is one planned request.
type Call struct {
	Step   string // its name in the journal and in errors
	Method string
	Path   string // relative to the base address
	Body   any    // sent as JSON
	Upload *Upload
	Effect string // its name in an outcome: others will see it
	Size   int64  // of the asset or blob that is sent or fetched

	accept string
	sink   *sink
	follow func(context.Context, *Exchange) error // what to do about a redirect; nil: refuse it
	exists bool                                   // GitHub has told us of it before, so that a 404 only means that it lags behind

	lighten  func() // asks for less after an ambiguous answer
	renewed  bool   // a 401 made us ask for another credential
	refusals int    // that GitHub may take back
}

func (c *Call) writes() bool { return c.Method != http.MethodGet }

func (c *Call) address() string {
	if strings.Contains(c.Path, "://") {
		return c.Path
	}
	return "/" + c.Path
}

// Caller makes the calls of one operation, one after the other.
type Caller struct {
	*Client
	journal   publisher.Journal                  // nil for an observer: nothing to keep
	authorize func(context.Context, *Call) error // asked right before each write; nil: it cannot write
	deadline  time.Time                          // no call may be under way after it; zero: the context alone decides
	lastWrite time.Time                          // no write begins after it; zero: deadline
	tries     map[string]int                     // by step
	last      []byte
	pageSize  int // of lists, smaller once one was too heavy
}

// Observer returns a caller whose transport can only GET, and that keeps no journal.
func (c *Client) Observer() *Caller {
	only := *c
	only.github = c.reading
	return &Caller{Client: &only, tries: map[string]int{}, pageSize: PerPage}
}

// Writer returns a caller that asks authorize right before each write. No write begins after lastWrite, and no call is
// under way after the deadline.
func (c *Client) Writer(journal publisher.Journal, lastWrite, deadline time.Time, authorize func(context.Context, *Call) error) *Caller {
	return &Caller{Client: c, journal: journal, authorize: authorize, deadline: deadline, lastWrite: lastWrite, tries: map[string]int{}, pageSize: PerPage}
}

// Last is the last answer that was used.
func (c *Caller) Last() []byte { return c.last }

// once sends a call once. Every request of the port but the one redirect of [Caller.Hash] passes it. The
// error is local: the request was not sent, or its answer could not be kept.
func (c *Caller) once(ctx context.Context, call *Call) (*Exchange, error) {
	x := &Exchange{sink: call.sink, renewed: call.renewed}
	if err := c.admit(ctx, call); err != nil {
		return x, err
	}
	ctx, cancel, err := c.limitTime(ctx, call)
	if err != nil {
		return x, err
	}
	defer cancel()
	req, sent, err := c.request(call)
	if err != nil {
		return x, err
	}
	c.tries[call.Step]++
	res, err := c.github.Do(x.attach(ctx), req, nil)
	if x.status == 0 && x.err == nil {
		x.err = err // go-github refused by itself
	}
	if res != nil {
		x.next = res.NextPage
	}
	if call.Upload != nil {
		sent = call.Upload.sum()
	}
	return x, c.keep(call, x, sent)
}

// admit asks everybody who has a say: the limiter first, because it takes time, then, before a
// write, those who look at the present.
func (c *Caller) admit(ctx context.Context, call *Call) error {
	ask, until := c.options.Limiter.BackOff, patience{c.deadline, marketops.GitHubRateLimited}
	if call.writes() {
		if c.authorize == nil {
			return errReadOnly
		}
		if ask = c.options.Limiter.Reserve; !c.lastWrite.IsZero() {
			until = patience{c.lastWrite, marketops.ReceiptTooShort}
		}
	}
	if err := c.await(ctx, ask, until); err != nil {
		return keepFailure(call.Step, err)
	}
	if call.writes() {
		return c.authorize(ctx, call)
	}
	return nil
}

// limitTime ends the call before the deadline of the work.
func (c *Caller) limitTime(ctx context.Context, call *Call) (context.Context, context.CancelFunc, error) {
	d := callTimeout + time.Duration(call.Size/slowestBytes)*time.Second
	if !c.deadline.IsZero() {
		d = min(d, c.deadline.Sub(c.options.Now()))
	}
	if d <= 0 {
		return nil, nil, Interruption(call.Step, context.DeadlineExceeded)
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	return ctx, cancel, nil
}

// request builds the request with go-github and takes away what net/http would need to send it
// a second time.
func (c *Caller) request(call *Call) (*http.Request, marketops.Digest, error) {
	if call.Upload != nil {
		req, err := c.github.NewUploadRequest(call.Path, call.Upload, call.Upload.size, call.Upload.media)
		return req, marketops.Digest{}, err
	}
	req, err := c.github.NewRequest(call.Method, call.Path, call.Body)
	if err != nil {
		return nil, marketops.Digest{}, err
	}
	if call.accept != "" {
		req.Header.Set("Accept", call.accept)
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
func (c *Caller) keep(call *Call, x *Exchange, sent marketops.Digest) error {
	if c.journal == nil {
		return nil
	}
	e := publisher.CallEvidence{
		Step: call.Step, Attempt: c.tries[call.Step], Method: call.Method, Path: c.Redact(call.address()), SentSHA256: sent,
		Written: x.reached.Load(), Status: x.status, Headers: map[string]string{}, At: marketops.TimeOf(c.options.Now()),
	}
	if x.status != 0 {
		e.RequestID, e.BodySHA256 = c.RedactLine(x.requestID()), x.digest
	}
	if x.err != nil {
		e.Error = c.RedactError(x.err).Error()
	}
	for name, values := range x.header {
		if isKept(name) {
			e.Headers[strings.ToLower(name)] = c.RedactLine(strings.Join(values, ", "))
		}
	}
	if x.class() == redirected {
		e.Headers["location"] = c.RedactLine(withoutQuery(x.header.Get("Location")))
	}
	return RecordFailure(c.journal.Call(e))
}

var keptHeaders = []string{
	"Date", "Etag", "Content-Type", "Retry-After", "X-Github-Api-Version-Selected",
	"X-Accepted-Github-Permissions", "X-Oauth-Scopes", "X-Github-Media-Type",
}

func isKept(name string) bool {
	return slices.Contains(keptHeaders, name) || strings.HasPrefix(name, "X-Ratelimit-")
}
