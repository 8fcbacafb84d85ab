package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/githubhttp"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// Timeouts of the client. A claim or an outcome may wait for the log's disk.
const (
	dialTimeout  = 2 * time.Second
	callTimeout  = 60 * time.Second
	reachTimeout = 3 * time.Second // how long an unreachable Core is tried
	reachPause   = 100 * time.Millisecond
)

// Client talks to one Core. It is safe for concurrent use.
type Client struct {
	http   *http.Client
	base   string
	core   string
	by     crypto.Signer
	reader crypto.Signer // of reads over https; nil: by
	trust  *trust.Trust
	now    func() marketops.Time
}

// Dial returns a client for a unix socket path or an https:// address. Nothing is sent yet. The
// signer may be nil for reading; trust has the ledger's keys, which sign every answer to a signed call; now is the
// clock that requests are dated by.
func Dial(address, core string, by crypto.Signer, t *trust.Trust, now func() marketops.Time, options ...Option) (*Client, error) {
	c := &Client{core: core, by: by, trust: t, now: now, base: "http://core"}
	tr := &http.Transport{Protocols: githubhttp.HTTP1(), MaxIdleConnsPerHost: 64, ResponseHeaderTimeout: callTimeout, Proxy: nil, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13}}
	switch {
	case strings.HasPrefix(address, "https://"):
		c.base = strings.TrimSuffix(address, "/")
	case strings.Contains(address, "://"):
		return nil, marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("core address %.100q is neither a socket path nor https://", address))
	default:
		tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", address)
		}
	}
	for _, o := range options {
		o(c, tr)
	}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &http.Client{Transport: tr, Timeout: callTimeout, CheckRedirect: noRedirect}
	return c, nil
}

// Info asks who is there, trying for three seconds if nobody answers.
func (c *Client) Info(ctx context.Context) (Info, error) {
	return get[Info](ctx, c, "/v1/info")
}

// ClaimState returns how far a receipt has come.
func (c *Client) ClaimState(ctx context.Context, id marketops.ReceiptID) (ClaimState, error) {
	return get[ClaimState](ctx, c, "/v1/claims/"+string(id))
}

// Evidence returns one evidence file; a 404 is an error that errors.Is io/fs.ErrNotExist.
func (c *Client) Evidence(ctx context.Context, d marketops.Digest) ([]byte, error) {
	return c.raw(ctx, "/v1/evidence/"+d.Hex())
}

// Submit hands in a plan.
func (c *Client) Submit(ctx context.Context, s Submit) (Entry, error) {
	return post[Entry](ctx, c, "/v1/submissions", s)
}

// Approve hands in a signed approval.
func (c *Client) Approve(ctx context.Context, envelope []byte) (Entry, error) {
	return post[Entry](ctx, c, "/v1/approvals", Envelope{envelope})
}

// Authorize asks for a receipt for each operation of a run.
func (c *Client) Authorize(ctx context.Context, run marketops.RunID) (Decisions, error) {
	return post[Decisions](ctx, c, "/v1/authorize", Run{run})
}

// Check asks for the Core's gate answers without spending anything.
func (c *Client) Check(ctx context.Context, w ClaimWanted) (marketops.Checks, error) {
	a, err := post[Answers](ctx, c, "/v1/check", w)
	return a.Checks, err
}

// Claim spends a receipt, or takes over one whose lease has ended.
func (c *Client) Claim(ctx context.Context, w ClaimWanted) (Claimed, error) {
	return post[Claimed](ctx, c, "/v1/claim", w)
}

// Intent hands in a signed intent.
func (c *Client) Intent(ctx context.Context, envelope []byte) (Entry, error) {
	return post[Entry](ctx, c, "/v1/intent", Envelope{envelope})
}

// Execute opens the door to GitHub for one epoch.
func (c *Client) Execute(ctx context.Context, f Fence) (Lease, error) {
	return c.lease(ctx, "/v1/execute", f)
}

// Renew asks for a longer lease.
func (c *Client) Renew(ctx context.Context, f Fence) (Lease, error) {
	return c.lease(ctx, "/v1/renew", Renewal{Fence: f})
}

// NoteDraft makes the id of a draft at GitHub durable, or strikes it, which cannot be undone, with a longer lease.
func (c *Client) NoteDraft(ctx context.Context, r Renewal) (Lease, error) {
	return c.lease(ctx, "/v1/renew", r)
}

// Attempt counts a visible effect before it is tried.
func (c *Client) Attempt(ctx context.Context, e Effect) (Lease, error) {
	return c.lease(ctx, "/v1/attempt", e)
}

