package github

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// TestMissingDigest: without digests the bytes are fetched, and the credential stays here.
func TestMissingDigest(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	s.srv.Inject(githubtest.Fault{Path: "/repos/*/*/releases/*/assets", Action: githubtest.NullDigest, Times: 1000})
	if _, err := s.apply(op); err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	fetched := 0
	for _, r := range s.srv.Requests() {
		if r.Host == githubtest.HostStore {
			fetched++
		}
	}
	if fetched != 2 {
		t.Errorf("%d fetched", fetched)
	}
	s.srv.ClearFaults()
	s.published(op)
	s.lawful()
}

// TestLyingDigest: a GitHub that claims other bytes never gets its release published.
func TestLyingDigest(t *testing.T) {
	s := newStage(t)
	s.srv.Inject(githubtest.Fault{Path: "/repos/*/*/releases/*/assets", Action: githubtest.LyingDigest, Times: 1000})
	ev, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.UploadDigestDiffers)
	if states(ev) != "tag=absent release=absent" || s.count(githubtest.ReleasePublished)+s.count(githubtest.RefCreated) != 0 || s.count(githubtest.AssetUploaded) != maxUploads {
		t.Errorf("%s, %s", states(ev), s.kinds())
	}
}

// TestWrongBytes: no digest, and the store has other bytes or sends us on.
func TestWrongBytes(t *testing.T) {
	other := http.NewServeMux()
	other.HandleFunc("/other", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("the bytes of b")) })
	other.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("a"), 1<<20)) })
	other.HandleFunc("/on", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) })
	var authorised []string
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	store := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			authorised = append(authorised, r.URL.Path)
		}
		other.ServeHTTP(w, r)
	})}
	go store.Serve(l)
	defer store.Close()
	base := "http://" + l.Addr().String()
	t.Run("cases", func(t *testing.T) {
		for location, code := range map[string]marketops.Code{
			base + "/other":                   marketops.UploadDigestDiffers,
			base + "/long":                    marketops.GitHubUnreachable,
			base + "/on":                      marketops.RedirectRefused,
			"http://objects.example.com/x":    marketops.HostMismatch,
			"ftp://127.0.0.1/x":               marketops.HostMismatch,
			"http://user:pw@127.0.0.1/object": marketops.HostMismatch,
			"":                                marketops.HostMismatch,
		} {
			t.Run(url.PathEscape(location), func(t *testing.T) {
				s := newStage(t)
				s.front(func(a *answer) {
					if a.StatusCode == http.StatusFound {
						a.Header.Set("Location", location)
					}
					if a.is("GET", "/assets") {
						a.body = strings.ReplaceAll(a.body, `"digest":"sha256:`, `"digest":null,"was":"`)
					}
				})
				s.srv.Inject(githubtest.Fault{Host: githubtest.HostUploads, Path: "/**", Action: githubtest.NullDigest, Times: 3})
				ev, err := s.apply(s.releaseOp())
				s.isFailure(err, code)
				if states(ev) != "tag=absent release=absent" || s.count(githubtest.ReleasePublished)+s.count(githubtest.RefCreated) != 0 {
					t.Errorf("%s %s", states(ev), s.kinds())
				}
			})
		}
	})
	if len(authorised) > 0 {
		t.Errorf("the credential was sent: %v", authorised)
	}
}

// TestUploadElsewhere: GitHub names another host for the files.
func TestUploadElsewhere(t *testing.T) {
	s := newStage(t)
	s.front(func(a *answer) {
		a.body = strings.ReplaceAll(a.body, `"upload_url":"`+s.srv.Uploads(), `"upload_url":"https://uploads.example.com/`)
	})
	ev, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.HostMismatch)
	if states(ev) != "tag=absent release=absent" || s.count(githubtest.RefCreated) != 0 || s.count(githubtest.AssetUploaded) != 0 {
		t.Errorf("%s %s", states(ev), s.kinds())
	}
}

// TestChangedFile: a file that changes while it is sent never arrives whole.
func TestChangedFile(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	s.files["b.txt"] = append(bytes.Repeat([]byte("b"), 99_999), 'c')
	ev, err := s.apply(op)
	s.isFailure(err, marketops.ContentMismatch)
	if states(ev) != "tag=absent release=absent" || s.count(githubtest.RefCreated) != 0 || s.count(githubtest.AssetUploaded) != 1 {
		t.Errorf("%s %s", states(ev), s.kinds())
	}
}

