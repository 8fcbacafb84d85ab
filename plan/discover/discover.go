// Package discover reads GitHub for the engine and for a Core that observes facts itself.
//
// It cannot write. Its transport refuses every method but GET and HEAD and every address
// outside the configured API before a byte leaves, follows no redirect, asks no proxy of the
// environment, and adds the read token nowhere else. There is no other way out of the package.
//
// # What is believed
//
// An answer counts if its status is 200 and its body, at most [MaxBody] bytes, is JSON about
// what was asked. Everything else is an error with [marketops.SourceUnreadable]: a 404 says
// nothing about absence, because it also stands for "you may not see it". Absence is proved
// by a complete list without the thing: git/matching-refs for branches and tags, all pages of
// releases and of pull requests. A list of more than [MaxPages] pages proves nothing.
//
// Nothing is tried again. A rate limit is an error that names the time at which it ends.
package discover

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/redact"
	"github.com/omega/marketops/plan"
)

// Limits.
const (
	MaxBody  = 32 << 20 // bytes of one answer
	MaxPages = 100      // of one list
	timeout  = 30 * time.Second
	perPage  = 100
)

// GitHub reads one GitHub. It is a [plan.Source] and may be used by several goroutines.
type GitHub struct {
	api    *url.URL
	client *http.Client
	now    func() time.Time

	secrets redact.Redactor
}

var _ plan.Source = (*GitHub)(nil)

// New reads the GitHub whose API is at this address, with a read token or, if that is empty, as
// anybody. roots are the only certificates that it is believed by; nil is the system's list. It refuses
// an address that is not absolute and a missing clock.
func New(address string, roots *x509.CertPool, token marketops.Secret, now func() time.Time) (*GitHub, error) {
	api, err := url.Parse(address)
	if err != nil || (config.GitHub{API: address}).Host() == "" || !strings.HasSuffix(api.Path, "/") {
		return nil, errors.New("discover: the API address is not usable")
	}
	if now == nil {
		return nil, errors.New("discover: there is no clock")
	}
	client := &http.Client{
		Transport:     newReader(api, token, roots),
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	g := &GitHub{api: api, client: client, now: now}
	g.secrets.Add(token.Reveal())
	return g, nil
}
