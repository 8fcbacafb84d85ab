package githubtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
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

func emptyTree(s *stage) string {
	return strings.TrimSpace(s.plumbing("rev-parse", s.tip+"^{tree}"))
}
