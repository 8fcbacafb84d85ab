package githubhttp

import "testing"

func TestTransport(t *testing.T) {
	if tr := NewTransport(nil); tr.Proxy != nil || tr.TLSClientConfig.MinVersion < 0x0303 || !tr.DisableKeepAlives || tr.Protocols.HTTP2() || tr.Protocols.UnencryptedHTTP2() {
		t.Error("the transport would retry, use a proxy or old TLS")
	}
}
