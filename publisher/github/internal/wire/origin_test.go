package wire

import (
	"net/netip"
	"strings"
	"testing"
)

// FuzzParseBase: a base address is https, or http to this machine, has nothing secret in it, and ends in a slash.
func FuzzParseBase(f *testing.F) {
	for _, s := range []string{"https://api.github.com", "http://127.0.0.1:8080/api/v3/", "http://example.com/", "https://u:p@x/", "file:///etc", "https://x/?a#b", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseBase("API", s)
		if err != nil {
			return
		}
		ip, _ := netip.ParseAddr(u.Hostname())
		if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && !ip.IsLoopback()) {
			t.Errorf("%q is plain http to %s", s, u.Host)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Host == "" || !strings.HasSuffix(u.Path, "/") {
			t.Errorf("%q became %+v", s, u)
		}
	})
}