// TestMakeLatest: who is latest is recorded, and told where it is not as asked for; the release is
// there as planned, so that it is no failure.
func TestMakeLatest(t *testing.T) {
	older := func(s *stage) int64 {
		s.point("refs/tags/v1.0.0", s.commit)
		r := rel("v1.0.0", "older", "", false)
		r["make_latest"] = "true"
		return s.makes("POST", "releases", r).ID
	}
	t.Run("not ours", func(t *testing.T) {
		s := newStage(t)
		was := older(s)
		op := s.releaseOp()
		op.Release.MakeLatest = "false"
		ev, err := s.apply(op)
		if err != nil || id(ev, "latest_release_id") != fmt.Sprint(was) {
			t.Errorf("%v %v", err, ev.GitHub)
		}
		s.lawful()
	})
	t.Run("no other", func(t *testing.T) {
		s := newStage(t)
		op := s.releaseOp()
		op.Release.MakeLatest = "false"
		ev, err := s.apply(op)
		if err != nil || id(ev, "latest_release_id") != id(ev, "release_id") || !strings.Contains(ev.Note, "no other") {
			t.Errorf("%v %v %q", err, ev.GitHub, ev.Note)
		}
	})
	// Nothing was ever marked latest, so that GitHub shows the newest: first the other, then ours.
	t.Run("none marked", func(t *testing.T) {
		s := newStage(t)
		s.point("refs/tags/v1.0.0", s.commit)
		r := rel("v1.0.0", "older", "", false)
		r["make_latest"] = "false"
		was := s.makes("POST", "releases", r).ID
		op := s.releaseOp()
		op.Release.MakeLatest = "false"
		ev, err := s.apply(op)
		if err != nil || states(ev) != "tag=applied release=applied" || id(ev, "latest_release_id") != id(ev, "release_id") ||
			!strings.Contains(ev.Note, fmt.Sprint("showed release ", was, " before")) {
			t.Errorf("%v %s %v %q", err, states(ev), ev.GitHub, ev.Note)
		}
		s.lawful()
	})
	t.Run("not to be read", func(t *testing.T) {
		s := newStage(t)
		s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*/releases/latest", Action: githubtest.StatusBefore, Status: 403, Times: passes + 1})
		ev, err := s.apply(s.releaseOp())
		if err != nil || states(ev) != "tag=applied release=applied" || !strings.Contains(ev.Note, "cannot be read") {
			t.Errorf("%v %s %q", err, states(ev), ev.Note)
		}
		s.lawful()
	})
	for make, rename := range map[string]func(s *stage, old, ours int64) int64{
		"true":  func(_ *stage, old, _ int64) int64 { return old },
		"false": func(_ *stage, _, ours int64) int64 { return ours },
	} {
		t.Run("ignored "+make, func(t *testing.T) {
			s := newStage(t)
			old := older(s)
			s.front(func(a *answer) {
				ours, ok := s.diary.Recall(keyReleaseID)
				if a.is("GET", "/releases/latest") && ok && s.count(githubtest.ReleasePublished) == 2 {
					var n int64
					fmt.Sscan(ours, &n)
					a.body = fmt.Sprintf(`{"id":%d}`, rename(s, old, n))
				}
			})
			op := s.releaseOp()
			op.Release.MakeLatest = make
			ev, err := s.apply(op)
			if err != nil || states(ev) != "tag=applied release=applied" || !strings.Contains(ev.Note, "make_latest "+make) {
				t.Errorf("%v %s %q", err, states(ev), ev.Note)
			}
		})
	}
}

