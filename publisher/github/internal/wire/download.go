package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/omega/marketops"
)

// Hash fetches the bytes of an asset from the path of its id and returns their digest: the answer of a
// GitHub that keeps no digests. The one redirect to the object store is followed without the
// credential. What is not exactly size bytes long has the zero digest, which equals nothing.
func (c *Caller) Hash(ctx context.Context, path string, size int64) (marketops.Digest, error) {
	call := &Call{
		Step: "fetch the asset", Method: http.MethodGet, Path: path,
		accept: "application/octet-stream", sink: &sink{size: size}, Size: size,
	}
	call.follow = func(ctx context.Context, x *Exchange) error { return c.follow(ctx, call, x.header.Get("Location")) }
	_, err := c.read(ctx, call, func(x *Exchange) error {
		if x.status != http.StatusOK {
			return fmt.Errorf("status %d was not expected", x.status)
		}
		return nil
	})
	if err != nil {
		return marketops.Digest{}, err
	}
	return call.sink.sum(), nil
}

// follow fetches the bytes that a redirect names. A wrong length is an answer too: of the wrong bytes.
func (c *Caller) follow(ctx context.Context, call *Call, location string) error {
	at, err := c.storeAddress(location)
	if err != nil {
		return Permanent(err)
	}
	ctx, cancel, err := c.limitTime(ctx, call)
	if err != nil {
		return Permanent(err)
	}
	defer cancel()
	x := &Exchange{sink: call.sink}
	req, err := http.NewRequestWithContext(x.attach(ctx), http.MethodGet, at.String(), nil)
	if err != nil {
		return Permanent(err)
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	res, err := c.second.Do(req)
	if x.err = err; err == nil {
		x.take(res)
	}
	if err := c.keep(&Call{Step: call.Step, Method: call.Method, Path: withoutQuery(location)}, x, marketops.DigestOf(nil)); err != nil {
		return Permanent(err)
	}
	switch {
	case x.err != nil:
		return errors.New("the bytes of the asset: " + c.RedactError(x.err).Error())
	case x.status >= 300 && x.status < 400:
		return Permanent(Stopf(marketops.RedirectRefused, "a second redirect on the way to an asset"))
	case x.status != http.StatusOK:
		return fmt.Errorf("the bytes of the asset: status %d", x.status)
	}
	return nil
}
