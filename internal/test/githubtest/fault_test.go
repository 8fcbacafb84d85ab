package githubtest_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/githubtest"
)

// outcome is how a client sees one faulted request, in one word.
func outcome(r reply, err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "cut short"
	case err != nil:
		return "reset"
	case strings.HasPrefix(r.header.Get("Content-Type"), "text/html"):
		return fmt.Sprint(r.status, " html")
	case len(r.raw) == 0:
		return fmt.Sprint(r.status, " empty")
	}
	return fmt.Sprint(r.status)
}

// TestFaultMatrix strikes every visible effect with every action: each either happened or
// did not, whatever the answer said, and the next request is answered honestly.
func TestFaultMatrix(t *testing.T) {
	faults := []faultCase{
		{"reset-before", "reset", false},
		{"status-before", "503", false},
		{"status-before status=500", "500", false},
		{"redirect location=http://127.0.0.1:9/", "302", false},
		{"redirect location=http://127.0.0.1:9/ status=307", "307", false},
		{"redirect location=http://127.0.0.1:9/ status=301", "301", false},
		{"primary-limit", "403", false},
		{"primary-limit status=429", "429", false},
		{"secondary-limit retry-after=7s", "403", false},
		{"secondary-limit status=429", "429", false},
		{"reset-after", "reset", true},
		{"status-after", "502", true},
		{"html", "%s html", true},
		{"empty", "%s empty", true},
		{"truncated", "cut short", true},
		{"wrong-sha", "", true},
		{"lying-digest", "", true},
		{"null-digest", "", true},
		{"delay wait=1ms", "", true},
		{"delay-after wait=1ms", "", true},
		{"stale", "", true}, // only reads can be stale
	}
	type pair struct {
		visible
		faultCase
	}
	var pairs []pair
	for _, effect := range effects() {
		for _, f := range faults {
			pairs = append(pairs, pair{effect, f})
		}
	}
	for _, p := range exhaustive.Sample(t, 24, pairs) {
		t.Run(p.name+"/"+p.line, func(t *testing.T) {
			t.Parallel()
			checkFault(newStage(t), p.visible, p.faultCase)
		})
	}
}

// faultCase is one action and what it must look like.
type faultCase struct {
	line    string
	sees    string // "" is the honest status
	happens bool
}

func checkFault(s *stage, effect visible, f faultCase) {
	r := effect.prepare(s)
	before := len(s.srv.Effects())
	s.arm(r.method + " " + r.pattern + " " + strings.Replace(f.line, " ", " 1 ", 1))
	got := outcome(s.try(pushSecret, r.method, r.address, r.body))
	want := f.sees
	if want == "" {
		want = effect.status
	}
	if want = strings.Replace(want, "%s", effect.status, 1); got != want {
		s.Errorf("the client sees %s, want %s", got, want)
	}
	if happened := len(s.srv.Effects()) > before; happened != f.happens || effect.exists(s) != f.happens {
		s.Errorf("journal says happened: %v, world says %v, want %v", happened, effect.exists(s), f.happens)
	}
	log := s.srv.Mutations()
	if last := log[len(log)-1]; last.Effect != f.happens || last.Fault != strings.Fields(f.line)[0] {
		s.Errorf("journal line %v", last)
	}
	if next := s.ask(pushSecret, "GET", repoPath, nil); next.status != 200 {
		s.Errorf("the next request: %d", next.status)
	}
	s.lawful()
}

// write is one request with a visible effect.
type write struct {
	method, pattern, address string
	body                     any
}

type visible struct {
	name, status string
	prepare      func(*stage) write
	exists       func(*stage) bool
}

