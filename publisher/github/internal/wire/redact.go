package wire

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/redact"
)

// Redacted stands where a credential stood.
const Redacted = redact.Redacted

// redactor removes the credentials that were ever used.
type redactor struct{ redact.Redactor }

// line is text, on one line and bounded.
func (r *redactor) line(s string) string { return clip(r.Text(s)) }

// Redact removes every credential that was used from a text.
func (c *Client) Redact(s string) string { return c.secrets.Text(s) }

// RedactLine is Redact, with the text on one line and bounded.
func (c *Client) RedactLine(s string) string { return c.secrets.line(s) }

// RedactError keeps what callers decide by and drops everything else of an error but its redacted text.
func (c *Client) RedactError(err error) error { return c.secrets.error(err) }

// cleanError is the text of a foreign error without secrets, and whether the caller ended it.
type cleanError struct {
	text  string
	cause error // context.Canceled, context.DeadlineExceeded or nil
	code  error // a code of ours that the error carried
}

func (e *cleanError) Error() string { return e.text }

func (e *cleanError) Unwrap() []error {
	return slices.DeleteFunc([]error{e.cause, e.code}, func(err error) bool { return err == nil })
}

// error keeps what callers decide by and drops everything else of an error but its clean text.
// The address of a failed request goes too: it may be a signed one.
func (r *redactor) error(err error) error {
	if err == nil {
		return nil
	}
	var at *url.Error
	for errors.As(err, &at) && at.Err != nil {
		err = at.Err
	}
	clean := &cleanError{text: r.line(err.Error())}
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, c) {
			clean.cause = c
		}
	}
	if c := marketops.CodeOf(err); c != "" {
		clean.code = c
	}
	return clean
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
