// Package githubhttp makes the HTTP transport of everything that holds a write credential for GitHub.
package githubhttp

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

const (
	connectTimeout = 20 * time.Second
	maxHeaders     = 256 << 10 // bytes
)

// NewTransport makes one connection per request: net/http sends a request again only where a kept
// connection turns out to be dead, and a dead connection would also make writes ambiguous. HTTP/2
// is off because it retries refused streams by itself, and no proxy is asked for. roots are the
// authorities to believe; nil is the system's.
func NewTransport(roots *x509.CertPool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  nil,
		Protocols:              protocols,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		DisableKeepAlives:      true,
		DisableCompression:     true, // so that the digest of an answer is that of what came
		MaxResponseHeaderBytes: maxHeaders,
	}
}
