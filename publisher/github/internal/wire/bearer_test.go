package wire

import (
	"context"
	"net/http"
	"testing"
)

const secret = "gho_canary+/0123456789abcdef"

// TestBearer: the credential goes to the two origins and nowhere else, not even asked for.
func TestBearer(t *testing.T) {
	asked := 0
	var last string
	b := &bearer{
		base: round(func(r *http.Request) (*http.Response, error) {
			last = r.Header.Get("Authorization")
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		}),
		origins: []string{"https://api.github.com:443", "https://uploads.github.com:443"},
		token:   func(context.Context) (string, error) { asked++; return secret, nil },
		secrets: &redactor{},
	}
	for address, want := range map[string]bool{
		"https://api.github.com/x":                 true,
		"https://api.github.com:443/x":             true,
		"https://uploads.github.com/x":             true,
		"http://api.github.com/x":                  false,
		"https://api.github.com:8443/x":            false,
		"https://github.com/x":                     false,
		"https://api.github.com.example.com/x":     false,
		"https://example.com/api.github.com":       false,
		"https://xapi.github.com/":                 false,
		"https://objects.githubusercontent.com/x":  false,
		"https://api.github.com@evil.example.com/": false,
	} {
		asked, last = 0, ""
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		if got := last == "Bearer "+secret; got != want || (asked == 1) != want || req.Header.Get("Authorization") != "" {
			t.Errorf("%s: sent %t, asked %d", address, got, asked)
		}
	}
}

type round func(*http.Request) (*http.Response, error)

func (f round) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
