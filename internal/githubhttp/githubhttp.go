// Package githubhttp makes the HTTP transport of everything that holds a write credential for GitHub, and says
// which protocols a connection may speak that carries any credential.
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
	return &http.Transport{
		Proxy:                  nil,
		Protocols:              HTTP1(),
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		DisableKeepAlives:      true,
		DisableCompression:     true, // so that the digest of an answer is that of what came
		MaxResponseHeaderBytes: maxHeaders,
	}
}

// HTTP1 allows HTTP/1.1 alone. Under GODEBUG=http2debug=1 or 2 net/http prints every header of HTTP/2, with the
// credential in it; no setting makes it print those of HTTP/1.1.
func HTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}
