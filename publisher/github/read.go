package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
)

// Limits of a list.
const (
	perPage  = 100
	maxPages = 100 // GitHub shows at most 10,000 releases: more cannot be proven absent
)

// get reads one thing, repeating what may be repeated. A 404 is a failure with errNotShown
// beneath: whether the thing exists stays unknown.
func (r *reader) get(ctx context.Context, step, path string, out any) (*exchange, error) {
	return r.getCall(ctx, &call{step: step, method: http.MethodGet, path: path}, out)
}

// getKnown is get for what GitHub has named before: a 404 is read again.
func (r *reader) getKnown(ctx context.Context, step, path string, out any) (*exchange, error) {
	return r.getCall(ctx, &call{step: step, method: http.MethodGet, path: path, exists: true}, out)
}

func (r *reader) getCall(ctx context.Context, c *call, out any) (*exchange, error) {
	return r.read(ctx, c, func(x *exchange) error {
		if x.status != http.StatusOK {
			return fmt.Errorf("status %d was not expected", x.status)
		}
		return json.Unmarshal(x.body, out)
	})
}

var errNotShown = errors.New("404, which proves nothing")

func (r *reader) read(ctx context.Context, c *call, use func(*exchange) error) (*exchange, error) {
	var x *exchange
	limits, denied := 0, false
	err := r.again(ctx, c.step, func() error {
		var err error
		if x, err = r.once(ctx, c); err != nil {
			return backoff.Permanent(err)
		}
		switch x.class() {
		case answered:
			if err := use(x); err != nil {
				return errors.New("the answer cannot be used: " + r.port.secrets.wash(err).Error())
			}
			r.last = x.body
			return nil
		case limited:
			limits++
			return r.limitReached(ctx, c, x, limits-1)
		case unauthorised:
			if !denied {
				denied = true
				return &backoff.RetryAfterError{}
			}
		case ambiguous, unsent:
			return r.noAnswer(x)
		case redirected:
			if c.follow != nil {
				return c.follow(ctx, x)
			}
		}
		r.last = x.body
		if c.exists && x.status == http.StatusNotFound {
			return r.refusal(c, x)
		}
		return backoff.Permanent(r.refusal(c, x))
	})
	return x, r.unreachable(c.step, err)
}

// noAnswer says why an exchange is no answer; what we refused ourselves is final.
func (r *reader) noAnswer(x *exchange) error {
	var own *marketops.Failure
	switch {
	case errors.As(x.err, &own):
		return backoff.Permanent(own)
	case x.err != nil:
		return r.port.secrets.wash(x.err)
	case x.requestID() == "":
		return fmt.Errorf("status %d, and not from GitHub", x.status)
	}
	return fmt.Errorf("GitHub answered %d %s", x.status, http.StatusText(x.status))
}

// unreachable classifies what is left after the last repetition.
func (r *reader) unreachable(step string, err error) error {
	var f *marketops.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &marketops.Failure{Code: marketops.GitHubUnreachable, What: step, State: stateStopped, Err: r.port.secrets.wash(err)}
}

// getter is how a page is read.
type getter func(ctx context.Context, step, path string, out any) (*exchange, error)

// list reads all pages. It is the only proof of absence. A path without per_page is one of a
// list that GitHub does not page; a Link header would still be obeyed.
func list[T any](ctx context.Context, get getter, step, path string) ([]T, error) {
	var all []T
	sep, sized := "?", strings.Contains(path, "per_page=")
	if sized {
		sep = "&"
	}
	for page := 1; page <= maxPages; page++ {
		var some []T
		at := path
		if page > 1 {
			at = fmt.Sprintf("%s%spage=%d", path, sep, page)
		}
		x, err := get(ctx, step, at, &some)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		// A full page counts as one with a successor, whatever the Link header says.
		if x.next == 0 && (!sized || len(some) < perPage) {
			return all, nil
		}
	}
	return nil, &marketops.Failure{Code: marketops.GitHubDenied, State: stateStopped,
		What: fmt.Sprintf("%s: more than %d pages, so absence cannot be proven", step, maxPages)}
}
