package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// stage is a practice GitHub with an App that covers two of its three repositories.
type stage struct {
	*testing.T
	srv                       *githubtest.Server
	pem                       string
	now                       time.Time
	widgets, gadgets, outside int64
}

func keyPEM(t *testing.T, key any, kind string) string {
	t.Helper()
	var der []byte
	var err error
	if k, ok := key.(*rsa.PrivateKey); ok && kind == "RSA PRIVATE KEY" {
		der = x509.MarshalPKCS1PrivateKey(k)
	} else if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func newStage(t *testing.T, lifetime time.Duration, granted map[string]string) *stage {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, minBits)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, pem: keyPEM(t, key, "RSA PRIVATE KEY"), now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}
	s.srv, err = githubtest.Start(githubtest.Options{Dir: t.TempDir(), Now: func() time.Time { return s.now },
		Apps: []githubtest.App{{ID: 12345, Slug: "marketops", Key: &key.PublicKey, Installation: 678, Lifetime: lifetime,
			Repos: []string{"octo-org/widgets", "octo-org/gadgets"}, Permissions: granted}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.srv.Close() })
	for name, id := range map[string]*int64{"widgets": &s.widgets, "gadgets": &s.gadgets, "outside": &s.outside} {
		repo, err := s.srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: name})
		if err != nil {
			t.Fatal(err)
		}
		*id = repo.ID()
	}
	return s
}

func (s *stage) options() Options {
	return Options{API: s.srv.API(), AppID: 12345, InstallationID: 678, Key: marketops.NewSecret(s.pem),
		Now: func() time.Time { return s.now }, UserAgent: "test"}
}

func (s *stage) app() *App {
	s.Helper()
	a, err := New(s.options())
	if err != nil {
		s.Fatal(err)
	}
	return a
}

func (s *stage) get(a *App, repository int64, p Permissions) string {
	s.Helper()
	secret, err := a.Token(s.Context(), repository, p)
	if err != nil || secret.IsZero() {
		s.Fatalf("no token: %v", err)
	}
	return secret.Reveal()
}

// scope reads the repository with the token and returns what GitHub knows the token is for.
func (s *stage) scope(secret string) string {
	s.Helper()
	req, _ := http.NewRequestWithContext(s.Context(), "GET", s.srv.API()+"repos/octo-org/widgets", nil)
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	res.Body.Close()
	all := s.srv.Requests()
	return all[len(all)-1].Scope
}

func (s *stage) mints() int { return len(s.srv.Mutations()) }

func (s *stage) lawful() {
	s.Helper()
	for _, v := range s.srv.SchemaViolations() {
		s.Error(v)
	}
	if f := s.srv.PendingFaults(); len(f) > 0 {
		s.Errorf("never struck: %v", f)
	}
}

var everything = map[string]string{"contents": "write", "pull_requests": "write", "workflows": "write"}

func TestNarrowed(t *testing.T) {
	s := newStage(t, 0, everything)
	a := s.app()
	if s.mints() != 0 {
		t.Error("New asked GitHub")
	}
	first := s.get(a, s.widgets, ContentsWrite)
	if got, want := s.scope(first), fmt.Sprintf("%d contents=write metadata=read", s.widgets); got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
	if again := s.get(a, s.widgets, ContentsWrite); again != first || s.mints() != 1 {
		t.Errorf("asked %d times", s.mints())
	}
	pulls := s.get(a, s.widgets, PullRequestsAndWrite)
	if got, want := s.scope(pulls), fmt.Sprintf("%d contents=write metadata=read pull_requests=write", s.widgets); got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
	if narrow := s.get(a, s.widgets, ContentsWrite); narrow == pulls {
		t.Error("a token for pull requests was used for a tag")
	}
	s.lawful()
}

