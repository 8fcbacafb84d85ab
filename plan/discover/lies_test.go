package discover

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan"
)

// liar answers every request with the same body: what a GitHub in a foreign dialect, or a
// proxy in between, might say with status 200.
func liar(t *testing.T, answer http.HandlerFunc) *GitHub {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	g, err := New(srv.URL+"/", nil, marketops.Secret{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func says(t *testing.T, body string) *GitHub {
	return liar(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
}

var (
	shaA = strings.Repeat("a", 40)
	shaB = strings.Repeat("b", 40)
)

func TestForeignAnswersFailClosed(t *testing.T) {
	repository := func(g *GitHub) error { _, err := g.Repository(ctx, widgets); return err }
	commit := func(g *GitHub) error { _, err := g.Commit(ctx, widgets, shaA); return err }
	tag := func(g *GitHub) error { _, err := g.Tag(ctx, widgets, "v1"); return err }
	release := func(g *GitHub) error { _, err := g.Release(ctx, widgets, "v1"); return err }
	pull := func(g *GitHub) error { _, err := g.Pull(ctx, widgets, "h", "main"); return err }
	for _, c := range []struct {
		name, body string
		look       func(*GitHub) error
		ok         bool
	}{
		{"repository", `{"id":1,"full_name":"octo-org/widgets","default_branch":"main","new":1}`, repository, true},
		{"no id", `{"full_name":"octo-org/widgets","default_branch":"main"}`, repository, false},
		{"id in another case", `{"ID":1,"full_name":"octo-org/widgets","default_branch":"main"}`, repository, false},
		{"id twice", `{"id":1,"id":2,"full_name":"octo-org/widgets","default_branch":"main"}`, repository, false},
		{"id as text", `{"id":"1","full_name":"octo-org/widgets","default_branch":"main"}`, repository, false},
		{"two answers", `{"id":1,"full_name":"octo-org/widgets","default_branch":"main"}{}`, repository, false},
		{"a web page", `<html>`, repository, false},
		{"commit", commitBody(shaA, shaB, "2026-01-02T03:04:05Z"), commit, true},
		{"another commit", commitBody(shaB, shaB, "2026-01-02T03:04:05Z"), commit, false},
		{"no tree", commitBody(shaA, "", "2026-01-02T03:04:05Z"), commit, false},
		{"no date", commitBody(shaA, shaB, "0001-01-01T00:00:00Z"), commit, false},
		{"tag", `[{"ref":"refs/tags/v1","object":{"sha":"` + shaA + `"}}]`, tag, true},
		{"no such tag", `[{"ref":"refs/tags/v1.0","object":{"sha":"` + shaA + `"}}]`, tag, true},
		{"tag without id", `[{"ref":"refs/tags/v1","object":{}}]`, tag, false},
		{"refs of something else", `[{"ref":"refs/heads/v1","object":{"sha":"` + shaA + `"}}]`, tag, false},
		{"one ref instead of a list", `{"ref":"refs/tags/v1"}`, tag, false},
		{"null instead of a list", `null`, tag, false},
		{"releases", `[]`, release, true},
		{"null releases", `null`, release, false},
		{"pulls", `[]`, pull, true},
		{"error as pulls", `{"message":"no"}`, pull, false},
	} {
		err := c.look(says(t, c.body))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, marketops.SourceUnreadable) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func commitBody(sha, tree, date string) string {
	return fmt.Sprintf(`{"sha":%q,"tree":{"sha":%q},"committer":{"date":%q}}`, sha, tree, date)
}

func TestOnBranchFailsClosed(t *testing.T) {
	for body, want := range map[string]bool{
		`{"status":"behind","base_commit":{"sha":"` + shaB + `"},"merge_base_commit":{"sha":"` + shaA + `"}}`: true,
		`{"status":"behind","base_commit":{"sha":"` + shaA + `"},"merge_base_commit":{"sha":"` + shaA + `"}}`: false, // another base
		`{"status":"behind","base_commit":{"sha":"` + shaB + `"},"merge_base_commit":{"sha":"` + shaB + `"}}`: false, // cannot be behind
		`{"status":"behind"}`:                                           false,
		`{"status":"","base_commit":{"sha":"` + shaB + `"}}`:            false,
		`{"status":"identical\n","base_commit":{"sha":"` + shaB + `"}}`: false,
	} {
		g := liar(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "matching-refs") {
				body := `[{"ref":"refs/heads/main","object":{"sha":"` + shaB + `"}}]`
				io.WriteString(w, body)
				return
			}
			io.WriteString(w, body)
		})
		on, err := g.OnBranch(ctx, widgets, "main", shaA)
		if on != want || (err == nil) != want {
			t.Errorf("%s: %v, %v", body, on, err)
		}
	}
}

// A list without end must end, and proves nothing.
func TestListsAreBounded(t *testing.T) {
	pages := 0
	g := liar(t, func(w http.ResponseWriter, r *http.Request) {
		pages++
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, pages+1))
		io.WriteString(w, `[]`)
	})
	r, err := g.Release(ctx, widgets, "v1")
	if !errors.Is(err, marketops.SourceUnreadable) || r.Presence != plan.Unknown || pages != MaxPages {
		t.Errorf("%+v, %v after %d pages", r, err, pages)
	}
	g = liar(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", `<http://127.0.0.1:1/>; rel="next"`)
		io.WriteString(w, `[]`)
	})
	if r, err := g.Release(ctx, widgets, "v1"); err == nil || r.Presence != plan.Unknown {
		t.Errorf("a next page elsewhere: %+v, %v", r, err)
	}
	g = liar(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", `what?`)
		io.WriteString(w, `[]`)
	})
	if r, err := g.Release(ctx, widgets, "v1"); err == nil || r.Presence != plan.Unknown {
		t.Errorf("a Link header that cannot be read: %+v, %v", r, err)
	}
	g = liar(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"x":"`)
		chunk := strings.Repeat("x", 1<<20)
		for range MaxBody>>20 + 1 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	if _, err := g.Repository(ctx, widgets); !errors.Is(err, marketops.SourceUnreadable) || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("an answer without end: %v", err)
	}
}

