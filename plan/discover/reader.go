package discover

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/githubhttp"
)

// reader is the one way to the network. It can only read, and only from one API.
type reader struct {
	api   *url.URL
	token marketops.Secret
	wire  http.RoundTripper
}

// newReader builds its own transport: the default one asks the environment for a proxy, which
// would then see the token of a plain http address and could answer for GitHub.
func newReader(api *url.URL, token marketops.Secret, roots *x509.CertPool) *reader {
	return &reader{api, token, &http.Transport{
		Proxy: nil, Protocols: githubhttp.HTTP1(), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: timeout,
		IdleConnTimeout: timeout, MaxIdleConnsPerHost: 2,
	}}
}

// RoundTrip implements [http.RoundTripper].
func (r *reader) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead || req.Body != nil && req.Body != http.NoBody {
		return nil, marketops.Refuse(marketops.SourceUnreadable, fmt.Sprintf("%s is not a read; this connection only reads", req.Method))
	}
	if !r.covers(req.URL) || req.Host != "" && req.Host != r.api.Host {
		return nil, marketops.Refuse(marketops.SourceUnreadable, "the address lies outside the configured API")
	}
	req = req.Clone(req.Context())
	req.Header.Del("Authorization")
	if !r.token.IsZero() {
		req.Header.Set("Authorization", "Bearer "+r.token.Reveal())
	}
	return r.wire.RoundTrip(req)
}

// covers reports whether u is the API's origin and stands under its path.
func (r *reader) covers(u *url.URL) bool {
	return u.Scheme == r.api.Scheme && u.Host == r.api.Host && u.User == nil && u.Opaque == "" &&
		strings.HasPrefix(u.Path, r.api.Path) && !strings.Contains(u.Path+"/", "/../") && !strings.Contains(u.Path+"/", "/./")
}