func effects() []visible {
	return []visible{
		{"tag", "201", func(s *stage) write {
			return write{"POST", "/repos/*/*/git/refs", repoPath + "/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.tip}}
		}, func(s *stage) bool { return s.repo.Ref("refs/tags/v1") != "" }},
		{"draft", "201", func(s *stage) write {
			return write{"POST", "/repos/*/*/releases", repoPath + "/releases", map[string]any{"tag_name": "v1", "draft": true}}
		}, func(s *stage) bool { return s.count("/releases", `"tag_name":"v1"`) == 1 }},
		{"upload", "201", func(s *stage) write {
			return write{"POST", "/repos/*/*/releases/*/assets", s.assetURL(s.draft("v1"), "a.bin"), []byte("bytes")}
		}, func(s *stage) bool { return s.count("/releases", `"name":"a.bin"`) == 1 }},
		{"publish", "200", func(s *stage) write {
			id := s.draft("v1")
			return write{"PATCH", "/repos/*/*/releases/*", s.releasePath(id), map[string]any{"draft": false}}
		}, func(s *stage) bool { return s.count("/releases", `"draft":false`) == 1 }},
		{"pull", "201", func(s *stage) write {
			s.commit("topic", "third", "a", "a")
			return write{"POST", "/repos/*/*/pulls", repoPath + "/pulls", map[string]any{"title": "t", "head": "topic", "base": "main"}}
		}, func(s *stage) bool { return s.count("/pulls", `"number":1`) == 1 }},
	}
}

func (s *stage) count(path, text string) int {
	s.Helper()
	return strings.Count(string(s.ask(pushSecret, "GET", repoPath+path, nil).raw), text)
}

func (s *stage) arm(line string) {
	s.Helper()
	f, err := githubtest.ParseFault(line)
	if err != nil {
		s.Fatal(err)
	}
	s.srv.Inject(f)
}

func TestFaultAnswers(t *testing.T) {
	s := newStage(t)
	s.arm("GET /repos/*/* redirect location=http://127.0.0.1:9/x status=301")
	if got := s.ask(pushSecret, "GET", repoPath, nil); got.status != 301 || got.header.Get("Location") != "http://127.0.0.1:9/x" {
		t.Errorf("redirect: %d %s", got.status, got.header.Get("Location"))
	}
	s.arm("GET /repos/*/* primary-limit status=429 retry-after=90s")
	got := s.ask(pushSecret, "GET", repoPath, nil)
	if got.status != 429 || got.header.Get("X-RateLimit-Remaining") != "0" || got.header.Get("Retry-After") != "" {
		t.Errorf("primary: %d %v", got.status, got.header)
	}
	s.arm("GET /repos/*/* secondary-limit retry-after=7s")
	got = s.ask(pushSecret, "GET", repoPath, nil)
	if got.status != 403 || got.header.Get("Retry-After") != "7" || got.header.Get("X-RateLimit-Remaining") == "0" {
		t.Errorf("secondary: %d %v", got.status, got.header)
	}
	s.arm("GET /repos/*/* secondary-limit")
	if got = s.ask(pushSecret, "GET", repoPath, nil); got.header.Get("Retry-After") != "" {
		t.Errorf("secondary without Retry-After has %q", got.header.Get("Retry-After"))
	}
	s.arm("GET /repos/*/* status-before status=422 message=Repository rule violations found")
	if got = s.ask(pushSecret, "GET", repoPath, nil); got.status != 422 || got.json["message"] != "Repository rule violations found" {
		t.Errorf("message: %d %s", got.status, got.raw)
	}
	id := s.draft("v1")
	for action, want := range map[string]any{
		"lying-digest": "sha256:" + turned(sha256hex("x")), "null-digest": nil,
	} {
		s.arm("POST /repos/*/*/releases/*/assets " + action)
		if got := s.upload(id, action, "x"); got.status != 201 || got.json["digest"] != want {
			t.Errorf("%s: %d %v", action, got.status, got.json["digest"])
		}
	}
	s.arm("POST /repos/*/*/git/refs wrong-sha")
	made := s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.tip})
	if at := made.json["object"].(map[string]any)["sha"]; at != turned(s.tip) || s.repo.Ref("refs/tags/v1") != s.tip {
		t.Errorf("answered %v, made %s", at, s.repo.Ref("refs/tags/v1"))
	}
	s.lawful()
}

// TestClientKnowsTheLimits: go-github tells the two limits apart by their words and headers.
func TestClientKnowsTheLimits(t *testing.T) {
	s := newStage(t)
	s.arm("GET /repos/*/* secondary-limit retry-after=7s")
	var abuse *github.AbuseRateLimitError
	if _, _, err := s.client(pushSecret).Repositories.Get(t.Context(), "octo-org", "widgets"); !errors.As(err, &abuse) || abuse.GetRetryAfter() != 7*time.Second {
		t.Errorf("secondary: %v", err)
	}
	s.arm("GET /repos/*/* primary-limit")
	var limit *github.RateLimitError
	if _, _, err := s.client(pushSecret).Repositories.Get(t.Context(), "octo-org", "widgets"); !errors.As(err, &limit) {
		t.Errorf("primary: %v", err)
	}
	s.lawful()
}

// turned is a text with another last digit.
func turned(s string) string {
	if strings.HasSuffix(s, "0") {
		return s[:len(s)-1] + "1"
	}
	return s[:len(s)-1] + "0"
}

func TestStaleRead(t *testing.T) {
	s := newStage(t)
	s.draft("v1")
	if err := s.repo.SetRef("refs/tags/v1", s.tip); err != nil {
		t.Fatal(err)
	}
	matching := repoPath + "/git/matching-refs/tags/v1"
	s.arm("GET /repos/*/*/git/** stale")
	if got := s.ask(pushSecret, "GET", matching, nil); strings.TrimSpace(string(got.raw)) != "[]" {
		t.Errorf("a stale read sees the ref: %s", got.raw)
	}
	if got := s.ask(pushSecret, "GET", matching, nil); !strings.Contains(string(got.raw), s.tip) {
		t.Errorf("control: %s", got.raw)
	}
	s.draft("v2")
	s.arm("GET /repos/*/*/releases stale")
	if got := s.count("/releases", `"tag_name"`); got != 1 {
		t.Errorf("a stale list has %d releases", got)
	}
	if got := s.count("/releases", `"tag_name"`); got != 2 {
		t.Errorf("control: %d", got)
	}
	s.lawful()
}

