package githubtest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestWrongAnswersAreDetected makes the server itself break GitHub's description, once in
// each way that must not go unseen.
func TestWrongAnswersAreDetected(t *testing.T) {
	right := func(c *call) answer { return getRepo(c) }
	change := func(f func(object)) func(*call) answer {
		return func(c *call) answer {
			a := getRepo(c)
			f(a.body.(object))
			return a
		}
	}
	for name, c := range map[string]struct {
		answer func(*call) answer
		reason string
	}{
		"control":             {right, ""},
		"a missing member":    {change(func(o object) { delete(o, "default_branch") }), "default_branch"},
		"a wrong type":        {change(func(o object) { o["id"] = "seven" }), "integer"},
		"null where it is no": {change(func(o object) { o["full_name"] = nil }), "not nullable"},
		"a nested member":     {change(func(o object) { delete(o["owner"].(object), "login") }), "login"},
		"an unknown status":   {func(c *call) answer { a := getRepo(c); a.status = 202; return a }, "no status 202"},
		"an error of no form": {func(c *call) answer { return answer{status: 422, body: object{"message": 7}} }, "string"},
		"not JSON":            {func(c *call) answer { return plain(200, "hello") }, "Content-Type"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Start(Options{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.CreateRepo(RepoSpec{Owner: "o", Name: "r"}); err != nil {
				t.Fatal(err)
			}
			for i := range s.routes {
				if s.routes[i].ID == "repos/get" {
					s.routes[i].answer = c.answer
				}
			}
			res, err := http.Get(s.API() + "repos/o/r")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			found := s.SchemaViolations()
			if c.reason == "" {
				if len(found) != 0 {
					t.Errorf("violations of a right answer: %v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Side != "answer" || !strings.Contains(found[0].Reason, c.reason) {
				t.Errorf("violations %v, want one about %s", found, c.reason)
			}
		})
	}
}

func TestEveryOperationHasOneHandler(t *testing.T) {
	routes, err := newRoutes()
	if err != nil {
		t.Fatal(err)
	}
	if len(routes) != len(handlers()) {
		t.Errorf("%d routes, %d handlers", len(routes), len(handlers()))
	}
}

func TestRouting(t *testing.T) {
	s := &Server{}
	var err error
	if s.routes, err = newRoutes(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/repos/o/r":                             "repos/get",
		"/repos/o/r/releases/latest":             "repos/get-latest-release",
		"/repos/o/r/releases/7":                  "repos/get-release",
		"/repos/o/r/releases/7/assets":           "repos/list-release-assets",
		"/repos/o/r/releases/assets/7":           "repos/get-release-asset",
		"/repos/o/r/releases/tags/rel/v1":        "repos/get-release-by-tag",
		"/repos/o/r/releases/tags/assets":        "repos/get-release-by-tag",
		"/repos/o/r/git/ref/heads/a/b":           "git/get-ref",
		"/repos/o/r/git/matching-refs/tags%2Fv1": "git/list-matching-refs",
		"/repos/o/r/compare/a/b...c/d":           "repos/compare-commits-with-basehead",
		"/repos/o/r/branches/release/v1":         "repos/get-branch",
		"/repos/o//git/ref/x":                    "",
		"/repos/o/r/":                            "",
		"/repos/o/r/git/ref/":                    "",
		"/repos/o/r/%zz":                         "",
		"/":                                      "",
	} {
		got := ""
		if r, _ := s.find("GET", path); r != nil {
			got = r.ID
		}
		if got != want {
			t.Errorf("%s goes to %q, want %q", path, got, want)
		}
	}
}
