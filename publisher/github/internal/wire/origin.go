package wire

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/omega/marketops"
)

// maxSecret bounds a credential; GitHub's have at most 255 bytes.
const maxSecret = 4096

// bearer adds the credential to requests for its origins, and to nothing else.
type bearer struct {
	base    http.RoundTripper
	origins []string
	token   func(context.Context) (string, error)
	denied  func(string)
	secrets *redactor
}

func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if !slices.Contains(b.origins, originOf(req.URL)) {
		return b.base.RoundTrip(req)
	}
	secret, err := b.token(req.Context())
	if err != nil {
		f := &marketops.Failure{Code: marketops.TokenMissing, What: "the credential cannot be read", State: StateStopped, Err: b.secrets.error(err)}
		if cause := (*marketops.Failure)(nil); errors.As(err, &cause) {
			f.Next = cause.Next
		}
		return nil, f
	}
	if err := checkSecret(secret); err != nil {
		return nil, &marketops.Failure{Code: marketops.TokenMissing, State: StateStopped, Err: err}
	}
	b.secrets.Add(secret)
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := b.base.RoundTrip(req)
	x, _ := req.Context().Value(exchangeKey{}).(*Exchange)
	if err == nil && res.StatusCode == http.StatusUnauthorized && (x == nil || !x.renewed) {
		b.denied(secret)
	}
	return res, err
}

func checkSecret(s string) error {
	if s == "" || len(s) > maxSecret {
		return errors.New("the credential is empty or too long")
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return errors.New("the credential has a character that no credential has")
		}
	}
	return nil
}

// ParseBase reads a base address, https or, to loopback only, http. Its errors do not quote it: it may
// hold a password.
func ParseBase(what, s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s, "?#") {
		return nil, errors.New("github: " + what + " is not a plain address")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, errors.New("github: " + what + " is neither https nor http to loopback")
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// originOf is scheme, host and port, the port always said.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + u.Hostname() + ":" + port
}

// CheckUploadURL refuses a GitHub that wants the files and the credential somewhere else.
func (c *Client) CheckUploadURL(address string) error {
	address, _, _ = strings.Cut(address, "{")
	u, err := url.Parse(address)
	if err != nil || u.User != nil || originOf(u) != originOf(c.options.Uploads) {
		return &marketops.Failure{Code: marketops.HostMismatch, State: StateDraftKept,
			What: "GitHub wants the files at " + c.secrets.line(withoutQuery(address))}
	}
	return nil
}

// storeAddress accepts any host, because it gets no credential, but no plain http except where
// GitHub itself is spoken to that way on loopback.
func (c *Client) storeAddress(location string) (*url.URL, error) {
	u, err := url.Parse(location)
	ok := err == nil && u.Hostname() != "" && u.User == nil &&
		(u.Scheme == "https" || u.Scheme == "http" && c.options.API.Scheme == "http" && isLoopback(u.Hostname()))
	if !ok {
		return nil, &marketops.Failure{Code: marketops.HostMismatch, State: StateStopped,
			What: "the bytes of an asset are said to be at " + c.secrets.line(withoutQuery(location))}
	}
	return u, nil
}

// withoutQuery is an address without its query, which may be a signature.
func withoutQuery(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return "an address that cannot be read"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}
