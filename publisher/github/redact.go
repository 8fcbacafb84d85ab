package github

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/omega/marketops"
)

const redacted = "[redacted]"

// redactor removes the credentials that were ever used, in the forms in which a server might
// repeat them.
type redactor struct {
	mu    sync.Mutex
	known []string // longest first, so that no form is cut out of a longer one
}

func (r *redactor) learn(secret string) {
	quoted, _ := json.Marshal(secret)
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.known, secret) {
		return
	}
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("Bearer " + secret)),
	} {
		if !slices.Contains(r.known, form) {
			r.known = append(r.known, form)
		}
	}
	slices.SortFunc(r.known, func(a, b string) int { return len(b) - len(a) })
}

func (r *redactor) clean(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range r.known {
		s = strings.ReplaceAll(s, secret, redacted)
	}
	return s
}

// washed is the text of a foreign error without secrets, and whether the caller ended it.
type washed struct {
	text  string
	cause error // context.Canceled, context.DeadlineExceeded or nil
	code  error // a code of ours that the error carried
}

func (w *washed) Error() string { return w.text }

func (w *washed) Unwrap() []error {
	return slices.DeleteFunc([]error{w.cause, w.code}, func(e error) bool { return e == nil })
}

// wash keeps what callers decide by and drops everything else of an error but its clean text.
// The address of a failed request goes too: it may be a signed one.
func (r *redactor) wash(err error) error {
	if err == nil {
		return nil
	}
	var at *url.Error
	for errors.As(err, &at) && at.Err != nil {
		err = at.Err
	}
	w := &washed{text: clip(r.clean(err.Error()))}
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, c) {
			w.cause = c
		}
	}
	if c := marketops.CodeOf(err); c != "" {
		w.code = c
	}
	return w
}

// clip bounds foreign text and keeps it on one line.
func clip(s string) string {
	const most = 400
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
