package githubtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/githubtest"
)

// plumbing runs git itself on the bare repository.
func (s *stage) plumbing(args ...string) string {
	s.Helper()
	cmd := exec.Command("git", append([]string{"--git-dir", s.repo.Dir()}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
	out, err := cmd.Output()
	if err != nil {
		s.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}

func (s *stage) tagObject(message string) reply {
	s.Helper()
	return s.ask(pushSecret, "POST", repoPath+"/git/tags", map[string]any{
		"tag": "v1", "message": message, "object": s.tip, "type": "commit",
		"tagger": map[string]any{"name": "Release Bot", "email": "release@example.com", "date": "2026-02-03T04:05:06+02:00"},
	})
}

func TestTagObjectBytes(t *testing.T) {
	for _, message := range []string{"widgets 1\n", "no newline at the end", "two\n\nparagraphs\n\n", "Grüße\n"} {
		s := newStage(t)
		got := s.tagObject(message)
		if got.status != 201 {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		sha := got.json["sha"].(string)
		want := "object " + s.tip + "\ntype commit\ntag v1\ntagger Release Bot <release@example.com> 1770084306 +0200\n\n" + message
		if real := s.plumbing("cat-file", "tag", sha); real != want {
			t.Errorf("git has %q, want %q", real, want)
		}
		if again := s.tagObject(message); again.json["sha"] != sha {
			t.Error("the same tag object has two ids")
		}
		back := s.ask(readSecret, "GET", repoPath+"/git/tags/"+sha, nil)
		if back.json["message"] != message || back.json["tagger"].(map[string]any)["date"] != "2026-02-03T02:05:06Z" {
			t.Errorf("read back %s", back.raw)
		}
		s.lawful()
	}
}

// TestNamesOfPersons: what git removes from a name is not in the object.
func TestNamesOfPersons(t *testing.T) {
	s := newStage(t)
	for name, want := range map[string]string{"Acme Inc.": "Acme Inc", "'Bot'": "Bot", "A <b>": "A b", "Zoë": "Zoë"} {
		got := s.ask(pushSecret, "POST", repoPath+"/git/tags", map[string]any{"tag": "v1", "message": "m", "object": s.tip, "type": "commit",
			"tagger": map[string]any{"name": name, "email": "a@b", "date": "2026-02-03T04:05:06Z"}})
		if got.status != 201 || got.json["tagger"].(map[string]any)["name"] != want {
			t.Errorf("%q: %d %s", name, got.status, got.raw)
		}
	}
	s.lawful()
}

func TestTagRefusals(t *testing.T) {
	s := newStage(t)
	body := func(change map[string]any) map[string]any {
		b := map[string]any{"tag": "v1", "message": "m", "object": s.tip, "type": "commit"}
		for k, v := range change {
			b[k] = v
		}
		return b
	}
	for name, change := range map[string]map[string]any{
		"an object that does not exist": {"object": strings.Repeat("0", 40)},
		"a short id":                    {"object": s.tip[:10]},
		"the wrong type":                {"type": "tree"},
		"a name git refuses":            {"tag": "a..b"},
		"a name like an option":         {"tag": "a b"},
	} {
		if got := s.ask(pushSecret, "POST", repoPath+"/git/tags", body(change)); got.status != 422 {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if got := s.ask(pushSecret, "POST", repoPath+"/git/tags", body(nil)); got.status != 201 {
		t.Errorf("control: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestCreateRef(t *testing.T) {
	s := newStage(t)
	tree := strings.TrimSpace(s.plumbing("rev-parse", s.tip+"^{tree}"))
	make := func(ref, sha string) reply {
		return s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": ref, "sha": sha})
	}
	if got := make("refs/tags/v1", s.first); got.status != 201 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	for _, ref := range []string{"refs/tags/ui/v1", "refs/tags/@acme/ui@1.2.3", "refs/tags/HEAD", "refs/tags/" + strings.Repeat("v", 245)} {
		if got := make(ref, s.first); got.status != 201 || got.json["ref"] != ref {
			t.Errorf("%s: %d %s", ref, got.status, got.raw)
		}
	}
	for name, c := range map[string]struct{ ref, sha, words string }{
		"a second time":      {"refs/tags/v1", s.tip, "Reference already exists"},
		"the same again":     {"refs/tags/v1", s.first, "Reference already exists"},
		"not a ref":          {"tags/v2", s.tip, "Reference name must start with 'refs' and contain at least two slashes."},
		"too few slashes":    {"refs/v2", s.tip, "Reference name must start with 'refs' and contain at least two slashes."},
		"a name git refuses": {"refs/tags/a..b", s.tip, "refs/tags/a..b is not a valid ref name."},
		"no such object":     {"refs/tags/v2", strings.Repeat("1", 40), "Object does not exist"},
		"a branch at a tree": {"refs/heads/x", tree, "Reference update failed"},
		"below a ref":        {"refs/tags/v1/x", s.tip, "Reference update failed"}, // microsoft/vscode-remote-repositories-github#122
		"above a ref":        {"refs/tags/ui", s.tip, "Reference update failed"},
		"refs/ in a name":    {"refs/tags/refs/tags/v2", s.tip, "Sorry, branch or tag names starting with 'refs/' are not allowed."},
		"an object id":       {"refs/tags/" + strings.Repeat("aB", 20), s.tip, "Sorry, branch or tag names consisting of 40 hex characters are not allowed."},
		"too long":           {"refs/tags/" + strings.Repeat("v", 246), s.tip, "Sorry, refs longer than 255 bytes are not allowed."},
	} {
		if got := make(c.ref, c.sha); got.status != 422 || got.json["message"] != c.words {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if at := s.repo.Ref("refs/tags/v1"); at != s.first {
		t.Errorf("the ref moved to %s", at)
	}
	if got := len(s.srv.Effects()); got != 5 {
		t.Errorf("%d effects", got)
	}
	s.lawful()
}

func TestReadRefs(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"refs/tags/v1", "refs/tags/v1.0", "refs/heads/release/v1"} {
		if err := s.repo.SetRef(name, s.first); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]int{
		"/git/ref/tags/v1": 200, "/git/ref/tags/v": 404, "/git/ref/heads/release/v1": 200,
		"/git/ref/heads%2Frelease%2Fv1": 200, "/git/ref/heads/v1": 404,
	} {
		if got := s.ask(readSecret, "GET", repoPath+path, nil); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
	for prefix, want := range map[string]int{"tags/v1": 2, "tags/v1.0": 1, "tags/nothing": 0, "heads/": 2} {
		got := s.ask(readSecret, "GET", repoPath+"/git/matching-refs/"+prefix, nil)
		if n := strings.Count(string(got.raw), `"ref"`); got.status != 200 || n != want {
			t.Errorf("matching %s: %d refs, status %d", prefix, n, got.status)
		}
	}
	if got := s.ask(readSecret, "GET", repoPath+"/git/matching-refs/tags/nothing", nil); strings.TrimSpace(string(got.raw)) != "[]" {
		t.Errorf("proof of absence is %q", got.raw)
	}
	s.lawful()
}

func TestEmptyRepository(t *testing.T) {
	s := newStage(t)
	if _, err := s.srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "empty"}); err != nil {
		t.Fatal(err)
	}
	got := s.ask(pushSecret, "GET", "/repos/octo-org/empty/git/ref/heads/main", nil)
	if got.status != 409 || got.json["message"] != "Git Repository is empty." {
		t.Errorf("%d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestCompare(t *testing.T) {
	s := newStage(t)
	loose, err := s.repo.LooseCommit(s.first, githubtest.Change{Message: "from a fork", Files: map[string]string{"evil.go": "x\n"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.ask(readSecret, "GET", repoPath+"/git/commits/"+loose, nil); got.status != 200 {
		t.Errorf("a fork's commit cannot be read: %d", got.status)
	}
	for basehead, want := range map[string]string{
		"main...main": "identical", "main..." + s.first: "behind", s.first + "...main": "ahead", "main..." + loose: "diverged",
	} {
		got := s.ask(readSecret, "GET", repoPath+"/compare/"+basehead, nil)
		if got.status != 200 || got.json["status"] != want {
			t.Errorf("%s: %d %v, want %s", basehead, got.status, got.json["status"], want)
		}
	}
	for _, unknown := range []string{"main...nothing", "main", strings.Repeat("1", 40) + "...main"} {
		if got := s.ask(readSecret, "GET", repoPath+"/compare/"+unknown, nil); got.status != 404 {
			t.Errorf("%s: %d", unknown, got.status)
		}
	}
	got := s.ask(readSecret, "GET", repoPath+"/compare/"+s.first+"...main", nil)
	files := got.json["files"].([]any)
	if file := files[0].(map[string]any); len(files) != 1 || file["filename"] != "main.go" || file["status"] != "added" || file["additions"] != 1.0 {
		t.Errorf("files %v", files)
	}
	s.lawful()
}

func TestCommits(t *testing.T) {
	s := newStage(t)
	for path, want := range map[string]int{
		"/commits/main": 200, "/commits/heads/main": 200, "/commits/" + s.tip[:10]: 200, "/commits/" + s.first: 200,
		"/commits/nothing": 422, "/git/commits/" + s.tip: 200, "/git/commits/" + s.tip[:10]: 404,
		"/branches/main": 200, "/branches/nothing": 404,
	} {
		if got := s.ask(readSecret, "GET", repoPath+path, nil); got.status != want {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	sha, _, err := s.client(readSecret).Repositories.GetCommitSHA1(t.Context(), "octo-org", "widgets", "main", "")
	if err != nil || sha != s.tip {
		t.Errorf("main is %s, %v", sha, err)
	}
	branch, _, err := s.client(readSecret).Repositories.GetBranch(t.Context(), "octo-org", "widgets", "main", 0)
	if err != nil || branch.GetCommit().GetSHA() != s.tip {
		t.Errorf("branch %v, %v", branch, err)
	}
	s.lawful()
}

// TestSeedsAreDeterministic pins the ids, because scripts and documents quote them.
func TestSeedsAreDeterministic(t *testing.T) {
	a, b := newStage(t), newStage(t)
	if a.tip != b.tip || a.first == a.tip {
		t.Errorf("%s and %s", a.tip, b.tip)
	}
	if date := strings.TrimSpace(a.plumbing("log", "-1", "--format=%cI", a.tip)); date != "2026-01-02T03:05:05Z" && date != "2026-01-02T03:05:05+00:00" {
		t.Errorf("second commit at %s", date)
	}
}

// TestGitIsIsolated sets what would derail git if it were heard.
func TestGitIsIsolated(t *testing.T) {
	plain := newStage(t)
	home := t.TempDir()
	hostile := "[core]\n\tbare = false\n\tautocrlf = true\n[init]\n\tdefaultBranch = evil\n[user\n"
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(hostile), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("GIT_DIR", filepath.Join(home, "elsewhere"))
	t.Setenv("GIT_INDEX_FILE", filepath.Join(home, "index"))
	t.Setenv("GIT_OBJECT_DIRECTORY", home)
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "core.bare")
	t.Setenv("GIT_CONFIG_VALUE_0", "nonsense")
	t.Setenv("GIT_COMMITTER_NAME", "Somebody Else")
	s := newStage(t)
	if s.tip != plain.tip {
		t.Errorf("the environment changed %s to %s", plain.tip, s.tip)
	}
	s.commit("main", "third", "only-here.txt", "a tree that git was not asked for yet\n")
	if err := s.repo.DeleteRef("refs/heads/nothing"); err != nil {
		t.Error(err)
	}
}

// TestGitAgrees: what is written and read without asking git is what git writes and reads.
func TestGitAgrees(t *testing.T) {
	s := newStage(t)
	if got := s.tagObject("plain\n"); got.status != 201 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	for _, name := range []string{"refs/tags/v1", "refs/heads/release/v1"} {
		if err := s.repo.SetRef(name, s.first); err != nil {
			t.Fatal(err)
		}
	}
	s.commit("main", "deep", "a/b/c.txt", "\x00\xff not text")
	if out := s.plumbing("fsck", "--strict", "--no-dangling", "--full"); out != "" {
		t.Errorf("git says %s", out)
	}
	agree := func(when string) {
		t.Helper()
		for line := range strings.Lines(s.plumbing("for-each-ref", "--format=%(refname) %(objectname)")) {
			name, sha, _ := strings.Cut(strings.TrimSpace(line), " ")
			if got := s.repo.Ref(name); got != sha {
				t.Errorf("%s: %s is at %s, and git has %s", when, name, got, sha)
			}
		}
		if s.repo.Ref("refs/tags/v1") != s.first {
			t.Errorf("%s: a tag is lost", when)
		}
	}
	agree("loose")
	s.plumbing("update-ref", "refs/heads/theirs", s.tip) // as a push would, without the server
	agree("pushed")
	s.plumbing("gc", "--quiet")
	agree("packed")
	if err := s.repo.SetRef("refs/tags/v1/below", s.first); err == nil {
		t.Error("a ref below a packed one was made")
	}
	if err := s.repo.SetRef("refs/heads/late", s.tip); err != nil {
		t.Error(err)
	}
	agree("packed and changed")
	other := s.ask(readSecret, "GET", repoPath+"/git/matching-refs/heads/", nil)
	if n := strings.Count(string(other.raw), `"ref"`); n != 4 {
		t.Errorf("%d branches: %s", n, other.raw)
	}
	s.lawful()
}
