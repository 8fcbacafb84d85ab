package discover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/answer"
)

// address builds the URL of a path below the API. Each element is one or more path segments;
// a segment that climbs is refused.
func (g *GitHub) address(query url.Values, elements ...string) (*url.URL, error) {
	var escaped []string
	for _, e := range elements {
		for _, s := range strings.Split(e, "/") {
			if s == "" || s == "." || s == ".." {
				return nil, marketops.Refuse(marketops.SourceUnreadable, fmt.Sprintf("%.200q cannot stand in an address", e))
			}
			escaped = append(escaped, url.PathEscape(s))
		}
	}
	u := g.api.JoinPath(escaped...)
	u.RawQuery = query.Encode()
	return u, nil
}

// get reads one JSON answer into v and returns its headers.
func (g *GitHub) get(ctx context.Context, what string, u *url.URL, v any) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, unreadable(what, err)
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	req.Header.Set("User-Agent", "marketops")
	resp, err := g.client.Do(req)
	if err != nil {
		return nil, unreadable(what, g.clean(cause(err)))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, g.refusal(what, resp)
	}
	if resp.ContentLength > MaxBody {
		return nil, unreadable(what, errLong)
	}
	if strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "text/html") {
		page, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
		return nil, unreadable(what, g.clean(errors.New("the answer is "+answer.Of(resp.StatusCode, resp.Header, page, g.api).Words)))
	}
	body := &io.LimitedReader{R: resp.Body, N: MaxBody + 1}
	if err := json.UnmarshalRead(body, v); err != nil {
		if body.N == 0 {
			err = errLong
		}
		return nil, unreadable(what, g.clean(fmt.Errorf("the answer is not the expected JSON: %w", err)))
	}
	return resp.Header, nil
}

// cause drops the address that net/http repeats.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// clean returns an error that does not repeat the token, which a server can put into its answer.
func (g *GitHub) clean(err error) error {
	if text := g.secrets.Text(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

func unreadable(what string, err error) error {
	return marketops.RefuseErr(marketops.SourceUnreadable, what, err)
}

// maxRefusal is how much of a refusal is read.
const maxRefusal = 64 << 10 // bytes

// refusal explains an answer that is not 200, with GitHub's own words and address.
func (g *GitHub) refusal(what string, resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	said := answer.Of(resp.StatusCode, resp.Header, body, g.api)
	r := marketops.Refuse(marketops.SourceUnreadable, fmt.Sprintf("%s: GitHub answered %d", what, resp.StatusCode))
	if said.Words != "" {
		r.What += ": " + g.secrets.Text(said.Words)
	}
	if said.Next != "" {
		r.Next = g.secrets.Text(said.Next) + "; then plan again"
		return r
	}
	switch code := resp.StatusCode; {
	case code == http.StatusForbidden || code == http.StatusTooManyRequests:
		if until := g.limitEnd(resp.Header); !until.IsZero() {
			r.What += ": rate limit reached until " + marketops.TimeOf(until).String()
			r.Next = "wait until " + marketops.TimeOf(until).String() + ", then plan again"
			return r
		}
		if code == http.StatusTooManyRequests {
			r.Next = "wait a minute at least, then plan again"
			return r
		}
		r.Next = "give the read token the right to read this repository, then plan again"
	case code >= 500:
		r.Err = errBusy
		r.Next = "plan again in a minute"
	case code >= 300 && code < 400:
		r.What += ": a redirect, which is not followed; the repository may have been renamed"
		r.Next = "write the repository's present name into marketops.yaml"
	case code == http.StatusUnauthorized:
		r.Next = "give a good read token, in MARKETOPS_READ_TOKEN or what github.read_token names, or none for a public repository; then plan again"
	case code == http.StatusNotFound:
		r.Err = errMissing
		r.Next = "check the name, and that the read token may see the repository; then plan again"
	}
	return r
}

// limitEnd returns when a limit ends, or the zero time if the answer names none.
func (g *GitHub) limitEnd(h http.Header) time.Time {
	if s, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil && s >= 0 {
		return g.now().Add(time.Duration(s) * time.Second)
	}
	if h.Get("X-RateLimit-Remaining") != "0" {
		return time.Time{}
	}
	s, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || s <= 0 || s > 1<<37 {
		return time.Time{}
	}
	return time.Unix(s, 0)
}
