package githubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/githubtest"
)

func TestLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "localhost:0", "nonsense"} {
		for _, listen := range []githubtest.Listen{{API: address}, {Uploads: address}, {Store: address}} {
			if srv, err := githubtest.Start(githubtest.Options{Dir: t.TempDir(), Listen: listen}); err == nil {
				srv.Close()
				t.Errorf("listened on %+v", listen)
			}
		}
	}
	srv, err := githubtest.Start(githubtest.Options{Dir: t.TempDir(), Listen: githubtest.Listen{API: "127.0.0.1:0"}})
	if err != nil {
		t.Fatalf("control: %v", err)
	}
	srv.Close()
}

func TestStartRefuses(t *testing.T) {
	for name, o := range map[string]githubtest.Options{
		"the zero value":       {},
		"a missing directory":  {Dir: "/nonexistent/dir"},
		"a token of no secret": {Dir: t.TempDir(), Tokens: []githubtest.Token{{Login: "x"}}},
		"a token of nobody":    {Dir: t.TempDir(), Tokens: []githubtest.Token{{Secret: "long enough"}}},
	} {
		if srv, err := githubtest.Start(o); err == nil {
			srv.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestCreateRepoRefuses(t *testing.T) {
	s := newStage(t)
	for _, spec := range []githubtest.RepoSpec{
		{}, {Owner: "o", Name: "../../etc"}, {Owner: "-o", Name: "r"}, {Owner: "octo-org", Name: "Widgets"},
		{Owner: "octo-org", Name: "other", ID: s.repo.ID()},
	} {
		if _, err := s.srv.CreateRepo(spec); err == nil {
			t.Errorf("%+v was accepted", spec)
		}
	}
}

func TestRename(t *testing.T) {
	s := newStage(t)
	if err := s.repo.Rename("octo-org", "gears"); err != nil {
		t.Fatal(err)
	}
	got := s.ask(pushSecret, "GET", repoPath+"?a=b", nil)
	where := got.header.Get("Location")
	if got.status != 301 || where != fmt.Sprintf("%srepositories/%d?a=b", s.srv.API(), s.repo.ID()) {
		t.Fatalf("%d to %s", got.status, where)
	}
	if moved := s.ask(pushSecret, "GET", where, nil); moved.status != 200 || moved.json["full_name"] != "octo-org/gears" {
		t.Errorf("%d %v", moved.status, moved.json["full_name"])
	}
	body := map[string]any{"ref": "refs/tags/v1", "sha": s.tip}
	got = s.ask(pushSecret, "POST", repoPath+"/git/refs", body)
	if got.status != 307 || s.repo.Ref("refs/tags/v1") != "" {
		t.Errorf("a write to the old name: %d", got.status)
	}
	if made := s.ask(pushSecret, "POST", got.header.Get("Location"), body); made.status != 201 {
		t.Errorf("a write that follows: %d %s", made.status, made.raw)
	}
	s.lawful()
}

func TestStandardHeaders(t *testing.T) {
	s := newStage(t)
	a, b := s.ask(pushSecret, "GET", repoPath, nil), s.ask(pushSecret, "GET", "/nothing", nil)
	for _, r := range []reply{a, b} {
		for _, name := range []string{
			"X-GitHub-Request-Id", "Date", "X-GitHub-Api-Version-Selected",
			"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Used", "X-RateLimit-Resource",
		} {
			if r.header.Get(name) == "" {
				t.Errorf("no %s on %d", name, r.status)
			}
		}
	}
	if a.header.Get("X-GitHub-Request-Id") == b.header.Get("X-GitHub-Request-Id") {
		t.Error("two requests have one id")
	}
}

func TestAutomaticLimit(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	s := newStageWith(t, githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}, githubtest.Options{PrimaryLimit: 2, Now: clock})
	for range 2 {
		if got := s.ask(pushSecret, "GET", repoPath, nil); got.status != 200 {
			t.Fatalf("within the limit: %d", got.status)
		}
	}
	got := s.ask(pushSecret, "POST", repoPath+"/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": s.tip})
	if got.status != 403 || got.header.Get("X-RateLimit-Remaining") != "0" || s.repo.Ref("refs/tags/v1") != "" ||
		got.header.Get("X-RateLimit-Reset") != fmt.Sprint(now.Add(time.Hour).Unix()) {
		t.Errorf("beyond it: %d %v", got.status, got.header)
	}
	rate := s.ask(pushSecret, "GET", "/rate_limit", nil)
	if rate.status != 200 || rate.json["rate"].(map[string]any)["remaining"] != 0.0 {
		t.Errorf("rate_limit: %d %s", rate.status, rate.raw)
	}
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	if got := s.ask(pushSecret, "GET", repoPath, nil); got.status != 200 {
		t.Errorf("an hour later: %d", got.status)
	}
	s.lawful()
}

// TestRace: of many who create one ref, one wins.
func TestRace(t *testing.T) {
	s := newStage(t)
	statuses := make(chan int, 16)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() {
			req, _ := http.NewRequest("POST", s.srv.API()+repoPath[1:]+"/git/refs", strings.NewReader(`{"ref":"refs/tags/v1","sha":"`+s.tip+`"}`))
			req.Header.Set("Authorization", "token "+pushSecret)
			got, err := read(req)
			if err != nil {
				got.status = -1
			}
			statuses <- got.status
		})
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	if count[201] != 1 || count[422] != cap(statuses)-1 || len(s.srv.Effects()) != 1 {
		t.Errorf("statuses %v, %d effects", count, len(s.srv.Effects()))
	}
	s.lawful()
}

func TestTooBig(t *testing.T) {
	s := newStage(t)
	got := s.ask(pushSecret, "POST", repoPath+"/git/blobs", []byte(strings.Repeat("x", 40<<20+1)))
	if got.status != 413 || len(s.srv.Effects()) != 0 {
		t.Errorf("%d", got.status)
	}
	s.lawful()
}

// TestCloseEndsDelays: a server that is told to stop does not wait for its own faults.
func TestCloseEndsDelays(t *testing.T) {
	s := newStage(t)
	s.arm("GET /repos/*/* delay wait=1h")
	ended := make(chan error)
	go func() {
		_, err := s.try(pushSecret, "GET", repoPath, nil)
		ended <- err
	}()
	for len(s.srv.PendingFaults()) > 0 {
		time.Sleep(time.Millisecond) // the fault is taken by another goroutine, which tells nobody
	}
	if err := s.srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the delayed request was answered")
	}
}
