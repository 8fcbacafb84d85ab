// Package remote reads a log or a record store from a web server.
package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// Limits of reading from a server.
const (
	Workers   = 16               // records asked for at one time
	timeout   = 30 * time.Second // for one answer, its body included
	tries     = 4                // before an answer is given up; a pause doubles from one second
	redirects = 5
	maxHeader = 64 << 10           // bytes of the head of an answer
	maxTile   = log.TileWidth * 32 // bytes of a tile of hashes
)

// Remote reads a log or a record store from a web server. Nothing that it returns is believed:
// whoever asked verifies it. An answer is bounded in size and time, comes from this server and no
// other, and a file that the server says it does not have is [fs.ErrNotExist].
type Remote struct {
	ctx    context.Context
	base   *url.URL
	client *http.Client
	sign   func(address string) (string, error)
	pause  func(time.Duration) <-chan time.Time
}

// Core is what a reader needs to know of the user's own Core, which may be the server.
type Core struct {
	Sign  func(address string) (string, error) // the header of a signed read, "" for an address of another server
	Roots *x509.CertPool                       // of its certificate; nil is the system's list
}

// New returns a reader of what lies below an address. It connects when it is first asked. Reads of the user's own Core
// are signed. No other server gets a signature.
func New(ctx context.Context, address string, core Core) (*Remote, error) {
	base, err := config.BaseURL(address)
	if err != nil {
		return nil, err
	}
	return &Remote{ctx, base, &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{ // no proxy: variables of the environment name no server here
			MaxConnsPerHost: Workers, MaxIdleConnsPerHost: Workers, MaxResponseHeaderBytes: maxHeader,
			TLSHandshakeTimeout: timeout, DisableCompression: true, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: core.Roots},
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != base.Scheme || r.URL.Host != base.Host || len(via) > redirects || via[0].Header.Get(api.RequestHeader) != "" {
				return errElsewhere
			}
			return nil
		},
	}, core.Sign, time.After}, nil
}

var errElsewhere = errors.New("the server points to another one, or in circles")

// Close lets go of the connections.
func (r *Remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// ReadFile implements [log.TileReader].
func (r *Remote) ReadFile(name string) (b []byte, err error) {
	pause := time.Second
	for try := range tries {
		var again bool
		if b, again, err = r.ask(name); !again {
			return b, err
		}
		if try == tries-1 {
			break
		}
		select {
		case <-r.ctx.Done():
			return nil, r.ctx.Err()
		case <-r.pause(pause):
			pause *= 2
		}
	}
	return nil, err
}

// ask asks once. What a server may do better next time is asked again: no answer, a cut one, 429
// and its own errors.
func (r *Remote) ask(name string) (b []byte, again bool, err error) {
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, r.base.JoinPath(name).String(), nil)
	if err != nil {
		return nil, false, err
	}
	if r.sign != nil {
		header, err := r.sign(req.URL.String())
		if err != nil {
			return nil, false, err
		}
		if header != "" {
			req.Header.Set(api.RequestHeader, header)
		}
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, !errors.Is(err, errElsewhere) && r.ctx.Err() == nil, err
	}
	defer resp.Body.Close()
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone:
		return nil, false, &fs.PathError{Op: "get", Path: name, Err: fs.ErrNotExist}
	case code != http.StatusOK:
		return nil, code == http.StatusTooManyRequests || code >= 500, fmt.Errorf("the server answers %d for %s", code, name)
	}
	limit := maxSize(name)
	b, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, false, fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return b, err != nil && r.ctx.Err() == nil, err
}

// maxSize returns how long a file of this name may be.
func maxSize(name string) int64 {
	switch {
	case name == log.CheckpointPath:
		return log.MaxCheckpoint
	case strings.HasPrefix(name, "tile/entries/"):
		return log.MaxBundle
	case strings.HasPrefix(name, "trust/"):
		return trust.MaxTrust
	case strings.HasPrefix(name, "tile/"):
		return maxTile
	}
	return crypto.MaxEnvelope
}