// A token for one repository is not used for another, also not after coming back.
func TestOneRepositoryEach(t *testing.T) {
	s := newStage(t, 0, everything)
	a := s.app()
	seen := map[string]bool{}
	for _, repository := range []int64{s.widgets, s.gadgets, s.widgets} {
		secret := s.get(a, repository, ContentsWrite)
		if got := s.scope(secret); !strings.HasPrefix(got, fmt.Sprintf("%d ", repository)) || seen[secret] {
			t.Errorf("for %d a token for %q", repository, got)
		}
		seen[secret] = true
	}
	s.lawful()
}

func TestCurrent(t *testing.T) {
	s := newStage(t, 0, everything)
	a := s.app()
	if secret, err := a.Current(t.Context()); err == nil || secret != "" || marketops.CodeOf(err) != marketops.TokenMissing {
		t.Errorf("without an operation: %v", err)
	}
	for kind, want := range map[marketops.Kind]string{
		marketops.TagRepo: "contents=write metadata=read", marketops.PublishRelease: "contents=write metadata=read",
		marketops.OpenPR: "contents=write metadata=read pull_requests=write", "delete_everything": "",
	} {
		op := marketops.NewOperation(kind, marketops.Target{RepositoryID: s.gadgets})
		secret, err := a.Current(For(t.Context(), op))
		if want == "" {
			if err == nil {
				t.Errorf("a token for %s", kind)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := s.scope(secret); got != fmt.Sprintf("%d %s", s.gadgets, want) {
			t.Errorf("%s: scope %q", kind, got)
		}
	}
	s.lawful()
}

// TestWithWorkflows: the permission for workflows is asked for only where it is needed, and named where the
// installation does not have it.
func TestWithWorkflows(t *testing.T) {
	s := newStage(t, 0, everything)
	a := s.app()
	ctx := For(t.Context(), marketops.NewOperation(marketops.TagRepo, marketops.Target{RepositoryID: s.widgets}))
	for ctx, want := range map[context.Context]string{ctx: "contents=write metadata=read", WithWorkflows(ctx): "contents=write metadata=read workflows=write"} {
		secret, err := a.Current(ctx)
		if err != nil || s.scope(secret) != fmt.Sprintf("%d %s", s.widgets, want) {
			t.Errorf("%v, scope %q, want %s", err, s.scope(secret), want)
		}
	}
	if _, err := a.Current(WithWorkflows(t.Context())); marketops.CodeOf(err) != marketops.TokenMissing {
		t.Errorf("without an operation: %v", err)
	}
	s = newStage(t, 0, map[string]string{"contents": "write"})
	ctx = For(t.Context(), marketops.NewOperation(marketops.TagRepo, marketops.Target{RepositoryID: s.widgets}))
	_, err := s.app().Current(WithWorkflows(ctx))
	var f *marketops.Failure
	if !errors.As(err, &f) || f.Code != marketops.TokenMissing || !strings.Contains(f.What, "workflows: write") || !strings.Contains(f.Next, "Workflows: read and write") {
		t.Errorf("%+v", f)
	}
}

func TestRefreshedBeforeItEnds(t *testing.T) {
	s := newStage(t, 0, everything)
	a := s.app()
	first := s.get(a, s.widgets, ContentsWrite)
	s.now = s.now.Add(55 * time.Minute)
	if got := s.get(a, s.widgets, ContentsWrite); got != first {
		t.Error("asked again with five minutes left")
	}
	s.now = s.now.Add(time.Second)
	second := s.get(a, s.widgets, ContentsWrite)
	if second == first || s.scope(second) == "" || s.mints() != 2 {
		t.Errorf("asked %d times", s.mints())
	}
	s.lawful()
}

// TestDrop: a token that GitHub refused is not handed out again; one that it did not refuse is.
func TestDrop(t *testing.T) {
	s := newStage(t, 0, everything)
	a := s.app()
	first := s.get(a, s.widgets, ContentsWrite)
	a.Drop("another")
	if second := s.get(a, s.widgets, ContentsWrite); second != first || s.mints() != 1 {
		t.Errorf("%d tokens", s.mints())
	}
	a.Drop(first)
	if third := s.get(a, s.widgets, ContentsWrite); third == first || s.mints() != 2 {
		t.Errorf("%d tokens", s.mints())
	}
	s.lawful()
}

func TestTooShortIsRefused(t *testing.T) {
	s := newStage(t, MinLeft-time.Second, everything)
	if _, err := s.app().Token(t.Context(), s.widgets, ContentsWrite); marketops.CodeOf(err) != marketops.TokenMissing || !strings.Contains(err.Error(), "ends too soon") {
		t.Errorf("got %v", err)
	}
}

func TestWhatGitHubRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*Options)
		repository func(*stage) int64
		granted    map[string]string
		fault      string
		code       marketops.Code
		says       string
	}{
		"another App":           {change: func(o *Options) { o.AppID++ }, code: marketops.TokenMissing, says: "(401)"},
		"another key":           {change: func(o *Options) { o.Key = marketops.NewSecret(otherKey(t)) }, code: marketops.TokenMissing, says: "(401)"},
		"a clock that is wrong": {change: func(o *Options) { n := o.Now; o.Now = func() time.Time { return n().Add(time.Hour) } }, code: marketops.TokenMissing, says: "clock"},
		"another installation":  {change: func(o *Options) { o.InstallationID++ }, code: marketops.TokenMissing, says: "(404)"},
		"not covered":           {repository: func(s *stage) int64 { return s.outside }, code: marketops.TokenMissing, says: "does not cover"},
		"not granted":           {granted: map[string]string{"contents": "read"}, code: marketops.TokenMissing, says: "(422)"},
		"suspended":             {fault: "status-before status=403", code: marketops.TokenMissing, says: "suspended"},
		"too often":             {fault: "secondary-limit retry-after=1m", code: marketops.GitHubRateLimited, says: "too many"},
		"out of order":          {fault: "status-before status=502", code: marketops.GitHubUnreachable, says: "no answer"},
		"a reset":               {fault: "reset-after", code: marketops.GitHubUnreachable, says: "no answer"},
		"a web page":            {fault: "html", code: marketops.TokenMissing, says: "cannot be used"},
		"half an answer":        {fault: "truncated", code: marketops.GitHubUnreachable, says: "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.granted == nil {
				c.granted = everything
			}
			s := newStage(t, 0, c.granted)
			if c.fault != "" {
				f, err := githubtest.ParseFault("POST /app/** " + c.fault)
				if err != nil {
					t.Fatal(err)
				}
				s.srv.Inject(f)
			}
			o, repository := s.options(), s.widgets
			if c.change != nil {
				c.change(&o)
			}
			if c.repository != nil {
				repository = c.repository(s)
			}
			a, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			secret, err := a.Token(t.Context(), repository, ContentsWrite)
			if marketops.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || !secret.IsZero() {
				t.Errorf("got %v, want %s: %s", err, c.code, c.says)
			}
			if s.mints() != 1 {
				t.Errorf("asked %d times", s.mints())
			}
			s.lawful()
		})
	}
}

