package githubtest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/omega/marketops/internal/test/githubtest/openapi"
)

// route binds an operation of GitHub's description to the function that answers it.
type route struct {
	openapi.Operation
	segments []string
	tail     bool // the last parameter takes the rest of the path, slashes and all
	rank     string
	answer   func(*call) answer
}

// tails are last parameters that may hold slashes though the description does not say so.
var tails = map[string]bool{"{tag}": true, "{branch}": true}

func newRoutes() ([]route, error) {
	operations, err := openapi.All()
	if err != nil {
		return nil, err
	}
	table := handlers()
	if len(table) != len(operations) {
		return nil, fmt.Errorf("githubtest: %d handlers for %d operations", len(table), len(operations))
	}
	var routes []route
	for _, op := range operations {
		h, found := table[op.ID]
		if !found {
			return nil, fmt.Errorf("githubtest: nobody answers %s", op.ID)
		}
		r := route{Operation: op, segments: split(op.Path), answer: h}
		last := r.segments[len(r.segments)-1]
		r.tail = tails[last] || op.ManySegments(strings.Trim(last, "{}"))
		r.rank = rank(r.segments)
		routes = append(routes, r)
	}
	slices.SortFunc(routes, func(a, b route) int { return strings.Compare(a.rank, b.rank) })
	return routes, nil
}

// rank orders literal segments before parameters, so that releases/latest is found before
// releases/{release_id}.
func rank(segments []string) string {
	var b strings.Builder
	for _, s := range segments {
		if strings.HasPrefix(s, "{") {
			b.WriteByte('b')
		} else {
			b.WriteByte('a')
		}
	}
	return b.String()
}

// find returns the route for a request, and its path parameters, unescaped.
func (s *Server) find(method, escapedPath string) (*route, map[string]string) {
	segments := split(escapedPath)
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, nil
		}
		segments[i] = plain
	}
	for i := range s.routes {
		if s.routes[i].Method != method {
			continue
		}
		if params, ok := s.routes[i].match(segments); ok {
			return &s.routes[i], params
		}
	}
	return nil, nil
}

func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) < len(r.segments) || len(segments) > len(r.segments) && !r.tail {
		return nil, false
	}
	params := map[string]string{}
	for i, want := range r.segments {
		got := segments[i]
		if i == len(r.segments)-1 && r.tail {
			got = strings.Join(segments[i:], "/")
		}
		switch {
		case got == "":
			return nil, false
		case strings.HasPrefix(want, "{"):
			params[strings.Trim(want, "{}")] = got
		case got != want:
			return nil, false
		}
	}
	return params, true
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }
