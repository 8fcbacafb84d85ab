package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
)

// Get reads one thing, repeating what may be repeated. A 404 is a failure with ErrNotShown
// beneath: whether the thing exists stays unknown.
func (c *Caller) Get(ctx context.Context, step, path string, out any) (*Exchange, error) {
	return c.getCall(ctx, &Call{Step: step, Method: http.MethodGet, Path: path}, out)
}

// GetKnown is Get for what GitHub has named before: a 404 is read again.
func (c *Caller) GetKnown(ctx context.Context, step, path string, out any) (*Exchange, error) {
	return c.getCall(ctx, &Call{Step: step, Method: http.MethodGet, Path: path, exists: true}, out)
}

func (c *Caller) getCall(ctx context.Context, call *Call, out any) (*Exchange, error) {
	return c.read(ctx, call, func(x *Exchange) error {
		if x.status != http.StatusOK {
			return fmt.Errorf("status %d was not expected", x.status)
		}
		return json.Unmarshal(x.body, out)
	})
}

// ErrNotShown is beneath the failure of a 404: whether the thing exists stays unknown.
var ErrNotShown = errors.New("404, which proves nothing")

// IsNotShown reports whether GitHub answered with a 404.
func IsNotShown(err error) bool { return errors.Is(err, ErrNotShown) }

func (c *Caller) read(ctx context.Context, call *Call, use func(*Exchange) error) (*Exchange, error) {
	var x *Exchange
	limits := 0
	err := c.Retry(ctx, call.Step, func() error {
		var err error
		if x, err = c.once(ctx, call); err != nil {
			return Permanent(err)
		}
		switch x.class() {
		case answered:
			if err := use(x); err != nil {
				return errors.New("the answer cannot be used: " + c.RedactError(err).Error() + c.quotePage(x))
			}
			c.last = x.body
			return nil
		case limited:
			limits++
			return c.backOff(ctx, call, x, limits-1)
		case ambiguous:
			if call.lighten != nil {
				call.lighten()
			}
			return c.noAnswer(x)
		case unsent:
			return c.noAnswer(x)
		case redirected:
			if call.follow != nil {
				return call.follow(ctx, x)
			}
		}
		return c.refused(call, x)
	})
	return x, c.classify(call.Step, err)
}