func otherKey(t *testing.T) string {
	key, err := rsa.GenerateKey(rand.Reader, minBits)
	if err != nil {
		t.Fatal(err)
	}
	return keyPEM(t, key, "PRIVATE KEY")
}

func TestRepeatsWhatGotNoAnswer(t *testing.T) {
	s := newStage(t, 0, everything)
	for _, line := range []string{"POST /app/** status-before", "POST /app/** reset-after"} {
		f, _ := githubtest.ParseFault(line)
		s.srv.Inject(f)
	}
	o := s.options()
	o.Pauses = []time.Duration{1, 1}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.get(a, s.widgets, ContentsWrite)
	if s.mints() != 3 {
		t.Errorf("asked %d times", s.mints())
	}
	o.AppID++
	if a, err = New(o); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Token(t.Context(), s.widgets, ContentsWrite); err == nil || s.mints() != 4 {
		t.Errorf("a refusal was repeated: %v, %d", err, s.mints())
	}
	s.lawful()
}

func TestInterrupted(t *testing.T) {
	s := newStage(t, 0, everything)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := s.options()
	o.Pauses = []time.Duration{time.Hour}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Token(ctx, s.widgets, ContentsWrite); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// liar answers every request for a token with one text.
func liar(t *testing.T, status int, header http.Header, body string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestNotNarrowedIsRefused(t *testing.T) {
	s := newStage(t, 0, everything)
	const good = `{"token":"ghs_x","expires_at":"2026-03-04T13:00:00Z","permissions":{"contents":"write","metadata":"read"},"repositories":[{"id":7}]}`
	for name, c := range map[string]struct{ body, says string }{
		"control":               {good, ""},
		"all repositories":      {strings.Replace(good, `"repositories":[{"id":7}]`, `"repository_selection":"all"`, 1), "not narrowed"},
		"another repository":    {strings.Replace(good, `{"id":7}`, `{"id":8}`, 1), "not narrowed"},
		"one more repository":   {strings.Replace(good, `{"id":7}`, `{"id":7},{"id":8}`, 1), "not narrowed"},
		"one more permission":   {strings.Replace(good, `"metadata":"read"`, `"metadata":"read","administration":"write"`, 1), "not narrowed"},
		"more about metadata":   {strings.Replace(good, `"metadata":"read"`, `"metadata":"write"`, 1), "not narrowed"},
		"less than was asked":   {strings.Replace(good, `"contents":"write"`, `"contents":"read"`, 1), "not narrowed"},
		"a member twice":        {strings.Replace(good, `"permissions":{`, `"permissions":{"administration":"write"},"permissions":{`, 1), "cannot be used"},
		"no token":              {strings.Replace(good, "ghs_x", "", 1), "cannot be used"},
		"no end":                {strings.Replace(good, "2026-03-04T13:00:00Z", "0001-01-01T00:00:00Z", 1), "ends too soon"},
		"a time that is none":   {strings.Replace(good, "2026-03-04T13:00:00Z", "tomorrow", 1), "cannot be used"},
		"no JSON":               {"null", "cannot be used"},
		"longer than any token": {`{"token":"` + strings.Repeat("x", maxAnswer) + `"}`, "no answer"},
	} {
		o := s.options()
		o.API = liar(t, http.StatusCreated, nil, c.body)
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := a.Token(t.Context(), 7, ContentsWrite)
		if c.says == "" {
			if err != nil || secret.Reveal() != "ghs_x" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || !secret.IsZero() {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

func TestFollowsNothing(t *testing.T) {
	s := newStage(t, 0, everything)
	for _, status := range []int{301, 302, 303, 307, 308} {
		o := s.options()
		o.API = liar(t, status, http.Header{"Location": {s.srv.API() + "app/installations/678/access_tokens"}}, "")
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Token(t.Context(), s.widgets, ContentsWrite); marketops.CodeOf(err) != marketops.RedirectRefused {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := len(s.srv.Requests()); n != 0 {
		t.Errorf("%d requests followed", n)
	}
}

func TestIgnoresProxies(t *testing.T) {
	asked := false
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	s := newStage(t, 0, everything)
	a := s.app()
	if a.transport.Proxy != nil { // net/http never sends loopback addresses to a proxy, so that asking is not enough
		t.Error("there is a proxy")
	}
	s.get(a, s.widgets, ContentsWrite)
	if asked {
		t.Error("the proxy was asked")
	}
}

func TestOptions(t *testing.T) {
	s := newStage(t, 0, everything)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := s.pem
	for name, change := range map[string]func(*Options){
		"no App":          func(o *Options) { o.AppID = 0 },
		"no installation": func(o *Options) { o.InstallationID = -1 },
		"no clock":        func(o *Options) { o.Now = nil },
		"no user agent":   func(o *Options) { o.UserAgent = "" },
		"no key":          func(o *Options) { o.Key = marketops.Secret{} },
		"no PEM":          func(o *Options) { o.Key = marketops.NewSecret("ghp_0123456789abcdef") },
		"two keys":        func(o *Options) { o.Key = marketops.NewSecret(good + good) },
		"half a key":      func(o *Options) { o.Key = marketops.NewSecret(strings.Replace(good, "\nMII", "\nAAA", 1)) },
		"a certificate": func(o *Options) {
			o.Key = marketops.NewSecret(strings.ReplaceAll(good, "RSA PRIVATE KEY", "CERTIFICATE"))
		},
		"a short key":           func(o *Options) { o.Key = marketops.NewSecret(keyPEM(t, short, "RSA PRIVATE KEY")) },
		"a curve":               func(o *Options) { o.Key = marketops.NewSecret(keyPEM(t, curve, "PRIVATE KEY")) },
		"http to elsewhere":     func(o *Options) { o.API = "http://ghe.example.com/api/v3/" },
		"http to almost here":   func(o *Options) { o.API = "http://127.0.0.1.example.com/" },
		"a password":            func(o *Options) { o.API = "https://u:hunter22@ghe.example.com/" },
		"a query":               func(o *Options) { o.API = "https://ghe.example.com/?a=hunter22" },
		"nothing of an address": func(o *Options) { o.API = "" },
	} {
		o := s.options()
		change(&o)
		a, err := New(o)
		if err == nil || a != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, secret := range []string{"hunter22", "ghp_0123456789abcdef", strings.Split(good, "\n")[2]} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error quotes a secret: %v", name, err)
			}
		}
	}
	for _, api := range []string{"https://api.github.com/", "https://ghe.example.com/api/v3", s.srv.API(), "http://[::1]:1/"} {
		o := s.options()
		if o.API = api; api == "" {
			continue
		}
		if _, err := New(o); err != nil {
			t.Errorf("control %s: %v", api, err)
		}
	}
}

// Whatever a server that repeats everything says, neither key nor JWT nor token is in an error or
// in what printing the App shows.
func TestCanary(t *testing.T) {
	s := newStage(t, 0, everything)
	lines := strings.Split(strings.TrimSpace(s.pem), "\n")
	var jwt string
	echo := func(status int, broken bool) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			jwt = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			all := jwt + " ghs_canary " + s.pem
			if broken {
				conn, _, _ := w.(http.Hijacker).Hijack()
				fmt.Fprintf(conn, "HTTP/9.9 %s\r\n\r\n", all)
				conn.(*net.TCPConn).CloseWrite()
				conn.Close()
				return
			}
			w.Header().Set("Location", "http://127.0.0.1:1/?token="+jwt+"ghs_canary")
			w.Header().Set("X-Echo", strings.ReplaceAll(all, "\n", " "))
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"token":"ghs_canary","message":%q,"expires_at":"2026-03-04T13:00:00Z"}`, all)
		}))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	for _, status := range []int{201, 200, 302, 400, 401, 403, 404, 422, 429, 500, 0} {
		o := s.options()
		o.API = echo(status, status == 0)
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Token(t.Context(), s.widgets, ContentsWrite)
		if err == nil || jwt == "" {
			t.Fatalf("%d: %v", status, err)
		}
		signature := jwt[strings.LastIndex(jwt, ".")+1:]
		for text := err; text != nil; text = errors.Unwrap(text) {
			shown := fmt.Sprintf("%v %+v %#v", text, text, text)
			for _, secret := range append([]string{jwt, signature, "ghs_canary"}, lines[1:]...) {
				if strings.Contains(shown, secret) {
					t.Errorf("%d: %q is in %s", status, secret, shown)
				}
			}
		}
	}
	a := s.app()
	secret := s.get(a, s.widgets, ContentsWrite)
	for _, shown := range []string{fmt.Sprintf("%v", a), fmt.Sprintf("%+v", a), fmt.Sprintf("%#v", a)} {
		if strings.Contains(shown, secret) || strings.Contains(shown, lines[1]) || strings.Contains(shown, a.signer.key.D.String()) {
			t.Errorf("printing shows a secret: %s", shown)
		}
	}
}