// lease refuses an answer without a lease in it: nothing may be begun on the strength of "{}".
func (c *Client) lease(ctx context.Context, path string, body any) (Lease, error) {
	l, err := post[Lease](ctx, c, path, body)
	if err == nil && l.Until <= 0 {
		err = &marketops.Failure{Code: marketops.CoreUnreachable, What: "the Core's answer to " + path + " grants no lease"}
	}
	return l, err
}

// Outcome freezes an outcome and has it appended.
func (c *Client) Outcome(ctx context.Context, d Decided) (Entry, error) {
	return post[Entry](ctx, c, "/v1/outcome", d)
}

// Refuse records a refusal.
func (c *Client) Refuse(ctx context.Context, d Decided) (Entry, error) {
	return post[Entry](ctx, c, "/v1/refusals", d)
}

// Resolve hands in a person's resolution of an unknown outcome.
func (c *Client) Resolve(ctx context.Context, d Decided) (Entry, error) {
	return post[Entry](ctx, c, "/v1/resolve", d)
}

// Revoke withdraws a receipt.
func (c *Client) Revoke(ctx context.Context, r Revoke) (Entry, error) {
	return post[Entry](ctx, c, "/v1/revoke", r)
}

// Backup completes a backup into a folder of the Core's machine; the call is the ledger key's.
func (c *Client) Backup(ctx context.Context, folder string) (BackedUp, error) {
	return post[BackedUp](ctx, c, "/v1/backup", Backup{folder})
}

// ReadFile implements [log.TileReader] over the Core's read endpoint; "records/…" included.
func (c *Client) ReadFile(name string) ([]byte, error) {
	return c.raw(context.Background(), "/"+name)
}

var _ log.TileReader = (*Client)(nil)

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	return call[T](ctx, c, http.MethodGet, path, nil)
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	b, err := json.Marshal(body)
	if err != nil {
		var zero T
		return zero, err
	}
	return call[T](ctx, c, http.MethodPost, path, b)
}

// call decodes strictly: an answer that is not the one expected is no answer.
func call[T any](ctx context.Context, c *Client, method, path string, body []byte) (T, error) {
	var out T
	b, err := c.do(ctx, method, path, body)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(b, &out, json.RejectUnknownMembers(true)); err != nil {
		return out, &marketops.Failure{Code: marketops.CoreUnreachable, What: "the Core's answer to " + path + " cannot be read", Err: err}
	}
	return out, nil
}

func (c *Client) raw(ctx context.Context, path string) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, nil)
}

// do tries again only while no connection could be made: nothing had been sent then.
func (c *Client) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	begun := time.Now()
	for {
		resp, call, err := c.once(ctx, method, path, body)
		if err == nil {
			return c.answer(resp, call, path)
		}
		if marketops.CodeOf(err) != "" {
			return nil, err // the call could not be signed: nobody was asked
		}
		var dial *net.OpError
		if !errors.As(err, &dial) || dial.Op != "dial" || time.Since(begun) > reachTimeout || ctx.Err() != nil {
			return nil, unreachable(method, path, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(reachPause):
		}
	}
}

// unreachable keeps the words of the cause and, but for a cancellation, not the cause: a missing
// socket is ENOENT, and must never be taken for the Core's "not there".
func unreachable(method, path string, err error) error {
	f := &marketops.Failure{Code: marketops.CoreUnreachable, What: method + " " + path, Err: errors.New(err.Error())}
	if errors.Is(err, context.Canceled) {
		f.Err = err
	}
	var dial *net.OpError
	if !errors.As(err, &dial) || dial.Op != "dial" {
		f.State = "the call may have reached the Core; repeating it is safe"
		f.Next = "type the same command again"
	}
	return f
}

func (c *Client) once(ctx context.Context, method, path string, body []byte) (*http.Response, *signedCall, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.GetBody = nil
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	var call *signedCall
	if by := c.signer(method, path); by != nil || method != http.MethodGet {
		var header string
		if header, call, err = c.sign(by, method+" "+path, body); err != nil {
			return nil, nil, err
		}
		req.Header.Set(RequestHeader, header)
	}
	resp, err := c.http.Do(req)
	return resp, call, err
}

// answer reads the answer to a call; call is nil for one without signature.
func (c *Client) answer(resp *http.Response, call *signedCall, path string) ([]byte, error) {
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	if err != nil || len(b) > MaxBody {
		return nil, unreachable("reading", path, errors.Join(err, fmt.Errorf("%d bytes", len(b))))
	}
	if call != nil {
		if err := c.requireAnswer(*call, resp, b); err != nil {
			return nil, unsigned(resp.StatusCode, b, path, err)
		}
	}
	if resp.StatusCode == http.StatusOK {
		return b, nil
	}
	return nil, problem(resp.StatusCode, b, path)
}