func TestAssetLeftOpen(t *testing.T) {
	s := newStage(t)
	id := s.draft("v1")
	s.arm("POST /repos/*/*/releases/*/assets asset-open")
	if got := s.upload(id, "a.bin", "bytes"); got.status != 502 {
		t.Fatalf("%d", got.status)
	}
	asset := s.ask(pushSecret, "GET", s.releasePath(id), nil).json["assets"].([]any)[0].(map[string]any)
	if asset["state"] != "open" || asset["digest"] != nil {
		t.Errorf("left behind: %v", asset)
	}
	if got := s.upload(id, "a.bin", "bytes"); got.status != 422 {
		t.Errorf("the name is free: %d", got.status)
	}
	s.ask(pushSecret, "DELETE", fmt.Sprintf("%s/releases/assets/%.0f", repoPath, asset["id"]), nil)
	if got := s.upload(id, "a.bin", "bytes"); got.status != 201 {
		t.Errorf("after deletion: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestFaultCounts(t *testing.T) {
	s := newStage(t)
	s.arm("GET /repos/*/widgets status-before 2 skip=1 status=500")
	s.arm("GET /repos/*/widgets status-before status=503")
	var seen []int
	for range 5 {
		seen = append(seen, s.ask(pushSecret, "GET", repoPath, nil).status)
	}
	if got := fmt.Sprint(seen); got != "[503 500 500 200 200]" {
		t.Errorf("saw %s", got) // the first passes the first fault's skip, and the second fault strikes it
	}
	s.arm("DELETE /** reset-before")
	if got := s.srv.PendingFaults(); len(got) != 1 {
		t.Errorf("pending %v", got)
	}
	s.srv.ClearFaults()
	s.lawful()
}

func TestFaultsMatchTheirRequestOnly(t *testing.T) {
	s := newStage(t)
	for _, line := range []string{
		"POST /repos/*/* status-before", "GET /repos/*/other status-before", "GET /repos/* status-before",
		"GET /repos/*/*/releases status-before", "GET /repos/*/* status-before host=uploads",
	} {
		s.arm(line)
		if got := s.ask(pushSecret, "GET", repoPath, nil); got.status != 200 {
			t.Errorf("%s struck GET %s", line, repoPath)
		}
		s.srv.ClearFaults()
	}
	for _, line := range []string{"* /** status-before", "GET /repos/** status-before", "GET /repos/*/* status-before host=api"} {
		s.arm(line)
		if got := s.ask(pushSecret, "GET", repoPath, nil); got.status != 503 {
			t.Errorf("%s did not strike", line)
		}
	}
	s.lawful()
}

func TestParseFault(t *testing.T) {
	f, err := githubtest.ParseFault("POST /repos/*/*/git/refs secondary-limit 3 skip=2 status=429 retry-after=1m wait=2s host=api location=http://x/ message=so it goes")
	want := githubtest.Fault{
		Method: "POST", Path: "/repos/*/*/git/refs", Host: "api", Skip: 2, Times: 3, Action: githubtest.SecondaryLimit,
		Status: 429, RetryAfter: time.Minute, Wait: 2 * time.Second, Location: "http://x/", Message: "so it goes",
	}
	if err != nil || f != want {
		t.Errorf("%+v, %v", f, err)
	}
	for _, bad := range []string{
		"", "POST /x", "POST x reset-after", "POST /x explode", "POST /x reset-after 0", "POST /x reset-after often",
		"POST /x reset-after when=now", "POST /x redirect", "POST /x reset-after host=store", "POST /x status-after status=77",
	} {
		if _, err := githubtest.ParseFault(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("POST /repos/*/*/git/refs reset-after 1 skip=2")
	f.Add("GET /** delay wait=1s")
	f.Add("* / redirect location=http://127.0.0.1/")
	f.Fuzz(func(t *testing.T, line string) {
		if got, err := githubtest.ParseFault(line); err == nil && (got.Times < 1 || got.Path[0] != '/') {
			t.Errorf("%q became %+v", line, got)
		}
	})
}

func TestInjectRefusesWhatCannotStrike(t *testing.T) {
	s := newStage(t)
	defer func() {
		if recover() == nil {
			t.Error("an unknown action was accepted")
		}
	}()
	s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/**", Action: "explode"})
}
