package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/omega/marketops"

	"github.com/go-json-experiment/json"
)

// WriteResult is what became of a write.
type WriteResult int

// The results of a write.
const (
	Unclear WriteResult = iota // it may have happened
	Undone                     // it has not happened; the error says why
	Done                       // it has happened as planned
)

// Write sends call until GitHub has taken notice of it: it waits for limits and for connections,
// which are definite, and repeats nothing else. use checks a 2xx against the plan. The error
// of undone is a [*marketops.Failure]; the error of unclear is why.
func (c *Caller) Write(ctx context.Context, call *Call, use func(*Exchange) error) (WriteResult, error) {
	result, limits := Undone, 0
	err := c.Retry(ctx, call.Step, func() error {
		call.rewind()
		x, err := c.once(ctx, call)
		if err != nil {
			if x.reached.Load() {
				result = Unclear
			}
			return Permanent(err)
		}
		switch x.class() {
		case answered:
			if err := use(x); err != nil {
				result = Unclear
				return Permanent(fmt.Errorf("the answer is not the planned one: %w", c.unusable(err)))
			}
			result, c.last = Done, x.body
			return nil
		case limited:
			limits++
			return c.backOff(ctx, call, x, limits-1)
		case unsent:
			return c.noAnswer(x)
		case ambiguous:
			result = Unclear
			return Permanent(c.noAnswer(x))
		}
		return c.refused(call, x)
	})
	if result == Undone {
		err = c.classify(call.Step, err)
	}
	return result, err
}

// unusable is why an answer cannot be used, without secrets.
func (c *Caller) unusable(err error) error {
	if errors.Is(err, errDiffers) {
		return errDiffers
	}
	return c.RedactError(err)
}

// rewind makes an upload ready to be read from its beginning: a refused one was read in part.
func (c *Call) rewind() {
	if c.Upload != nil {
		c.Upload = c.Upload.restart()
	}
}

var errDiffers = errors.New("a bound field differs")

// Expect is a check of an answer for [Caller.Write]: it has this status, and planned accepts what was read
// into got.
func Expect[T any](status int, got *T, planned func() bool) func(*Exchange) error {
	return func(x *Exchange) error {
		*got = *new(T)
		if x.status != status {
			return fmt.Errorf("status %d instead of %d", x.status, status)
		}
		if err := json.Unmarshal(x.body, got); err != nil {
			return err
		}
		if !planned() {
			return errDiffers
		}
		return nil
	}
}

// ExpectNothing is the check of an answer without a body.
func ExpectNothing(x *Exchange) error {
	if x.status != http.StatusNoContent {
		return errDiffers
	}
	return nil
}

// WriteRepeatedly does an invisible write that may happen more than once: an unclear attempt is
// repeated after each pause. Where GitHub keeps making something else than planned that is a conflict, for
// asking again would not help.
func (c *Caller) WriteRepeatedly(ctx context.Context, call *Call, use func(*Exchange) error) error {
	err := c.Retry(ctx, call.Step, func() error {
		result, err := c.Write(ctx, call, use)
		if result == Undone {
			return Permanent(err)
		}
		return err
	})
	if errors.Is(err, errDiffers) {
		return Stopf(marketops.GitHubConflict, "%s: GitHub makes something else than the planned object", call.Step)
	}
	return c.classify(call.Step, err)
}
