package github

import (
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// scopedOp is a release as a monorepo of packages makes it: a tag with @ and /, files with + and @.
func (s *stage) scopedOp() marketops.Operation {
	op := s.releaseOp()
	op.Tag.Name = "@acme/ui@1.2.3+build.5"
	op.Release.Assets = op.Release.Assets[:0]
	for _, name := range []string{"a+b.txt", "ui@1.2.3.tgz"} {
		s.files[name] = []byte("bytes of " + name)
		op.Release.Assets = append(op.Release.Assets, marketops.Asset{
			Name: name, Size: int64(len(s.files[name])), SHA256: marketops.DigestOf(s.files[name]), ContentType: "application/octet-stream",
		})
	}
	return op
}

// TestScopedNames: names with @, + and / reach GitHub under the addresses that mean them, and are shown as they are.
func TestScopedNames(t *testing.T) {
	s := newStage(t)
	op := s.scopedOp()
	if got := said(s.looked(s.port, op)); strings.Contains(got, "fail") || strings.Contains(got, "not_run") {
		t.Errorf("looks: %s", got)
	}
	ev, err := s.apply(op)
	if err != nil || states(ev) != "tag=applied release=applied" {
		t.Fatalf("%v %s\n%s", err, states(ev), s.log())
	}
	s.published(op)
	if s.repo.Ref("refs/tags/@acme/ui@1.2.3+build.5") == "" {
		t.Error("there is no such tag")
	}
	asked := map[string]bool{}
	for _, r := range s.srv.Requests() {
		asked[r.Method+" "+r.Path] = true
	}
	for _, path := range []string{"git/matching-refs/tags/@acme/ui@1.2.3+build.5", "git/ref/tags/@acme", "releases/tags/@acme/ui@1.2.3+build.5"} {
		if !asked["GET /repos/octo-org/widgets/"+path] {
			t.Errorf("%s was not asked for; %v", path, asked)
		}
	}
	s.lawful()
}

// TestNoRoom: git has no room for a ref above or below another one. It is found before anything is written, also where
// it came after the look; the control is a name beside it.
func TestNoRoom(t *testing.T) {
	for name, c := range map[string]struct {
		op              func(*stage) marketops.Operation
		rename          func(*marketops.Operation, string)
		beside          string
		bad, good, look string
	}{
		"tag below a tag":       {(*stage).tagOp, renameTag, "refs/tags/v1", "v1/x", "v1-x", "tag"},
		"tag far below a tag":   {(*stage).tagOp, renameTag, "refs/tags/v1", "v1/x/y", "v10/x/y", "tag"},
		"tag above a tag":       {(*stage).tagOp, renameTag, "refs/tags/v1/x/y", "v1", "v2", "tag"},
		"release":               {(*stage).releaseOp, renameTag, "refs/tags/v1/x", "v1", "v1.0", "tag"},
		"branch below a branch": {(*stage).changeOp, renameHead, "refs/heads/main", "main/next", "main-next", "head"},
		"branch above a branch": {(*stage).changeOp, renameHead, "refs/heads/release/1", "release", "release/2", "head"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStage(t)
			if c.beside != "refs/heads/main" {
				s.point(c.beside, s.commit)
			}
			op := c.op(s)
			c.rename(&op, c.bad)
			looks := s.looked(s.port, op)
			for _, l := range looks {
				want, text := marketops.Pass, ""
				if l.Name == c.look {
					want, text = marketops.Fail, c.beside+" is there, and git has no room for refs/"
				}
				if l.Status != want || !strings.Contains(l.Detail, text) {
					t.Errorf("%+v", l)
				}
			}
			before := len(s.srv.Mutations())
			ev, err := s.apply(op)
			if marketops.CodeOf(err) != marketops.GitHubConflict || len(s.srv.Mutations()) != before || strings.Contains(states(ev), string(receipt.EffectUnknown)) {
				t.Errorf("%v, %s, %v", err, states(ev), s.srv.Mutations())
			}
			c.rename(&op, c.good)
			if _, err := s.apply(op); err != nil {
				t.Errorf("control: %v", err)
			}
			s.lawful()
		})
	}
}

func renameTag(op *marketops.Operation, name string)  { op.Tag.Name = name }
func renameHead(op *marketops.Operation, name string) { op.PullRequest.Head.Branch = name }