// TestCanary: a GitHub that repeats the credential everywhere does not get it into anything
// that we keep or show.
func TestCanary(t *testing.T) {
	forms := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte("x:" + secret))[4:20],
		strings.ToUpper(secret), hex.EncodeToString([]byte(secret)), secret[:9] + `\u000a` + secret[9:]}
	for _, format := range []string{`\u%04x`, "%%%02x", "&#%d;"} {
		var b strings.Builder
		for _, c := range []byte(secret) {
			fmt.Fprintf(&b, format, c)
		}
		forms = append(forms, b.String())
	}
	echo := strings.Join(slices.Replace(slices.Clone(forms), 3, 4, base64.URLEncoding.EncodeToString([]byte("x:"+secret))), " ")
	forms = append(forms, "canary")
	clean := func(s *stage, what string, v any) {
		s.Helper()
		text := fmt.Sprintf("%v %+v %s", v, v, must(json.Marshal(v)))
		for _, form := range forms {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				s.Errorf("the credential stands in %s: %.2000s", what, text)
			}
		}
	}
	spoilt := func(a *answer) {
		a.Header.Set("Etag", echo)
		a.Header.Set("X-Ratelimit-Resource", "Bearer "+secret)
		a.Header.Set("X-Github-Request-Id", secret)
		a.Header.Set("X-Oauth-Scopes", echo)
		a.body = strings.ReplaceAll(a.body, `"node_id":"`, `"node_id":"`+secret)
		a.body = strings.ReplaceAll(a.body, `/releases/tag/`, `/releases/`+url.QueryEscape(secret)+`/tag/`)
		a.body = regexp.MustCompile(`/pull/([0-9]+)"`).ReplaceAllString(a.body, "/pull/"+url.QueryEscape(secret)+`/$1"`)
		a.body = strings.ReplaceAll(a.body, `"message":"`+http.StatusText(a.StatusCode), `"message":"`+echo)
	}
	t.Run("success", func(t *testing.T) {
		s := newStage(t)
		s.front(spoilt)
		ev, err := s.apply(s.releaseOp())
		if err != nil {
			t.Fatal(err)
		}
		obs, err := s.port.Observe(context.Background(), s.releaseOp(), s.drafts)
		if err != nil || !strings.Contains(ev.URL, "redacted") {
			t.Fatalf("%v, the echo did not reach us: %s", err, ev.URL)
		}
		clean(s, "evidence", ev)
		clean(s, "answer", string(ev.Answer))
		clean(s, "observation", obs)
		clean(s, "journal", s.diary.calls)
		clean(s, "facts", s.diary.facts)
	})
	t.Run("pull request", func(t *testing.T) {
		s := newStage(t)
		s.front(spoilt)
		op := s.changeOp()
		ev, err := s.apply(op)
		if err != nil {
			t.Fatal(err)
		}
		obs, err := s.port.Observe(context.Background(), op, s.drafts)
		if err != nil || !strings.Contains(ev.URL, "redacted") {
			t.Fatalf("%v, the echo did not reach us: %s", err, ev.URL)
		}
		clean(s, "evidence", ev)
		clean(s, "answer", string(ev.Answer))
		clean(s, "observation", obs)
		clean(s, "journal", s.diary.calls)
		clean(s, "facts", s.diary.facts)
	})
	type refusal struct {
		name, method, path string
		status             int
		op                 func(*stage) marketops.Operation
	}
	var refusals []refusal
	for _, status := range []int{403, 422, 307, 500} {
		for _, m := range mutations {
			refusals = append(refusals, refusal{m.name, m.method, m.path, status, (*stage).releaseOp})
		}
	}
	for _, status := range []int{422, 307} {
		for _, m := range pullWrites {
			refusals = append(refusals, refusal{m.name, "POST", m.path, status, (*stage).changeOp})
		}
	}
	for _, r := range exhaustive.Sample(t, 10, refusals) {
		t.Run(fmt.Sprint(r.name, r.status), func(t *testing.T) {
			s := newStage(t)
			s.front(spoilt)
			f := githubtest.Fault{Method: r.method, Path: r.path, Action: githubtest.StatusBefore, Status: r.status, Times: 40}
			if r.status == 307 {
				f.Action, f.Location = githubtest.Redirect, "https://"+url.PathEscape(secret)+".example.com/"+secret+"?"+secret
			}
			s.srv.Inject(f)
			ev, err := s.apply(r.op(s))
			if err == nil {
				t.Fatal("nothing happened")
			}
			clean(s, "error", err.Error())
			clean(s, "evidence", ev)
			clean(s, "answer", string(ev.Answer))
			clean(s, "journal", s.diary.calls)
			clean(s, "waits", s.waits)
		})
	}
	t.Run("broken protocol", func(t *testing.T) {
		s := newStage(t)
		l := must(net.Listen("tcp", "127.0.0.1:0"))
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Read(make([]byte, 4096))
				fmt.Fprintf(c, "HTTP/1.1 %s nonsense\r\n\r\n", secret)
				c.Close()
			}
		}()
		s.fronted = l.Addr().String()
		s.port = s.newPort("http://"+s.fronted+"/", s.srv.Uploads())
		ev, err := s.apply(s.tagOp())
		s.isFailure(err, marketops.GitHubUnreachable)
		if !strings.Contains(err.Error(), wire.Redacted) {
			t.Errorf("the echo did not reach us: %v", err)
		}
		clean(s, "error", err.Error())
		clean(s, "evidence", ev)
		clean(s, "journal", s.diary.calls)
		clean(s, "waits", s.waits)
	})
}
