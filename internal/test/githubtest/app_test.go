package githubtest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/githubtest"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// appStage has an App that covers widgets and gadgets, of which gadgets is private, and not others.
type appStage struct {
	*stage
	key              *rsa.PrivateKey
	now              time.Time
	gadgets, outside *githubtest.Repo
}

func newAppStage(t *testing.T) *appStage {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &appStage{key: key, now: noon}
	s.stage = newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}, githubtest.Options{
		Now: func() time.Time { return s.now },
		Apps: []githubtest.App{{ID: 12345, Slug: "marketops", Key: &key.PublicKey, Installation: 678,
			Repos: []string{"octo-org/widgets", "octo-org/gadgets"}, Permissions: map[string]string{"contents": "write", "pull_requests": "read"}}},
	})
	s.gadgets, s.outside = s.add("gadgets"), s.add("outside")
	return s
}

func (s *appStage) add(name string) *githubtest.Repo {
	repo, err := s.srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: name, Private: true})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := repo.Commit("main", githubtest.Change{Message: "first", Files: map[string]string{"a": "b"}}); err != nil {
		s.Fatal(err)
	}
	return repo
}

func (s *appStage) jwt(iss any, issued, expires time.Duration) string {
	return sign(s.key, "RS256", iss, s.now.Add(issued).Unix(), s.now.Add(expires).Unix())
}

func sign(key *rsa.PrivateKey, alg string, iss any, iat, exp int64) string {
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]any{"alg": alg, "typ": "JWT"}) + "." + part(map[string]any{"iss": iss, "iat": iat, "exp": exp})
	sum := sha256.Sum256([]byte(text))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

const mintPath = "/app/installations/678/access_tokens"

func (s *appStage) mint(body any) reply {
	return s.ask(s.jwt("12345", -time.Minute, 5*time.Minute), "POST", mintPath, body)
}

func TestWhoMayMint(t *testing.T) {
	s := newAppStage(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := s.jwt("12345", 0, time.Minute)
	for name, c := range map[string]struct {
		secret string
		want   int
	}{
		"the App":                {good, 201},
		"its number as a number": {s.jwt(12345, 0, time.Minute), 201},
		"another App":            {s.jwt("12346", 0, time.Minute), 401},
		"another key":            {sign(other, "RS256", "12345", s.now.Unix(), s.now.Unix()+60), 401},
		"another algorithm":      {sign(s.key, "none", "12345", s.now.Unix(), s.now.Unix()+60), 401},
		"expired":                {s.jwt("12345", -2*time.Minute, 0), 401},
		"from the future":        {s.jwt("12345", time.Minute, 2*time.Minute), 401},
		"too long":               {s.jwt("12345", 0, 11*time.Minute), 401},
		"without signature":      {good[:strings.LastIndex(good, ".")+1], 401},
		"a token":                {pushSecret, 401},
		"nobody":                 {"", 401},
	} {
		if got := s.ask(c.secret, "POST", mintPath, nil); got.status != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.raw, c.want)
		}
	}
	if got := s.ask(good, "GET", "/repos/octo-org/widgets", nil); got.status != 401 {
		t.Errorf("a JWT read a repository: %d", got.status)
	}
	if got := s.ask(good, "POST", "/app/installations/679/access_tokens", nil); got.status != 404 {
		t.Errorf("another installation: %d", got.status)
	}
	s.lawful()
}

func TestNarrowing(t *testing.T) {
	s := newAppStage(t)
	for name, c := range map[string]struct {
		body any
		want int
	}{
		"one repository":             {map[string]any{"repository_ids": []int64{s.repo.ID()}}, 201},
		"by name":                    {map[string]any{"repositories": []string{"gadgets"}}, 201},
		"one that is not covered":    {map[string]any{"repository_ids": []int64{s.outside.ID()}}, 422},
		"one that is and one not":    {map[string]any{"repository_ids": []int64{s.repo.ID(), s.outside.ID()}}, 422},
		"one that does not exist":    {map[string]any{"repository_ids": []int64{99}}, 422},
		"a permission it has":        {map[string]any{"permissions": map[string]any{"contents": "read"}}, 201},
		"more than it has":           {map[string]any{"permissions": map[string]any{"pull_requests": "write"}}, 422},
		"what it was never granted":  {map[string]any{"permissions": map[string]any{"issues": "read"}}, 422},
		"a permission without sense": {map[string]any{"permissions": map[string]any{"contents": "admin"}}, 422},
	} {
		got := s.mint(c.body)
		if got.status != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.raw, c.want)
		}
	}
	for _, v := range s.srv.SchemaViolations() {
		if !strings.Contains(v.Reason, "contents") { // the last one above
			t.Error(v)
		}
	}
}

