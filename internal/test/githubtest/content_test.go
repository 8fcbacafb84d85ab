package githubtest_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/omega/marketops/internal/test/githubtest"
)

// TestBranchFromContent makes a branch out of blobs, a tree and a commit, as open_pr does.
func TestBranchFromContent(t *testing.T) {
	s := newStage(t)
	gh, ctx := s.client(pushSecret), t.Context()
	blob, _, err := gh.Git.CreateBlob(ctx, "octo-org", "widgets", &github.Blob{
		Content: github.String("aGVsbG8gYWdhaW4K"), Encoding: github.String("base64"),
	})
	if err != nil {
		t.Fatal(err)
	}
	tree, _, err := gh.Git.CreateTree(ctx, "octo-org", "widgets", s.tip, []*github.TreeEntry{
		{Path: github.String("docs/new.md"), Mode: github.String("100644"), Type: github.String("blob"), SHA: blob.SHA},
		{Path: github.String("inline.txt"), Mode: github.String("100755"), Type: github.String("blob"), Content: github.String("inline\n")},
		{Path: github.String("README.md"), Mode: github.String("100644"), Type: github.String("blob")}, // no SHA: deleted
	})
	if err != nil {
		t.Fatal(err)
	}
	who := s.author()
	commit, _, err := gh.Git.CreateCommit(ctx, "octo-org", "widgets", &github.Commit{
		Message: github.String("Prepare 1.4.0\n"), Tree: tree, Parents: []*github.Commit{{SHA: &s.tip}}, Author: who, Committer: who,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := gh.Git.CreateCommit(ctx, "octo-org", "widgets", &github.Commit{
		Message: github.String("Prepare 1.4.0\n"), Tree: tree, Parents: []*github.Commit{{SHA: &s.tip}}, Author: who, Committer: who,
	}, nil)
	if err != nil || again.GetSHA() != commit.GetSHA() {
		t.Errorf("the same commit is %s and %s, %v", commit.GetSHA(), again.GetSHA(), err)
	}
	listing := s.plumbing("ls-tree", "-r", commit.GetSHA())
	for _, want := range []string{"docs/new.md", "100755 blob", "main.go"} {
		if !strings.Contains(listing, want) {
			t.Errorf("the tree lacks %q:\n%s", want, listing)
		}
	}
	if strings.Contains(listing, "README.md") {
		t.Error("a deleted file is still there")
	}
	if content := s.plumbing("show", commit.GetSHA()+":docs/new.md"); content != "hello again\n" {
		t.Errorf("content %q", content)
	}
	for _, e := range s.srv.Effects() {
		if e.Visible {
			t.Errorf("preparation is visible: %v", e)
		}
	}
	s.lawful()
}

func (s *stage) author() *github.CommitAuthor {
	return &github.CommitAuthor{Name: github.String("Release Bot"), Email: github.String("release@example.com"), Date: &github.Timestamp{Time: noon}}
}

func TestContentRefusals(t *testing.T) {
	s := newStage(t)
	missing := strings.Repeat("1", 40)
	entry := func(path, sha string) map[string]any {
		return map[string]any{"tree": []any{map[string]any{"path": path, "mode": "100644", "type": "blob", "sha": sha}}}
	}
	blob := s.ask(pushSecret, "POST", repoPath+"/git/blobs", map[string]any{"content": "x"})
	if blob.status != 201 {
		t.Fatalf("control: %d %s", blob.status, blob.raw)
	}
	sha := blob.json["sha"].(string)
	for name, c := range map[string]struct {
		path string
		body any
		want int
	}{
		"control":               {"/git/trees", entry("ok.txt", sha), 201},
		"path upwards":          {"/git/trees", entry("../x", sha), 422},
		"path into .git":        {"/git/trees", entry(".git/config", sha), 422},
		"no such blob":          {"/git/trees", entry("a", missing), 422},
		"no such base":          {"/git/trees", map[string]any{"base_tree": missing, "tree": []any{}}, 422},
		"broken base64":         {"/git/blobs", map[string]any{"content": "%%", "encoding": "base64"}, 422},
		"commit of no tree":     {"/git/commits", map[string]any{"message": "m", "tree": missing}, 422},
		"commit with no parent": {"/git/commits", map[string]any{"message": "m", "tree": emptyTree(s), "parents": []string{missing}}, 422},
	} {
		if got := s.ask(pushSecret, "POST", repoPath+c.path, c.body); got.status != c.want {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	s.lawful()
}

// TestTrees: a tree is made and shown as GitHub does: an entry takes the place of what is at its path and on the
// way to it, a folder too, and a long list is cut off.
func TestTrees(t *testing.T) {
	s := newStage(t)
	gitlink := s.first
	base, err := s.repo.Commit("trees", githubtest.Change{Files: map[string]string{"docs/a": "a", "docs/b": "b", "run.sh": "x", "link": "run.sh", "sub": gitlink},
		Modes: map[string]string{"run.sh": "100755", "link": "120000", "sub": "160000"}})
	if err != nil {
		t.Fatal(err)
	}
	blob := s.ask(pushSecret, "POST", repoPath+"/git/blobs", map[string]any{"content": "new"}).json["sha"].(string)
	for name, c := range map[string]struct{ path, has, lacks string }{
		"beside":              {"docs/c", "docs/c docs/a docs/b", ""},
		"a new folder":        {"new/c", "new/c docs/a", ""},
		"a folder":            {"docs", "docs", "docs/a docs/b"},
		"a file on the way":   {"run.sh/c", "run.sh/c", ""},
		"a link on the way":   {"link/c", "link/c", ""},
		"a module on the way": {"sub/c", "sub/c", ""},
	} {
		got := s.ask(pushSecret, "POST", repoPath+"/git/trees", map[string]any{"base_tree": base, "tree": []any{
			map[string]any{"path": c.path, "mode": "100644", "type": "blob", "sha": blob}}})
		if got.status != 201 {
			t.Fatalf("%s: %d %s", name, got.status, got.raw)
		}
		files := "\n" + s.plumbing("ls-tree", "-r", "--name-only", got.json["sha"].(string))
		for _, path := range strings.Fields(c.has) {
			if !strings.Contains(files, "\n"+path+"\n") {
				t.Errorf("%s: no %s in%s", name, path, files)
			}
		}
		for _, path := range strings.Fields(c.lacks) {
			if strings.Contains(files, "\n"+path+"\n") {
				t.Errorf("%s: %s in%s", name, path, files)
			}
		}
	}
	tree := strings.TrimSpace(s.plumbing("rev-parse", base+"^{tree}"))
	top := s.ask(readSecret, "GET", repoPath+"/git/trees/"+tree, nil)
	all := s.ask(readSecret, "GET", repoPath+"/git/trees/"+tree+"?recursive=1", nil)
	for _, want := range []string{`"mode":"040000"`, `"mode":"100755"`, `"mode":"120000"`, `"mode":"160000"`} {
		if !strings.Contains(string(top.raw), want) {
			t.Errorf("no %s in %s", want, top.raw)
		}
	}
	if strings.Contains(string(top.raw), `"path":"docs/a"`) || !strings.Contains(string(all.raw), `"path":"docs/a"`) || top.json["truncated"] != false {
		t.Errorf("%s\n%s", top.raw, all.raw)
	}
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.TreeLimit = 2 })
	if cut := s.ask(readSecret, "GET", repoPath+"/git/trees/"+tree, nil); cut.json["truncated"] != true || len(cut.json["tree"].([]any)) != 2 {
		t.Errorf("%s", cut.raw)
	}
	s.lawful()
}

func TestReadBlob(t *testing.T) {
	s := newStage(t)
	content := strings.Repeat("long line ", 20)
	sha := s.ask(pushSecret, "POST", repoPath+"/git/blobs", map[string]any{"content": content}).json["sha"].(string)
	got := s.ask(readSecret, "GET", repoPath+"/git/blobs/"+sha, nil)
	plain, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(got.json["content"].(string), "\n", ""))
	if got.status != 200 || err != nil || string(plain) != content || got.json["size"] != 200.0 || got.json["encoding"] != "base64" {
		t.Errorf("%d %s %v", got.status, got.raw, err)
	}
	for _, other := range []string{strings.Repeat("1", 40), s.tip, emptyTree(s)} {
		if got := s.ask(readSecret, "GET", repoPath+"/git/blobs/"+other, nil); got.status != 404 {
			t.Errorf("%s: %d", other, got.status)
		}
	}
	s.lawful()
}

func emptyTree(s *stage) string {
	return strings.TrimSpace(s.plumbing("rev-parse", s.tip+"^{tree}"))
}
