package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// The page sizes of GitHub's lists.
const (
	defaultPerPage = 30
	maxPerPage     = 100
)

// paged answers one page of a list, with the Link header to the others.
func paged[T any](c *call, all []T, show func(T) object) answer {
	page, perPage := c.number("page", 1), min(c.number("per_page", defaultPerPage), maxPerPage)
	last := max(1, (len(all)+perPage-1)/perPage)
	from, to := min((page-1)*perPage, len(all)), min(page*perPage, len(all))
	body := []object{}
	for _, item := range all[from:to] {
		body = append(body, show(item))
	}
	a := ok(body)
	if links := c.links(page, last); links != "" {
		a.header = http.Header{"Link": {links}}
	}
	return a
}

// number reads a positive query parameter; what is not one counts as left out.
func (c *call) number(name string, otherwise int) int {
	n, err := strconv.Atoi(c.query().Get(name))
	if err != nil || n < 1 || n > 1_000_000 {
		return otherwise
	}
	return n
}

func (c *call) links(page, last int) string {
	var links []string
	add := func(rel string, n int) {
		q := c.query()
		q.Set("page", strconv.Itoa(n))
		rest := strings.TrimPrefix(c.route.Path, "/repos/{owner}/{repo}")
		rest = strings.ReplaceAll(rest, "{release_id}", c.params["release_id"])
		links = append(links, fmt.Sprintf("<%s?%s>; rel=%q",
			c.server.apiURL("/repositories/%d", c.repo.spec.ID)+rest, q.Encode(), rel))
	}
	if page > 1 {
		add("prev", min(page-1, last))
	}
	if page < last {
		add("next", page+1)
		add("last", last)
	}
	if page > 1 {
		add("first", 1)
	}
	return strings.Join(links, ", ")
}
