package githubtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/githubtest"
)

const repoPath = "/repos/octo-org/widgets"

func TestAccess(t *testing.T) {
	for _, c := range []struct {
		name, secret string
		private      bool
		read, write  int
		words        string // of the write
	}{
		{"push token", pushSecret, false, 200, 201, ""},
		{"push token, private", pushSecret, true, 200, 201, ""},
		{"read token", readSecret, false, 200, 403, "Resource not accessible by personal access token"},
		{"read token, private", readSecret, true, 200, 403, "Resource not accessible by personal access token"},
		{"nobody", "", false, 200, 401, "Requires authentication"},
		{"nobody, private", "", true, 404, 404, "Not Found"},
		{"wrong secret", "guess-guess-guess", false, 401, 401, "Bad credentials"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets", Private: c.private}, githubtest.Options{})
			if got := s.ask(c.secret, "GET", repoPath, nil); got.status != c.read {
				t.Errorf("read: %d %s, want %d", got.status, got.raw, c.read)
			}
			got := s.ask(c.secret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.tip})
			if got.status != c.write || c.words != "" && got.json["message"] != c.words {
				t.Errorf("write: %d %s, want %d %s", got.status, got.raw, c.write, c.words)
			}
			if exists := s.repo.Ref("refs/tags/v1") != ""; exists != (c.write == 201) {
				t.Errorf("the ref exists: %v", exists)
			}
			if effects := len(s.srv.Effects()); (effects == 1) != (c.write == 201) {
				t.Errorf("%d effects", effects)
			}
			s.lawful()
		})
	}
}

func TestTokenReachesItsRepositoriesOnly(t *testing.T) {
	s := newStage(t)
	if _, err := s.srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "secret", Private: true}); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(readSecret, "GET", "/repos/octo-org/secret", nil); got.status != 404 {
		t.Errorf("a repository beyond the token's reach: %d", got.status)
	}
	if got := s.ask(pushSecret, "GET", "/repos/octo-org/secret", nil); got.status != 200 {
		t.Errorf("control: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestPermissionsInTheAnswer(t *testing.T) {
	s := newStage(t)
	for secret, push := range map[string]bool{pushSecret: true, readSecret: false} {
		got := s.ask(secret, "GET", repoPath, nil).json["permissions"].(map[string]any)
		if got["push"] != push || got["pull"] != true {
			t.Errorf("permissions %v", got)
		}
	}
	if _, told := s.ask("", "GET", repoPath, nil).json["permissions"]; told {
		t.Error("a stranger was told permissions")
	}
	s.lawful()
}

func TestArchivedAndDisabled(t *testing.T) {
	s := newStage(t)
	body := map[string]any{"ref": "refs/tags/v1", "sha": s.tip}
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.Archived = true })
	if got := s.ask(pushSecret, "POST", repoPath+"/git/refs", body); got.status != 403 || got.json["message"] != "Repository was archived so is read-only." {
		t.Errorf("archived: %d %s", got.status, got.raw)
	}
	if got := s.ask(pushSecret, "GET", repoPath, nil); got.status != 200 || got.json["archived"] != true {
		t.Errorf("reading an archived repository: %d", got.status)
	}
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.Disabled = true })
	if got := s.ask(pushSecret, "GET", repoPath, nil); got.status != 403 {
		t.Errorf("disabled: %d", got.status)
	}
	s.repo.Set(func(spec *githubtest.RepoSpec) { spec.Archived, spec.Disabled = false, false })
	if got := s.ask(pushSecret, "POST", repoPath+"/git/refs", body); got.status != 201 {
		t.Errorf("control: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestJournalKeepsNoSecret(t *testing.T) {
	s := newStage(t)
	s.ask(pushSecret, "GET", repoPath, nil)
	s.ask("guess-guess-guess", "GET", repoPath, nil)
	s.ask("", "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.tip})
	all := s.srv.Requests()
	var auth []string
	for _, r := range all {
		auth = append(auth, string(r.Auth))
	}
	if got := strings.Join(auth, " "); got != "right wrong none" {
		t.Errorf("auth %s", got)
	}
	if text := fmt.Sprintf("%#v", all); strings.Contains(text, pushSecret) || strings.Contains(text, "guess-guess") {
		t.Error("the journal holds a secret")
	}
	if all[0].Login != "release-bot" || all[0].RequestID == "" || all[0].Operation != "repos/get" || all[0].Seq != 1 {
		t.Errorf("first line %#v", all[0])
	}
	if got := all[2].BodySHA256; got != sha256hex(`{"ref":"refs/tags/v1","sha":"`+s.tip+`"}`) {
		t.Errorf("body digest %s", got)
	}
	if got := all[2].String(); got != "POST /repos/octo-org/widgets/git/refs 401" {
		t.Errorf("line %q", got)
	}
	if got := s.srv.Mutations(); len(got) != 1 || got[0].Seq != 3 {
		t.Errorf("mutations %v", got)
	}
}

func TestTokenScheme(t *testing.T) {
	s := newStage(t)
	gh := s.client(pushSecret) // go-github says Bearer
	if _, _, err := gh.Users.Get(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if got := s.ask("", "GET", "/user", nil); got.status != 401 {
		t.Errorf("nobody: %d", got.status)
	}
	s.lawful()
}
