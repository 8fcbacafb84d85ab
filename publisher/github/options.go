package github

import (
	"context"
	"crypto/x509"
	"errors"
	"time"
)

// minPauses is the least number of pauses: absence after an ambiguous attempt needs at least
// three reads.
const minPauses = 3

// Options say where GitHub is and how to deal with it. Every field but Roots is needed; there are no
// silent defaults, see [NewPacing] and [DefaultPauses].
type Options struct {
	// API and Uploads are base addresses, https or, to loopback only, http.
	API, Uploads string
	// Roots are the only certificates that GitHub is believed by; nil is the system's list.
	Roots *x509.CertPool
	// Token returns the write credential. It is called right before each request.
	Token func(context.Context) (string, error)
	// Denied is told of a credential that GitHub answered with 401, so that Token returns another where
	// there is one. The request is then sent once more.
	Denied func(secret string)
	// ReadOnly makes a port for a trial run: its transport can only GET, and the rights of its credential are
	// not those of the credential that writes.
	ReadOnly bool
	// Now is the clock for deadlines, evidence and pacing.
	Now func() time.Time
	// Pacing bounds how fast the credential writes, over all processes.
	Pacing Pacing
	// Wait is told of every pause that a person might wonder about, before it begins.
	Wait func(reason string, d time.Duration)
	// Pauses are the waits between repeated reads, at least three.
	Pauses []time.Duration
	// UserAgent is how the product names itself to GitHub.
	UserAgent string
}

// DefaultPauses returns 1, 2, 4, 8, 16 and 30 seconds: GitHub's lists may lag half a minute.
func DefaultPauses() []time.Duration {
	return []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 30e9}
}

func (o *Options) check() error {
	switch {
	case o.Token == nil || o.Denied == nil || o.Now == nil || o.Wait == nil:
		return errors.New("github: Token, Denied, Now and Wait are needed")
	case len(o.Pauses) < minPauses:
		return errors.New("github: at least three pauses are needed")
	case o.UserAgent == "":
		return errors.New("github: a user agent is needed")
	case o.Pacing.Limiter == nil || o.Pacing.LimitWait <= 0:
		return errors.New("github: pacing is needed, such as NewPacing")
	}
	return nil
}

// Pacing bounds the requests of one credential. The zero value is refused.
type Pacing struct {
	Limiter Limiter
	// LimitWait is the first wait when GitHub limits without saying for how long; it doubles.
	LimitWait time.Duration
}

// NewPacing returns a pacing by a limiter, with a minute as the first wait when GitHub limits.
func NewPacing(l Limiter) Pacing { return Pacing{Limiter: l, LimitWait: time.Minute} }

// Limiter limits the writes of the credential; [*ratelimit.Limiter] shares it with every process of the
// machine. All waits are from now. An error means that nothing may be sent.
type Limiter interface {
	// Reserve takes the right to one write now, or says how long to wait before asking again, and why.
	Reserve(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	// Peek is Reserve without taking anything.
	Peek(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	// Takes says how long n more writes take from now until the last may be sent. It takes and waits for nothing.
	Takes(ctx context.Context, now time.Time, n int) (time.Duration, error)
	// BackOff says how much longer GitHub wants nothing at all.
	BackOff(ctx context.Context, now time.Time) (wait time.Duration, why string, err error)
	// SetBackOff remembers that GitHub wants nothing until a time.
	SetBackOff(ctx context.Context, now, until time.Time) error
}
