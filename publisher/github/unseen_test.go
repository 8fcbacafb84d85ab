package github

import (
	"fmt"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// TestUnseen: GitHub calls what it does not see yet invalid, and takes it a moment later.
func TestUnseen(t *testing.T) {
	for name, op := range map[string]func(*stage) marketops.Operation{
		"tag": (*stage).tagOp, "release": (*stage).releaseOp, "pull request": (*stage).pullOp, "change set": (*stage).changeOp,
	} {
		for n := 1; n <= passes+1; n++ {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				s := newStage(t)
				op := op(s)
				s.repo.Set(func(r *githubtest.RepoSpec) { r.Unseen = n })
				ev, err := s.apply(op)
				if n > passes {
					s.isFailure(err, marketops.GitHubDenied)
					return
				}
				if err != nil || ev.Retries > int64(n) {
					t.Errorf("%v, %d retries\n%s", err, ev.Retries, s.log())
				}
				s.lawful()
			})
		}
	}
}

// TestRealRefusal: a value that is refused finally costs no time.
func TestRealRefusal(t *testing.T) {
	for _, words := range []string{"Reference already exists", "body is too long (maximum is 125000 characters)", "Validation Failed"} {
		t.Run(words, func(t *testing.T) {
			s := newStage(t)
			began := s.clock.Now()
			s.srv.Inject(githubtest.Fault{Method: "POST", Path: mutations[refWrite].path, Action: githubtest.StatusBefore, Status: 422, Message: words})
			_, err := s.apply(s.tagOp())
			s.isFailure(err, marketops.GitHubDenied)
			if took := s.clock.Now().Sub(began); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			s.lawful()
		})
	}
}
