package serve

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/githubtest"
)

// TestObserve reads facts from the practice GitHub, and writes nothing there.
func TestObserve(t *testing.T) {
	srv, err := githubtest.Start(githubtest.Options{Dir: t.TempDir(), Tokens: []githubtest.Token{{Secret: "read-token-1234", Login: "reader", Repos: []string{"*"}}}})
	must(t, err)
	defer srv.Close()
	repo, err := srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"})
	must(t, err)
	tip, err := repo.Commit("main", githubtest.Change{Message: "one", Files: map[string]string{"README.md": "hello\n"}})
	must(t, err)
	loose, err := repo.LooseCommit(tip, githubtest.Change{Message: "elsewhere", Files: map[string]string{"x": "y\n"}})
	must(t, err)
	must(t, repo.SetRef("refs/heads/next", tip))
	must(t, repo.SetRef("refs/tags/v1.0.0", tip))
	o, err := newObserver(config.CoreGitHub{API: srv.API()}, marketops.NewSecret("read-token-1234"))
	must(t, err)

	api, err := url.Parse(srv.API())
	must(t, err)
	target := marketops.Target{Type: "github", Host: marketops.Host(api.Host), RepositoryID: repo.ID(), FullName: "octo-org/widgets"}
	tag := func(name, commit string) marketops.Operation {
		op := marketops.NewOperation(marketops.TagRepo, target)
		op.Tag = &marketops.Tag{Name: name, Commit: commit, Tree: strings.Repeat("b", 40), Message: "m"}
		return op
	}
	pull := marketops.NewOperation(marketops.OpenPR, target)
	pull.PullRequest = &marketops.PullRequest{Base: marketops.Ref{Branch: "main", SHA: tip}, Head: marketops.Ref{Branch: "next", SHA: tip}, Title: "t"}
	for name, c := range map[string]struct {
		op   marketops.Operation
		want policy.Observed
	}{
		"new tag":      {tag("v2.0.0", tip), policy.Observed{DefaultBranch: "main", CommitOnBranch: true, TagAbsent: true, HeadSHA: tip}},
		"tag there":    {tag("v1.0.0", tip), policy.Observed{DefaultBranch: "main", CommitOnBranch: true, HeadSHA: tip}},
		"loose commit": {tag("v2.0.0", loose), policy.Observed{DefaultBranch: "main", TagAbsent: true, HeadSHA: loose}},
		"pull request": {pull, policy.Observed{DefaultBranch: "main", HeadSHA: tip}},
	} {
		got, err := o.Observe(context.Background(), c.op)
		must(t, err)
		if *got != c.want {
			t.Errorf("%s: %+v, want %+v", name, *got, c.want)
		}
	}
	elsewhere, another := tag("v2.0.0", tip), tag("v2.0.0", tip)
	elsewhere.Target.Host = "api.github.com"
	another.Target.RepositoryID++
	for name, op := range map[string]marketops.Operation{"another host": elsewhere, "another repository of that name": another} {
		if _, err := o.Observe(context.Background(), op); marketops.CodeOf(err) != marketops.RepositoryMismatch {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(srv.Mutations()); n != 0 {
		t.Errorf("%d writes reached GitHub", n)
	}
	if v := srv.SchemaViolations(); len(v) != 0 {
		t.Errorf("%v", v)
	}
}
