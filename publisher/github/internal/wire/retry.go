package wire

import (
	"context"
	"errors"
	"time"

	"github.com/omega/marketops"
)

// permanentError ends a repetition.
type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// Permanent marks an error that no repetition helps against.
func Permanent(err error) error { return &permanentError{err} }

// retryAfter asks for a wait in place of the next pause, and for all pauses after it.
type retryAfter struct{ wait time.Duration }

func (e *retryAfter) Error() string { return "retry after " + e.wait.String() }

// why says why a step is repeated; a failure names its step itself.
func why(step string, err error) string {
	var f *marketops.Failure
	if errors.As(err, &f) {
		return f.What
	}
	return step + ": " + err.Error()
}

// Retry repeats op after each pause until it succeeds or fails for good.
func (c *Client) Retry(ctx context.Context, step string, op func() error) error {
	for taken := 0; ; {
		err := op()
		var last *permanentError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &last):
			return last.error
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case taken == len(c.options.Pauses):
			return err
		}
		d := c.options.Pauses[taken]
		taken++
		var later *retryAfter
		if errors.As(err, &later) {
			d, taken = later.wait, 0
		}
		if d > 0 {
			c.options.Wait(why(step, err), d)
		}
		if c.options.Sleep(ctx, d) != nil {
			return context.Cause(ctx)
		}
	}
}
