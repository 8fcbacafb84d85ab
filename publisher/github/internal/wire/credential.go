package wire

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/omega/marketops"
)

// maxSecret bounds a credential; GitHub's have at most 255 bytes.
const maxSecret = 4096

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
		return nil, &marketops.Failure{Code: marketops.TokenMissing, What: "the credential cannot be read", State: StateStopped, Err: b.secrets.error(err)}
	}
	if err := checkSecret(secret); err != nil {
		return nil, &marketops.Failure{Code: marketops.TokenMissing, State: StateStopped, Err: err}
	}
	b.secrets.add(secret)
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