// TestLongPages: a page that is too long to be read is asked for in smaller ones, and nothing of the list is left out.
// Control: a single release that is too long stays unreadable.
func TestLongPages(t *testing.T) {
	for fits, readable := range map[int]bool{5: true, 0: false} {
		g := liar(t, func(w http.ResponseWriter, r *http.Request) {
			size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
			page, _ := strconv.Atoi(r.URL.Query().Get("page"))
			if size > fits {
				w.Header().Set("Content-Length", strconv.Itoa(MaxBody+1)) // TestListsAreBounded has one that does not say
				io.Copy(w, io.LimitReader(zeros{}, MaxBody+1))
				return
			}
			if page < 2 {
				w.Header().Set("Link", "<http://"+r.Host+r.URL.Path+"?per_page=5&page=2>; rel=\"next\"")
				io.WriteString(w, `[]`)
				return
			}
			io.WriteString(w, `[{"id":7,"tag_name":"v1"}]`)
		})
		found, err := g.Release(ctx, widgets, "v1")
		if readable != (err == nil) || readable != (found.Presence == plan.Present) {
			t.Errorf("pages of %d: %+v, %v", fits, found, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// TestTokenInAnswers: a server that repeats the read token where an error quotes its answer does not get it printed.
func TestTokenInAnswers(t *testing.T) {
	const token = "gh" + "o_c4n4ryC4n4ryC4n4ryC4n4ryC4n4ryC4n4"
	for name, spelt := range map[string]string{"plain": token, "upper": strings.ToUpper(token), "escaped": strings.ReplaceAll(token, "4", `\u0034`)} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://"+token+"/")
			fmt.Fprintf(w, `{"%[1]s":1,"%[1]s":2,"id":1,"full_name":"o/%[1]s","default_branch":"%[1]s","sha":"%[1]s","ref":"%[1]s","object":"%[1]s"}`, spelt)
		}))
		defer srv.Close()
		g, err := New(srv.URL+"/", nil, marketops.NewSecret(token), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for what, look := range map[string]func() (any, error){
			"repository": func() (any, error) { return g.Repository(ctx, widgets) },
			"commit":     func() (any, error) { return g.Commit(ctx, widgets, shaA) },
			"tag":        func() (any, error) { return g.Tag(ctx, widgets, "v1") },
			"branch":     func() (any, error) { return g.Branch(ctx, widgets, "main") },
			"release":    func() (any, error) { return g.Release(ctx, widgets, "v1") },
			"pull":       func() (any, error) { return g.Pull(ctx, widgets, "h", "main") },
		} {
			_, err := look()
			if err == nil {
				continue
			}
			seen++
			if text := strings.ToLower(fmt.Sprintf("%v %+v", err, err)); strings.Contains(text, "c4n4ryc4n4ry") || strings.Contains(text, `n\u0034`) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		if seen < 4 {
			t.Errorf("%s: %d errors", name, seen)
		}
	}
}
