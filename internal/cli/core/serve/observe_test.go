package serve

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/plan"
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
		if got := o.Observe(context.Background(), c.op); got.Facts != c.want || (got.TagAt != "") != (name == "tag there") || got.Stale != "" || got.Unread != nil {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	elsewhere, another := tag("v2.0.0", tip), tag("v2.0.0", tip)
	elsewhere.Target.Host = "api.github.com"
	another.Target.RepositoryID++
	for name, op := range map[string]marketops.Operation{"another host": elsewhere, "another repository of that name": another} {
		if got := o.Observe(context.Background(), op); got.Stale == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if n := len(srv.Mutations()); n != 0 {
		t.Errorf("%d writes reached GitHub", n)
	}
	if v := srv.SchemaViolations(); len(v) != 0 {
		t.Errorf("%v", v)
	}
}

// TestUnreadFacts: each fact is asked by itself, and what has no answer is said and counts as nothing.
func TestUnreadFacts(t *testing.T) {
	op := marketops.NewOperation(marketops.TagRepo, marketops.Target{Type: "github", Host: "github.com", RepositoryID: 7, FullName: "octo-org/widgets"})
	op.Tag = &marketops.Tag{Name: "v1", Commit: strings.Repeat("a", 40)}
	pull := op
	pull.Kind, pull.Tag = marketops.OpenPR, nil
	pull.PullRequest = &marketops.PullRequest{Head: marketops.Ref{Branch: "next"}}
	for name, c := range map[string]struct {
		op   marketops.Operation
		edit func(*answers)
		want []string
	}{
		"control":           {op, func(*answers) {}, nil},
		"repository":        {op, func(a *answers) { a.repo = errFault }, []string{federation.FactRepository}},
		"tag":               {op, func(a *answers) { a.tag = errFault }, []string{federation.FactTagAbsent}},
		"no word of it":     {op, func(a *answers) { a.presence = plan.Unknown }, []string{federation.FactTagAbsent}},
		"comparison":        {op, func(a *answers) { a.compare = errFault }, []string{federation.FactCommitOnBranch}},
		"both":              {op, func(a *answers) { a.tag, a.compare = errFault, errFault }, []string{federation.FactTagAbsent, federation.FactCommitOnBranch}},
		"head":              {pull, func(a *answers) { a.branch = errFault }, []string{federation.FactHeadSHA}},
		"no word of a head": {pull, func(a *answers) { a.presence = plan.Unknown }, []string{federation.FactHeadSHA}},
		"control, head":     {pull, func(*answers) {}, nil},
	} {
		a := &answers{presence: plan.Absent}
		c.edit(a)
		seen := observer{a, "github.com"}.Observe(context.Background(), c.op)
		var got []string
		for _, u := range seen.Unread {
			got = append(got, u.Fact)
		}
		if !slices.Equal(got, c.want) || seen.Stale != "" {
			t.Errorf("%s: %+v, want %q unread", name, seen, c.want)
		}
		if name == "tag" && (seen.Facts.TagAbsent || !seen.Facts.CommitOnBranch) {
			t.Errorf("%s: %+v", name, seen.Facts)
		}
	}
}

var errFault = errors.New("GitHub failed")

// answers is a source that fails where it is told to.
type answers struct {
	plan.Source
	repo, tag, compare, branch error
	presence                   plan.Presence
}

func (a *answers) Repository(context.Context, string) (plan.Repository, error) {
	return plan.Repository{ID: 7, DefaultBranch: "main"}, a.repo
}
func (a *answers) Tag(context.Context, string, string) (plan.Ref, error) {
	return plan.Ref{Presence: a.presence}, a.tag
}
func (a *answers) OnBranch(context.Context, string, string, string) (bool, error) {
	return a.compare == nil, a.compare
}
func (a *answers) Branch(context.Context, string, string) (plan.Ref, error) {
	return plan.Ref{Presence: a.presence}, a.branch
}
