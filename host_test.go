package marketops_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// TestHost: a host has one spelling, and every other is refused with the reason.
func TestHost(t *testing.T) {
	for _, good := range []string{"github.com", "localhost", "ghe.example.com", "ghe.example.com:8443", "127.0.0.1", "127.0.0.1:80", "api.octo.ghe.com", "xn--bcher-kva.example", "1password.com", "a.b-c.d"} {
		h, err := marketops.ParseHost(good)
		if err != nil || string(h) != good {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"": "no host name", "GitHub.com": "lower case", "github.com.": "dot at its end", "github.com.:1": "dot at its end", "api.github.com": "written github.com",
		"api.github.com:8443": "written github.com", "github.com:443": "without :443", "github.com:": "no port", "github.com:0": "no port", "github.com:08443": "no port",
		"github.com:65536": "no port", "github.com:+1": "no port", ".github.com": "no host name", "git..com": "no host name", "-a.com": "no host name", "a-.com": "no host name",
		"a_b.com": "no host name", "https://github.com": "no port", "github.com/": "no host name", "bob@github.com": "no host name", "bücher.example": "no host name",
		"127.1": "no host name", "2130706433": "no host name", "127.0.0.01": "no host name", "0177.0.0.1": "no host name", "0x7f000001": "no host name", "127.0.0.1.": "dot at its end",
		"127.0.0.256": "no host name", "[::1]": "no port", "::1": "no port", " github.com": "no host name", "github.com\n": "no host name", "github\x00.com": "no host name",
		strings.Repeat("a", 64) + ".com": "no host name", strings.Repeat("abcdefg.", 32) + "com": "no host name",
	} {
		_, err := marketops.ParseHost(bad)
		if marketops.CodeOf(err) != marketops.RepositoryMismatch || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q", bad, err, why)
		}
		text, _ := json.Marshal(map[string]string{"host": bad})
		if err := json.Unmarshal(text, new(marketops.Target)); err == nil {
			t.Errorf("%q is read from a document", bad)
		}
	}
}