func TestNarrowTokenIsNarrow(t *testing.T) {
	s := newAppStage(t)
	got := s.mint(map[string]any{"repository_ids": []int64{s.gadgets.ID()}, "permissions": map[string]any{"contents": "write"}})
	token, _ := got.json["token"].(string)
	if got.status != 201 || token == "" || got.json["repository_selection"] != "selected" || len(got.json["repositories"].([]any)) != 1 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	tip := s.gadgets.Ref("refs/heads/main")
	tag := func(repo, sha string) reply {
		return s.ask(token, "POST", "/repos/octo-org/"+repo+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": sha})
	}
	for name, c := range map[string]struct {
		got  reply
		want int
	}{
		"its repository":           {s.ask(token, "GET", "/repos/octo-org/gadgets", nil), 200},
		"a write there":            {tag("gadgets", tip), 201},
		"pull requests there":      {s.ask(token, "GET", "/repos/octo-org/gadgets/pulls", nil), 403},
		"reading a public one":     {s.ask(token, "GET", "/repos/octo-org/widgets", nil), 200},
		"a write to a public one":  {tag("widgets", s.tip), 403},
		"a private one":            {s.ask(token, "GET", "/repos/octo-org/outside", nil), 404},
		"a write to a private one": {tag("outside", tip), 404},
		"opening a pull request":   {s.ask(token, "POST", "/repos/octo-org/gadgets/pulls", map[string]any{"title": "t", "head": "h", "base": "main"}), 403},
	} {
		if c.got.status != c.want {
			t.Errorf("%s: %d %s, want %d", name, c.got.status, c.got.raw, c.want)
		}
	}
	if n := len(s.srv.Effects()); n != 1 {
		t.Errorf("%d effects", n)
	}
	last := s.srv.Requests()[len(s.srv.Requests())-1]
	if want := fmt.Sprintf("%d contents=write metadata=read", s.gadgets.ID()); last.Scope != want || last.Login != "marketops[bot]" {
		t.Errorf("recorded as %q by %q, want %q", last.Scope, last.Login, want)
	}
	s.now = s.now.Add(59 * time.Minute)
	if got := s.ask(token, "GET", "/repos/octo-org/gadgets", nil); got.status != 200 {
		t.Errorf("within its hour: %d", got.status)
	}
	s.now = s.now.Add(time.Minute)
	if got := s.ask(token, "GET", "/repos/octo-org/gadgets", nil); got.status != 401 {
		t.Errorf("after its hour: %d", got.status)
	}
	s.lawful()
}

func TestEcho(t *testing.T) {
	s := newStage(t)
	for _, line := range []string{"GET /repos/** echo-before status=302", "GET /repos/** echo-after"} {
		f, err := githubtest.ParseFault(line)
		if err != nil {
			t.Fatal(err)
		}
		s.srv.Inject(f)
	}
	got := s.ask(pushSecret, "GET", repoPath, nil)
	if got.status != 302 || !strings.Contains(got.header.Get("Location"), pushSecret) || !strings.Contains(string(got.raw), pushSecret) {
		t.Errorf("before: %d %v %s", got.status, got.header, got.raw)
	}
	got = s.ask(pushSecret, "GET", repoPath, nil)
	if page, _ := got.json["html_url"].(string); got.status != 200 || got.header.Get("X-Oauth-Scopes") != pushSecret || !strings.HasSuffix(page, pushSecret) {
		t.Errorf("after: %d %v %s", got.status, got.header, got.raw)
	}
	s.lawful()
}
