package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/cenkalti/backoff/v5"

	"github.com/omega/marketops"
)

// hashAsset fetches the bytes of an asset by its id and returns their digest: the answer of a
// GitHub that keeps no digests. The one redirect to the object store is followed without the
// credential. What is not exactly size bytes long has the zero digest, which equals nothing.
func (r *reader) hashAsset(ctx context.Context, id, size int64) (marketops.Digest, error) {
	c := &call{
		step: "fetch the asset", method: http.MethodGet, path: r.repoPath("releases/assets/%d", id),
		accept: "application/octet-stream", sink: &sink{size: size}, size: size,
	}
	c.follow = func(ctx context.Context, x *exchange) error { return r.follow(ctx, c, x.header.Get("Location")) }
	_, err := r.read(ctx, c, func(x *exchange) error {
		if x.status != http.StatusOK {
			return fmt.Errorf("status %d was not expected", x.status)
		}
		return nil
	})
	if err != nil {
		return marketops.Digest{}, err
	}
	return c.sink.sum(), nil
}

// follow fetches the bytes that a redirect names. A wrong length is an answer too: of the wrong bytes.
func (r *reader) follow(ctx context.Context, c *call, location string) error {
	at, err := r.storeAddress(location)
	if err != nil {
		return backoff.Permanent(err)
	}
	ctx, cancel, err := r.limitTime(ctx, c)
	if err != nil {
		return backoff.Permanent(err)
	}
	defer cancel()
	x := &exchange{sink: c.sink}
	req, err := http.NewRequestWithContext(x.attach(ctx), http.MethodGet, at.String(), nil)
	if err != nil {
		return backoff.Permanent(err)
	}
	req.Header.Set("User-Agent", r.port.options.UserAgent)
	res, err := r.port.second.Do(req)
	if x.err = err; err == nil {
		x.take(res)
	}
	if err := r.keep(&call{step: c.step, method: c.method, path: place(location)}, x, marketops.DigestOf(nil)); err != nil {
		return backoff.Permanent(err)
	}
	switch {
	case x.err != nil:
		return errors.New("the bytes of the asset: " + r.port.secrets.wash(x.err).Error())
	case x.status >= 300 && x.status < 400:
		return backoff.Permanent(&marketops.Failure{Code: marketops.RedirectRefused, What: "a second redirect on the way to an asset", State: stateStopped})
	case x.status != http.StatusOK:
		return fmt.Errorf("the bytes of the asset: status %d", x.status)
	}
	return nil
}

// storeAddress accepts any host, because it gets no credential, but no plain http except where
// GitHub itself is spoken to that way on loopback.
func (r *reader) storeAddress(location string) (*url.URL, error) {
	u, err := url.Parse(location)
	ok := err == nil && u.Hostname() != "" && u.User == nil &&
		(u.Scheme == "https" || u.Scheme == "http" && r.port.api.Scheme == "http" && isLoopback(u.Hostname()))
	if !ok {
		return nil, &marketops.Failure{Code: marketops.HostMismatch, State: stateStopped,
			What: "the bytes of an asset are said to be at " + clip(r.port.secrets.clean(place(location)))}
	}
	return u, nil
}
