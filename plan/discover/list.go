package discover

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/omega/marketops"
)

// each reads a list page by page and calls see for every item until it says that it has seen
// enough. It returns nil only if it was told so, or if the list was read to its end.
func each[T any](ctx context.Context, g *GitHub, what string, first *url.URL, see func(T) (enough bool)) error {
	u := first
	for read := 0; read < MaxPages*perPage; read += sizeOf(u) {
		var page []T
		header, err := g.get(ctx, what, u, &page)
		if lighter := lighten(u, err); lighter != nil {
			u = lighter
			continue
		}
		if err != nil {
			return err
		}
		if page == nil {
			return unreadable(what, fmt.Errorf("the answer is not a list"))
		}
		for _, item := range page {
			if see(item) {
				return nil
			}
		}
		next, err := nextPage(header.Values("Link"))
		if err != nil {
			return unreadable(what, err)
		}
		if next == "" {
			return nil
		}
		if u, err = g.follow(first, next); err != nil {
			return err
		}
	}
	return marketops.Refuse(marketops.SourceUnreadable, fmt.Sprintf("%s: more than %d pages", what, MaxPages))
}

// What is told apart: a 404, and what smaller pages help against, a 5xx and an answer that is too long.
var (
	errBusy    = errors.New("GitHub's server failed")
	errMissing = errors.New("it is not there, or this reader may not see it")
	errLong    = fmt.Errorf("the answer is longer than %d bytes", MaxBody)
)

// smaller are page sizes for lists that GitHub does not make in time, as of releases with many files. Each divides the
// one before, so that nothing is left out.
var smaller = map[int]int{perPage: 25, 25: 5, 5: 1}

// sizeOf is how many items the page at an address has at most.
func sizeOf(u *url.URL) int {
	size, err := strconv.Atoi(u.Query().Get("per_page"))
	if err != nil || size < 1 {
		return perPage
	}
	return size
}

// lighten returns the same place of a list in smaller pages, or nil where that cannot help.
func lighten(u *url.URL, err error) *url.URL {
	q := u.Query()
	size, page := sizeOf(u), 1
	less := smaller[size]
	if less == 0 || !q.Has("per_page") || !errors.Is(err, errBusy) && !errors.Is(err, errLong) {
		return nil
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 && n <= MaxPages*perPage {
		page = (n-1)*(size/less) + 1
	}
	q.Set("per_page", strconv.Itoa(less))
	q.Set("page", strconv.Itoa(page))
	out := *u
	out.RawQuery = q.Encode()
	return &out
}

// follow accepts only another page of the same list.
func (g *GitHub) follow(first *url.URL, next string) (*url.URL, error) {
	u, err := g.api.Parse(next)
	if err != nil || u.Scheme != first.Scheme || u.Host != first.Host || u.User != nil || !g.sameList(u, first) {
		return nil, marketops.Refuse(marketops.SourceUnreadable, "the next page of a list lies elsewhere")
	}
	return u, nil
}

// sameList allows for GitHub's habit to call a repository by its number in Link headers.
func (g *GitHub) sameList(u, first *url.URL) bool {
	if u.Path == first.Path {
		return true
	}
	parts := strings.SplitN(strings.TrimPrefix(first.Path, g.api.Path), "/", 4) // repos, owner, name, list
	rest, ok := strings.CutPrefix(u.Path, g.api.Path+"repositories/")
	id, list, _ := strings.Cut(rest, "/")
	return ok && len(parts) == 4 && id != "" && strings.Trim(id, "0123456789") == "" && list == parts[3]
}

// nextPage finds rel="next" in Link headers (RFC 8288); "" if there is none. A header that
// cannot be read is an error: taking it for the last page would prove an absence.
func nextPage(headers []string) (string, error) {
	for _, h := range headers {
		for h != "" {
			open, end := strings.IndexByte(h, '<'), strings.IndexByte(h, '>')
			if open < 0 || end < open || strings.Trim(h[:open], " ,") != "" {
				return "", fmt.Errorf("the Link header cannot be read")
			}
			target, rest := h[open+1:end], h[end+1:]
			params := rest
			if comma := strings.IndexByte(rest, ','); comma >= 0 {
				params, h = rest[:comma], rest[comma+1:]
			} else {
				h = ""
			}
			for _, p := range strings.Split(params, ";") {
				if p = strings.ToLower(strings.TrimSpace(p)); p == `rel="next"` || p == "rel=next" {
					return target, nil
				}
			}
		}
	}
	return "", nil
}
