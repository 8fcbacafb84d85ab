package github

import (
	"context"
	"errors"

	"github.com/cenkalti/backoff/v5"

	"github.com/omega/marketops"
)

// writeResult is what became of a write.
type writeResult int

const (
	unclear writeResult = iota // it may have happened
	undone                     // it has not happened; the error says why
	done                       // it has happened as planned
)

// write sends c until GitHub has taken notice of it: it waits for limits and for connections,
// which are definite, and repeats nothing else. use checks a 2xx against the plan. The error
// of undone is a [*marketops.Failure]; the error of unclear is why.
func (r *reader) write(ctx context.Context, c *call, use func(*exchange) error) (writeResult, error) {
	became, limits, denied := undone, 0, false
	err := r.again(ctx, c.step, func() error {
		c.rewind()
		x, err := r.once(ctx, c)
		if err != nil {
			if x.reached.Load() {
				became = unclear
			}
			return backoff.Permanent(err)
		}
		switch x.class() {
		case answered:
			if err := use(x); err != nil {
				became = unclear
				return backoff.Permanent(errors.New("the answer is not the planned one: " + r.port.secrets.wash(err).Error()))
			}
			became, r.last = done, x.body
			return nil
		case limited:
			limits++
			return r.limitReached(ctx, c, x, limits-1)
		case unauthorised:
			if !denied {
				denied = true
				return &backoff.RetryAfterError{}
			}
		case unsent:
			return r.noAnswer(x)
		case ambiguous:
			became = unclear
			return backoff.Permanent(r.noAnswer(x))
		}
		r.last = x.body
		return backoff.Permanent(r.refusal(c, x))
	})
	if became == undone {
		err = r.unreachable(c.step, err)
	}
	return became, err
}

// rewind makes an upload ready to be read from its beginning: a refused one was read in part.
func (c *call) rewind() {
	if c.upload != nil {
		c.upload = c.upload.fresh()
	}
}

var errOther = errors.New("a bound field differs")

// leaveOf asks the publisher before each write, and counts what others will see.
func (s *session) leaveOf(ctx context.Context, c *call) error {
	if err := s.work.BeforeCall(ctx); err != nil {
		return notAllowed(c.step, err)
	}
	if c.effect == "" {
		return nil
	}
	if err := s.work.BeforeEffect(ctx, c.effect); err != nil {
		return notAllowed(c.step, err)
	}
	s.sent[c.effect]++
	return nil
}

// notAllowed keeps the code of whoever said no.
func notAllowed(step string, err error) error {
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.LedgerUnavailable
	}
	return &marketops.Failure{Code: code, What: step + ": the publisher may not go on", State: stateStopped, Err: err}
}

// repeatable does an invisible write that may happen more than once: an unclear attempt is
// repeated after each pause.
func (r *reader) repeatable(ctx context.Context, c *call, use func(*exchange) error) error {
	err := r.again(ctx, c.step, func() error {
		became, err := r.write(ctx, c, use)
		if became == undone {
			return backoff.Permanent(err)
		}
		return err
	})
	return r.unreachable(c.step, err)
}
