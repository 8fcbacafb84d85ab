package marketops

import (
	"encoding"
	"testing"
)

// FuzzUnmarshalText: what is read as a digest, a time or an id is written as it was.
func FuzzUnmarshalText(f *testing.F) {
	for _, s := range []string{"sha256:" + zeros, "2026-03-01T12:00:00Z", "r-" + zeros[:32], "c-" + zeros[:32], "github.com", "ghe.example.com:8443", "127.0.0.1:80", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d Digest
		var at Time
		var run RunID
		var id ReceiptID
		var host Host
		for _, v := range []struct {
			read encoding.TextUnmarshaler
			said func() string
		}{{&d, func() string { return d.String() }}, {&at, func() string { return at.String() }}, {&run, func() string { return string(run) }}, {&id, func() string { return string(id) }},
			{&host, func() string { return string(host) }}} {
			if err := v.read.UnmarshalText([]byte(s)); err == nil && v.said() != s {
				t.Errorf("%q is written %q", s, v.said())
			}
		}
		if h, err := ParseHost(s); err == nil && (string(h) != s || host != h) {
			t.Errorf("host %q is read as %q and %q", s, h, host)
		}
		if d, err := ParseDigest(s); err == nil && d.String() != s {
			t.Errorf("%q is written %s", s, d)
		}
	})
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
