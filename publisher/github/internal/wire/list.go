package wire

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/omega/marketops"
)

// Limits of a list.
const (
	PerPage  = 100
	maxItems = 10_000 // GitHub shows no more releases: what is beyond cannot be proven absent
	maxPages = 1000
)

// smaller are the sizes of the pages of a list that GitHub does not make in time (astral-sh/python-build-standalone#1083:
// releases with many files). Each divides the one before, so that what was read stays good.
var smaller = map[int]int{PerPage: 25, 25: 5, 5: 1, 1: 1}

// Pages is a list on its way, from its first page.
type Pages struct {
	call   Call
	first  string // its path
	size   int    // 0 for a list that GitHub does not page; a Link header would still be obeyed
	number int
	failed bool
}

// PagesOf is a list of things that GitHub may not show. per_page stands in the path of one that GitHub pages.
func PagesOf(step, path string) *Pages {
	p := &Pages{call: Call{Step: step, Method: http.MethodGet, Path: path}, first: path, number: 1}
	if strings.Contains(path, perPage(PerPage)) {
		p.size, p.call.lighten = PerPage, p.lighten
	}
	return p
}

// PagesOfKnown is a list below what GitHub has named before: a 404 is read again.
func PagesOfKnown(step, path string) *Pages {
	p := PagesOf(step, path)
	p.call.exists = true
	return p
}

func perPage(size int) string { return fmt.Sprintf("per_page=%d", size) }

// lighten asks for smaller pages from the second failure in a row on.
func (p *Pages) lighten() {
	if p.failed {
		before := (p.number - 1) * p.size
		p.size = smaller[p.size]
		p.number = before/p.size + 1
		p.address()
	}
	p.failed = true
}

func (p *Pages) address() {
	p.call.Path = strings.Replace(p.first, perPage(PerPage), perPage(p.size), 1)
	if p.number > 1 {
		sep := "?"
		if strings.Contains(p.first, "?") {
			sep = "&"
		}
		p.call.Path += fmt.Sprintf("%spage=%d", sep, p.number)
	}
}

// turn goes to the page after one with so many items, and reports whether there is none. A full page counts as
// one with a successor, also where the Link header names none.
func (p *Pages) turn(x *Exchange, items int) (last bool) {
	p.number, p.failed = p.number+1, false
	p.call.refusals, p.call.renewed = 0, false
	p.address()
	return x.next == 0 && (p.size == 0 || items < p.size)
}

// List reads all pages. It is the only proof of absence.
func List[T any](ctx context.Context, c *Caller, p *Pages) ([]T, error) {
	var all []T
	p.size = min(p.size, c.pageSize)
	p.address()
	for range maxPages {
		var some []T
		x, err := c.getCall(ctx, &p.call, &some)
		if err != nil {
			return nil, err
		}
		if p.size > 0 {
			c.pageSize = p.size // the next list is no lighter
		}
		all = append(all, some...)
		if p.turn(x, len(some)) {
			return all, nil
		}
		if len(all) >= maxItems {
			break
		}
	}
	return nil, Stopf(marketops.GitHubDenied, "%s: more than %d, so absence cannot be proven", p.call.Step, len(all))
}
