package githubtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/omega/marketops/internal/test/githubtest"
)

const (
	pushSecret = "push-token-1234"
	readSecret = "read-token-1234"
)

// stage is a server with one repository, octo-org/widgets, of two commits.
type stage struct {
	*testing.T
	srv   *githubtest.Server
	repo  *githubtest.Repo
	first string // the id of the first commit
	tip   string // the id of the second, main's tip
}

func newStage(t *testing.T) *stage {
	return newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}, githubtest.Options{})
}

func newStageWith(t *testing.T, spec githubtest.RepoSpec, o githubtest.Options) *stage {
	t.Helper()
	o.Dir = t.TempDir()
	o.Tokens = []githubtest.Token{
		{Secret: pushSecret, Login: "release-bot", Push: true, Repos: []string{"*"}},
		{Secret: readSecret, Login: "reader", Repos: []string{"octo-org/widgets"}},
		{Secret: plainSecret, Login: "another", Push: true, Repos: []string{"*"}, NoWorkflows: true},
	}
	srv, err := githubtest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{T: t, srv: srv}
	if s.repo, err = srv.CreateRepo(spec); err != nil {
		t.Fatal(err)
	}
	s.first = s.commit("main", "first", "README.md", "hello\n")
	s.tip = s.commit("main", "second", "main.go", "package main\n")
	return s
}

func (s *stage) commit(branch, message, path, content string) string {
	s.Helper()
	sha, err := s.repo.Commit(branch, githubtest.Change{Message: message, Files: map[string]string{path: content}})
	if err != nil {
		s.Fatal(err)
	}
	return sha
}

// lawful fails the test if anything broke GitHub's description or a fault never struck.
func (s *stage) lawful() {
	s.Helper()
	for _, v := range s.srv.SchemaViolations() {
		s.Errorf("violation: %v", v)
	}
	if pending := s.srv.PendingFaults(); len(pending) > 0 {
		s.Errorf("these faults never struck: %v", pending)
	}
}

// client is go-github with a token, or without one for "".
func (s *stage) client(secret string) *github.Client {
	c := github.NewClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
	if secret != "" {
		c = c.WithAuthToken(secret)
	}
	c.BaseURL, c.UploadURL = s.parse(s.srv.API()), s.parse(s.srv.Uploads())
	return c
}

func (s *stage) parse(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		s.Fatal(err)
	}
	return u
}

// reply is a raw answer.
type reply struct {
	status int
	header http.Header
	raw    []byte
	json   map[string]any
}

// ask sends one request by hand, following nothing.
func (s *stage) ask(secret, method, address string, body any) reply {
	s.Helper()
	r, err := s.try(secret, method, address, body)
	if err != nil {
		s.Fatalf("%s %s: %v", method, address, err)
	}
	return r
}

func (s *stage) try(secret, method, address string, body any) (reply, error) {
	s.Helper()
	var sent io.Reader
	media := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		sent, media = bytes.NewReader(b), "application/octet-stream"
	case string:
		sent = bytes.NewReader([]byte(b))
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			s.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	if address[0] == '/' {
		address = s.srv.API() + address[1:]
	}
	req, err := http.NewRequestWithContext(context.Background(), method, address, sent)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	return read(req)
}

func read(req *http.Request) (reply, error) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	out := reply{status: res.StatusCode, header: res.Header, raw: raw}
	_ = json.Unmarshal(raw, &out.json)
	return out, err
}

// statusOf is the status of a go-github error.
func statusOf(err error) int {
	var e *github.ErrorResponse
	if errors.As(err, &e) {
		return e.Response.StatusCode
	}
	return 0
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
