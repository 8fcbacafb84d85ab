package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/omega/marketops"
)

// maxSecret bounds a credential; GitHub's have at most 255 bytes.
const maxSecret = 4096

// originOf is scheme, host and port, the port always said.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + u.Hostname() + ":" + port
}

// bearer adds the credential to requests for its origins, and to nothing else.
type bearer struct {
	base    http.RoundTripper
	origins []string
	token   func(context.Context) (string, error)
	denied  func(string)
	secrets *redactor
}

func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if !slices.Contains(b.origins, originOf(req.URL)) {
		return b.base.RoundTrip(req)
	}
	secret, err := b.token(req.Context())
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.TokenMissing, What: "the credential cannot be read", State: stateStopped, Err: b.secrets.wash(err)}
	}
	if err := checkSecret(secret); err != nil {
		return nil, &marketops.Failure{Code: marketops.TokenMissing, State: stateStopped, Err: err}
	}
	b.secrets.learn(secret)
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := b.base.RoundTrip(req)
	if err == nil && res.StatusCode == http.StatusUnauthorized {
		b.denied(secret)
	}
	return res, err
}

func checkSecret(s string) error {
	if s == "" || len(s) > maxSecret {
		return errors.New("the credential is empty or too long")
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return errors.New("the credential has a character that no credential has")
		}
	}
	return nil
}
