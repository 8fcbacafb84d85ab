package github

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// minPauses is the least number of pauses: absence after an ambiguous attempt needs at least
// three reads.
const minPauses = 3

// Options say where GitHub is and how to deal with it. Every field but Roots is needed; there are no
// silent defaults, see [Paced] and [DefaultPauses].
type Options struct {
	// API and Uploads are base addresses, https or, to loopback only, http.
	API, Uploads string
	// Roots are the only certificates that GitHub is believed by; nil is the system's list.
	Roots *x509.CertPool
	// Token returns the write credential. It is called right before each request.
	Token func(context.Context) (string, error)
	// Denied is told of a credential that GitHub answered with 401, so that Token returns another where
	// there is one. The request is then sent once more.
	Denied func(secret string)
	// Now is the clock for deadlines, evidence and pacing.
	Now func() time.Time
	// Pacing bounds how fast the credential writes, over all processes.
	Pacing Pacing
	// Wait is told of every pause that a person might wonder about, before it begins.
	Wait func(reason string, d time.Duration)
	// Pauses are the waits between repeated reads, at least three.
	Pauses []time.Duration
	// UserAgent is how the product names itself to GitHub.
	UserAgent string
}

// DefaultPauses returns 1, 2, 4, 8, 16 and 30 seconds: GitHub's lists may lag half a minute.
func DefaultPauses() []time.Duration {
	return []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 30e9}
}

func (o *Options) check() error {
	switch {
	case o.Token == nil || o.Denied == nil || o.Now == nil || o.Wait == nil:
		return errors.New("github: Token, Denied, Now and Wait are needed")
	case len(o.Pauses) < minPauses:
		return errors.New("github: at least three pauses are needed")
	case o.UserAgent == "":
		return errors.New("github: a user agent is needed")
	}
	return o.Pacing.check()
}

// parseBase reads a base address. Its errors do not quote it: it may hold a password.
func parseBase(what, s string) (*url.URL, error) {
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
