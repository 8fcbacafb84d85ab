package app

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
)

// Limits of one answer, in bytes.
const (
	maxAnswer  = 1 << 20
	maxHeaders = 64 << 10
)

// exchange sends one request and keeps what came back. A round trip follows no redirect.
type exchange struct {
	base   http.RoundTripper
	agent  string
	status int // 0: no answer
	header http.Header
	told   told
	err    error // why there is no whole answer
}

// told is what we believe of an answer.
type told struct {
	Token        string            `json:"token"`
	Permissions  map[string]string `json:"permissions"`
	Repositories []struct {
		ID int64 `json:"id"`
	} `json:"repositories"`
}

var errUnusable = errors.New("the answer is not a token")

// RoundTrip implements [http.RoundTripper].
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", x.agent)
	req.GetBody = nil // without it net/http has nothing to send a second time
	res, err := x.base.RoundTrip(req)
	if err != nil {
		x.err = err
		return nil, err
	}
	defer res.Body.Close()
	x.status, x.header = res.StatusCode, res.Header
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the answer is too long")
	}
	if x.err = err; err != nil {
		return nil, err
	}
	// ghinstallation would not survive an answer that is null.
	if x.status == http.StatusCreated && (json.Unmarshal(body, &x.told) != nil || x.told.Token == "") {
		return nil, errUnusable
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// limited tells a limit from a lack of rights: both may be 403.
func (x *exchange) limited() bool {
	return x.status == http.StatusTooManyRequests || x.status == http.StatusForbidden &&
		(x.header.Get("Retry-After") != "" || x.header.Get("X-RateLimit-Remaining") == "0")
}

// newTransport is as strict as that of the live port: a connection for each request, HTTP/1, no proxy.
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
		MaxResponseHeaderBytes: maxHeaders,
	}
}

// parseBase reads the API's address. Its errors do not quote it: it may hold a password.
func parseBase(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s, "?#") {
		return "", marketops.Refuse(marketops.ConfigInvalid, "the API's address is not a plain address")
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "https" && (scheme != "http" || !loopback(u.Hostname())) {
		return "", marketops.Refuse(marketops.ConfigInvalid, "the API's address is neither https nor http to loopback")
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
