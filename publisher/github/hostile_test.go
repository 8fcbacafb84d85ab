package github

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// kinds are the three operations, with the server's word for each visible effect.
var kinds = []struct {
	name    string
	op      func(*stage) marketops.Operation
	effects map[string]githubtest.Kind
}{
	{"tag_repo", (*stage).tagOp, map[string]githubtest.Kind{effectTag: githubtest.RefCreated}},
	{"publish_release", (*stage).releaseOp, map[string]githubtest.Kind{effectTag: githubtest.RefCreated, effectRelease: githubtest.ReleasePublished}},
	{"open_pr", (*stage).changeOp, map[string]githubtest.Kind{effectBranch: githubtest.RefCreated, effectPull: githubtest.PullOpened}},
}

// truthful demands that what is said of each effect is what the server did, once at most, and that
// whoever does not know says so.
func (s *stage) truthful(ev publisher.Evidence, err error, effects map[string]githubtest.Kind) {
	s.Helper()
	var unknown *marketops.Unknown
	for _, e := range ev.Effects {
		n := s.count(effects[e.Name])
		switch {
		case n > 1:
			s.Errorf("%s happened %d times", e.Name, n)
		case e.State == receipt.EffectApplied && n == 0, e.State == receipt.EffectAbsent && n == 1:
			s.Errorf("%s is said to be %s, and happened %d times", e.Name, e.State, n)
		case e.State == receipt.EffectUnknown && !errors.As(err, &unknown):
			s.Errorf("%s is unknown, and the end is %v", e.Name, err)
		}
	}
}

// TestHostile sets each kind before surroundings that want the credential, another repository or a false
// success. The attacker's server sees no request, the work does not succeed, and nothing false is said.
func TestHostile(t *testing.T) {
	var caught atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caught.Add(1)
		w.Header().Set("X-GitHub-Request-Id", "C0DE")
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(thief.Close)
	always := func(f githubtest.Fault) func(*stage) {
		f.Times = 10_000
		return func(s *stage) { s.srv.Inject(f) }
	}
	attacks := map[string]func(*stage){
		"reads answer HTML":     always(githubtest.Fault{Method: "GET", Path: "/**", Action: githubtest.HTML}),
		"objects are others":    always(githubtest.Fault{Path: "/repos/*/*/git/**", Action: githubtest.WrongSHA}),
		"the name moved":        func(s *stage) { must(0, s.repo.Rename("octo-org", "moved")) },
		"another stands there":  func(s *stage) { s.recreated() },
		"moved in the midst":    func(s *stage) { s.afterWrite(func() { must(0, s.repo.Rename("octo-org", "moved")) }) },
		"replaced in the midst": func(s *stage) { s.afterWrite(s.recreated) },
		"archived in the midst": func(s *stage) {
			s.afterWrite(func() { s.repo.Set(func(r *githubtest.RepoSpec) { r.Archived = true }) })
		},
		"lists are always stale": always(githubtest.Fault{Method: "GET", Path: "/repos/*/*/git/matching-refs/**", Action: githubtest.StatusBefore, Status: 404}),
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "POST"} {
			to := strings.Replace(thief.URL, "127.0.0.1", "localhost", 1) // a name, as look-alikes have
			attacks[fmt.Sprint(method, " redirected with ", status)] = always(githubtest.Fault{Method: method, Path: "/repos/**",
				Action: githubtest.Redirect, Status: status, Location: to + "/api.github.com/"})
		}
	}
	t.Run("attacks", func(t *testing.T) {
		type target struct {
			kind   int
			attack string
		}
		var all []target
		for kind := range kinds {
			for _, name := range slices.Sorted(maps.Keys(attacks)) {
				all = append(all, target{kind, name})
			}
		}
		for _, c := range exhaustive.Sample(t, 18, all) {
			k := kinds[c.kind]
			t.Run(k.name+"/"+c.attack, func(t *testing.T) {
				s := newStage(t)
				op := k.op(s)
				attacks[c.attack](s)
				ev, err := s.apply(op)
				if err == nil {
					t.Errorf("it succeeded: %s\n%s", states(ev), s.log())
				}
				s.truthful(ev, err, k.effects)
			})
		}
		for _, k := range kinds {
			t.Run(k.name+"/control", func(t *testing.T) {
				s := newStage(t)
				ev, err := s.apply(k.op(s))
				if err != nil || slices.ContainsFunc(ev.Effects, func(e receipt.Effect) bool { return e.State != receipt.EffectApplied }) {
					t.Errorf("%v, %s", err, states(ev))
				}
				s.truthful(ev, err, k.effects)
			})
		}
	})
	if n := caught.Load(); n != 0 {
		t.Errorf("the attacker saw %d requests", n)
	}
}

// recreated puts another repository in the place of ours, under its name.
func (s *stage) recreated() {
	must(0, s.repo.Rename("octo-org", "moved"))
	other := must(s.srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}))
	must(other.Commit("main", githubtest.Change{Message: "first", Files: map[string]string{"README.md": "hello\n"}}))
}

// afterWrite does something once the first write of the run was answered.
func (s *stage) afterWrite(do func()) {
	var done atomic.Bool
	s.front(func(a *answer) {
		if a.Request.Method != http.MethodGet && !done.Swap(true) {
			do()
		}
	})
}
