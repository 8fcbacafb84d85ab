package github

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
)

// TestBearer: the credential goes to the two origins and nowhere else, not even asked for.
func TestBearer(t *testing.T) {
	asked := 0
	var last string
	b := &bearer{
		base: round(func(r *http.Request) (*http.Response, error) {
			last = r.Header.Get("Authorization")
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		}),
		origins: []string{"https://api.github.com:443", "https://uploads.github.com:443"},
		token:   func(context.Context) (string, error) { asked++; return secret, nil },
		secrets: &redactor{},
	}
	for address, want := range map[string]bool{
		"https://api.github.com/x":                 true,
		"https://api.github.com:443/x":             true,
		"https://uploads.github.com/x":             true,
		"http://api.github.com/x":                  false,
		"https://api.github.com:8443/x":            false,
		"https://github.com/x":                     false,
		"https://api.github.com.example.com/x":     false,
		"https://example.com/api.github.com":       false,
		"https://xapi.github.com/":                 false,
		"https://objects.githubusercontent.com/x":  false,
		"https://api.github.com@evil.example.com/": false,
	} {
		asked, last = 0, ""
		req := must(http.NewRequest("GET", address, nil))
		if _, err := b.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		if got := last == "Bearer "+secret; got != want || (asked == 1) != want || req.Header.Get("Authorization") != "" {
			t.Errorf("%s: sent %t, asked %d", address, got, asked)
		}
	}
}

type round func(*http.Request) (*http.Response, error)

func (f round) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBadCredential(t *testing.T) {
	for _, token := range []func(context.Context) (string, error){
		func(context.Context) (string, error) { return "", nil },
		func(context.Context) (string, error) { return "a\nX-Other: b", nil },
		func(context.Context) (string, error) { return strings.Repeat("a", maxSecret+1), nil },
		func(context.Context) (string, error) { return "", errors.New("GITHUB_TOKEN is empty") },
	} {
		s := newStageSerial(t)
		o := s.options(s.srv.API(), s.srv.Uploads())
		o.Token = token
		s.port = must(New(o))
		ev, err := s.apply(s.tagOp())
		s.isFailure(err, marketops.TokenMissing)
		if states(ev) != "tag=absent" || len(s.srv.Requests()) != 0 {
			t.Errorf("%s %v", states(ev), s.srv.Requests())
		}
	}
}

// TestRenewal: a credential that ends in the midst of the work is replaced once for each request, on
// reads as on writes; GitHub's second 401 is a definite refusal.
func TestRenewal(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, times := range []int{1, 2} {
			s := newStageSerial(t)
			held := "gho_over_and_done_with"
			if method == "POST" {
				held = secret // reads go through; the fault strikes the first write
				s.srv.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/git/tags", Action: githubtest.StatusBefore, Status: 401, Times: times})
			} else if times == 2 {
				s.srv.Inject(githubtest.Fault{Method: "GET", Path: "/repos/*/*", Action: githubtest.StatusBefore, Status: 401, Times: 2})
			}
			s.port.options.Token = func(context.Context) (string, error) { return held, nil }
			s.port.options.Denied = func(was string) {
				if was != held {
					t.Errorf("told of %q", was)
				}
				s.denied++
				held = secret
			}
			s.port.connect()
			_, err := s.apply(s.tagOp())
			if s.denied != times || (err == nil) != (times == 1) {
				t.Errorf("%s: denied %d times, %v", method, s.denied, err)
			}
			if times == 2 {
				s.isFailure(err, marketops.GitHubDenied)
			}
		}
	}
}

func TestNew(t *testing.T) {
	s := newStage(t)
	good := s.options("https://ghe.example.com/api/v3", "https://ghe.example.com/api/uploads")
	good.Pacing, good.Pauses = Paced(&waiting{}), DefaultPauses()
	p, err := New(good)
	if err != nil || p.api.String() != "https://ghe.example.com/api/v3/" {
		t.Fatal(err)
	}
	if tr := newTransport(nil); tr.Proxy != nil || tr.TLSClientConfig.MinVersion < 0x0303 || !tr.DisableKeepAlives || tr.Protocols.HTTP2() || tr.Protocols.UnencryptedHTTP2() {
		t.Error("the transport would retry, use a proxy or old TLS")
	}
	for name, spoil := range map[string]func(*Options){
		"no token": func(o *Options) { o.Token = nil }, "no denied": func(o *Options) { o.Denied = nil }, "no clock": func(o *Options) { o.Now = nil },
		"no wait": func(o *Options) { o.Wait = nil }, "no pacing": func(o *Options) { o.Pacing = Pacing{} },
		"no book": func(o *Options) { o.Pacing.Book = nil }, "two pauses": func(o *Options) { o.Pauses = o.Pauses[:2] },
		"no agent": func(o *Options) { o.UserAgent = "" }, "http": func(o *Options) { o.API = "http://ghe.example.com/" },
		"http uploads": func(o *Options) { o.Uploads = "http://192.0.2.1/" }, "password": func(o *Options) { o.API = "https://u:geheim@ghe.example.com/" },
		"query": func(o *Options) { o.API += "?x=y" }, "no host": func(o *Options) { o.API = "https:///x" }, "none": func(o *Options) { o.API = "" },
		"no floor": func(o *Options) { o.Pacing.LimitFloor = 0 }, "file": func(o *Options) { o.Uploads = "file:///etc" },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHost(t *testing.T) {
	for _, c := range []struct {
		api, host string
		want      bool
	}{
		{"https://api.github.com/", "github.com", true}, {"https://api.github.com/", "api.github.com", true},
		{"https://api.github.com/", "ghe.example.com", false}, {"https://ghe.example.com/api/v3/", "ghe.example.com", true},
		{"https://ghe.example.com/api/v3/", "github.com", false}, {"http://127.0.0.1:8080/", "127.0.0.1:8080", true},
		{"http://127.0.0.1:8080/", "127.0.0.1", false},
	} {
		p := &Port{api: must(parseBase("API", c.api))}
		if got := p.hostMatches(marketops.Target{Host: c.host}); got != c.want {
			t.Errorf("%s %s: %t", c.api, c.host, got)
		}
	}
}

// waiting is a book that makes the port wait some times before it lets through, and notes who asked.
type waiting struct {
	times   int
	wait    time.Duration
	fail    error
	asked   []string
	limited time.Duration
}

func (w *waiting) answer(who string) (time.Duration, string, error) {
	w.asked = append(w.asked, who)
	if w.fail != nil {
		return 0, "", w.fail
	}
	if w.times--; w.times >= 0 {
		return w.wait, "the book says so", nil
	}
	return 0, "", nil
}

func (w *waiting) Write(context.Context, time.Time) (time.Duration, string, error) {
	return w.answer("write")
}
func (w *waiting) Ask(context.Context, time.Time) (time.Duration, string, error) {
	return w.answer("ask")
}
func (w *waiting) Rest(context.Context, time.Time) (time.Duration, string, error) {
	return w.answer("rest")
}
func (w *waiting) Limited(_ context.Context, now, until time.Time) error {
	w.limited = until.Sub(now)
	return w.fail
}

// TestBook: every request is booked, a wait is waited and asked about again, one that is too long stops
// the work with nothing sent, and a book that cannot be kept does too.
func TestBook(t *testing.T) {
	for name, c := range map[string]struct {
		book *waiting
		code marketops.Code // "" is success
	}{
		"free":     {&waiting{}, ""},
		"waits":    {&waiting{times: 3, wait: time.Millisecond}, ""},
		"too long": {&waiting{times: 1, wait: 10 * time.Minute}, marketops.GitHubRateLimited},
		"full":     {&waiting{fail: errFull}, marketops.DiskFull},
		"no token": {&waiting{fail: &marketops.Failure{Code: marketops.TokenMissing}}, marketops.TokenMissing},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.port.options.Pacing.Book = c.book
			_, err := s.apply(s.tagOp())
			if c.code != "" {
				s.isFailure(err, c.code)
				if len(s.srv.Requests()) != 0 {
					t.Errorf("sent: %s", s.log())
				}
				return
			}
			writes := strings.Count(strings.Join(c.book.asked, " "), "write")
			if err != nil || writes != len(s.srv.Mutations()) || len(c.book.asked) < len(s.srv.Requests()) {
				t.Errorf("%v, asked %q for\n%s", err, c.book.asked, s.log())
			}
		})
	}
}

// TestBookLearns: a limit is told to the book for as long as GitHub says, on reads as on writes, and
// also where it is too long to be waited for.
func TestBookLearns(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, after := range []time.Duration{time.Second, 3 * time.Hour} {
			s := newStageSerial(t)
			book := &waiting{}
			s.port.options.Pacing.Book = book
			s.srv.Inject(githubtest.Fault{Method: method, Path: "/repos/**", Action: githubtest.SecondaryLimit, RetryAfter: after})
			_, err := s.apply(s.tagOp())
			if book.limited != after || (err == nil) != (after == time.Second) {
				t.Errorf("%s: limited for %s, %v", method, book.limited, err)
			}
		}
	}
}

// TestReady: what can be foreseen is waited for, shown and interrupted before anything is claimed;
// it books nothing, and does not outwait the receipt.
func TestReady(t *testing.T) {
	s := newStage(t)
	ready := func(ctx context.Context, b *waiting, lasts time.Duration) error {
		s.port.options.Pacing.Book = b
		return s.port.Ready(ctx, lasts)
	}
	b := &waiting{times: 2, wait: time.Millisecond}
	if err := ready(context.Background(), b, time.Hour); err != nil || strings.Join(b.asked, " ") != "ask ask ask" {
		t.Errorf("%v after %q", err, b.asked)
	}
	s.isFailure(ready(context.Background(), &waiting{times: 1, wait: time.Hour}, 30*time.Minute), marketops.GitHubRateLimited)
	s.isFailure(ready(context.Background(), &waiting{fail: errFull}, time.Hour), marketops.DiskFull)
	ctx, cancel := context.WithCancel(context.Background())
	s.port.options.Wait = func(reason string, d time.Duration) {
		if reason != "the book says so" || d != 10*time.Minute {
			t.Errorf("%s %q", d, reason)
		}
		cancel()
	}
	if err := ready(ctx, &waiting{times: 1, wait: 10 * time.Minute}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestLimitWait: Retry-After, else the reset by GitHub's own clock, else the floor, doubling.
func TestLimitWait(t *testing.T) {
	r := &reader{port: &Port{options: Options{Now: time.Now, Pacing: Paced(&waiting{})}}}
	date := time.Unix(1_770_000_000, 0).UTC()
	head := func(pairs ...string) *exchange {
		x := &exchange{header: http.Header{"Date": {date.Format(http.TimeFormat)}}}
		for i := 0; i < len(pairs); i += 2 {
			x.header.Set(pairs[i], pairs[i+1])
		}
		return x
	}
	for _, c := range []struct {
		x    *exchange
		n    int
		want time.Duration
	}{
		{head("Retry-After", "7", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1770001000"), 0, 7 * time.Second},
		{head("Retry-After", "0"), 0, time.Second},
		{head("Retry-After", "-5"), 0, time.Minute},
		{head("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1770000100"), 0, 101 * time.Second},
		{head("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1"), 0, time.Second},
		{head("X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", "1770003600"), 0, time.Minute},
		{head(), 0, time.Minute}, {head(), 1, 2 * time.Minute}, {head(), 4, 16 * time.Minute},
	} {
		if got := r.limitWait(c.x, c.n); got != c.want {
			t.Errorf("%v, %d: %v, want %v", c.x.header, c.n, got, c.want)
		}
	}
}

// TestClass is the table of outcome classes.
func TestClass(t *testing.T) {
	reply := func(status int, pairs ...string) *exchange {
		x := &exchange{status: status, header: http.Header{"X-Github-Request-Id": {"C0DE"}}}
		x.reached.Store(true)
		for i := 0; i < len(pairs); i += 2 {
			x.header.Set(pairs[i], pairs[i+1])
		}
		return x
	}
	for status, want := range map[int]class{
		200: answered, 201: answered, 202: answered, 204: answered, 301: redirected, 302: redirected, 307: redirected, 308: redirected,
		400: refused, 401: unauthorised, 403: refused, 404: refused, 409: refused, 410: refused, 413: refused, 415: refused, 422: refused,
		429: limited, 408: ambiguous, 500: ambiguous, 502: ambiguous, 503: ambiguous, 504: ambiguous,
		402: ambiguous, 405: ambiguous, 418: ambiguous, 451: ambiguous, 100: ambiguous, 0: ambiguous,
	} {
		if got := reply(status).class(); got != want {
			t.Errorf("%d: %d, want %d", status, got, want)
		}
		fake := reply(status)
		fake.header.Del("X-GitHub-Request-Id")
		if got := fake.class(); got != ambiguous {
			t.Errorf("%d without a request id: %d", status, got)
		}
	}
	secondary := reply(403)
	secondary.body = []byte(`{"message":"You have exceeded a secondary rate limit."}`)
	for _, x := range []*exchange{secondary, reply(403, "Retry-After", "1"), reply(403, "X-RateLimit-Remaining", "0")} {
		if x.class() != limited {
			t.Errorf("%v: %d", x.header, x.class())
		}
	}
	if got := new(exchange).class(); got != unsent {
		t.Errorf("the zero exchange is %d", got)
	}
	broken := reply(201)
	broken.err = io.ErrUnexpectedEOF
	if broken.class() != ambiguous {
		t.Error("half an answer counts")
	}
}

// TestNoLocalRefusal: after a limit go-github would refuse by itself for an hour, and our own
// wait would be over long before.
func TestNoLocalRefusal(t *testing.T) {
	s := newStage(t)
	for _, m := range mutations {
		s.srv.Inject(githubtest.Fault{Method: m.method, Path: m.path, Action: githubtest.SecondaryLimit})
	}
	if _, err := s.apply(s.releaseOp()); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.diary.calls {
		if c.Status == 0 || c.RequestID == "" {
			t.Errorf("a call that GitHub never saw: %+v", c)
		}
	}
	if len(s.diary.calls) != len(s.srv.Requests()) {
		t.Errorf("%d calls in the journal, %d at GitHub", len(s.diary.calls), len(s.srv.Requests()))
	}
	seen := strings.Join(s.waits, "\n")
	if strings.Count(seen, "rate limit") < len(mutations) {
		t.Errorf("waits that nobody saw: %s", seen)
	}
	s.lawful()
}

// TestUnreachable: nobody listens; nothing can have happened.
func TestUnreachable(t *testing.T) {
	s := newStage(t)
	op := s.tagOp()
	s.srv.Close()
	ev, err := s.apply(op)
	s.isFailure(err, marketops.GitHubUnreachable)
	if states(ev) != "tag=absent" {
		t.Error(states(ev))
	}
	w := s.work(op)
	w.Earlier = true
	ev, err = s.port.apply(context.Background(), w, s.diary)
	s.isUnknown(err)
	if states(ev) != "tag=unknown" || !errors.Is(err, marketops.GitHubUnreachable) {
		t.Errorf("%s %v", states(ev), err)
	}
}

// TestDoorsClosed: each say of the publisher stops everything behind it.
func TestDoorsClosed(t *testing.T) {
	for door, effects := range map[string]string{
		"call": "", "tag": "tag-object-made",
		"release": "tag-object-made ref-created draft-created asset-uploaded asset-uploaded",
	} {
		t.Run(door, func(t *testing.T) {
			s := newStage(t)
			s.deny = func(d string) error {
				if d == door {
					return &marketops.Failure{Code: marketops.Expired}
				}
				return nil
			}
			ev, err := s.apply(s.releaseOp())
			s.isFailure(err, marketops.Expired)
			if s.kinds() != effects || !strings.HasSuffix(states(ev), "release=absent") {
				t.Errorf("%s, %s", s.kinds(), states(ev))
			}
			s.lawful()
		})
	}
}

// TestFullJournal: what cannot be recorded stops the work before anything is visible.
func TestFullJournal(t *testing.T) {
	s := newStage(t)
	s.diary.full = true
	ev, err := s.apply(s.releaseOp())
	s.isFailure(err, marketops.DiskFull)
	if states(ev) != "tag=absent release=absent" || len(s.srv.Mutations()) != 0 {
		t.Errorf("%s %v", states(ev), s.srv.Mutations())
	}
}

// TestCancelled: cancelling before the first visible effect leaves a known state.
func TestCancelled(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(context.Background())
	s.deny = func(door string) error {
		cancel()
		return nil
	}
	ev, err := s.port.apply(ctx, s.work(s.releaseOp()), s.diary)
	s.isFailure(err, marketops.GitHubUnreachable)
	if !errors.Is(err, context.Canceled) || states(ev) != "tag=absent release=absent" || s.kinds() != "" {
		t.Errorf("%v %s %s", err, states(ev), s.kinds())
	}
}

// TestDeadline: no call is under way after the deadline of the work.
func TestDeadline(t *testing.T) {
	s := newStage(t)
	s.srv.Inject(githubtest.Fault{Method: "POST", Path: mutations[1].path, Action: githubtest.DelayAfter, Wait: 2 * time.Second})
	w := s.work(s.tagOp())
	w.Deadline = time.Now().Add(500 * time.Millisecond)
	ev, err := s.port.apply(context.Background(), w, s.diary)
	s.isUnknown(err)
	if over := time.Since(w.Deadline); over > time.Second || states(ev) != "tag=unknown" {
		t.Errorf("%v after the deadline, %s", over, states(ev))
	}
}

func TestUploadReader(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 1000)
	a := marketops.Asset{Name: "x", Size: int64(len(data)), SHA256: marketops.DigestOf(data), ContentType: "text/plain"}
	u := newUpload(bytes.NewReader(data), a)
	if got, err := io.ReadAll(u); err != nil || !bytes.Equal(got, data) || u.sum() != a.SHA256 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got, err := io.ReadAll(u.fresh()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("afresh: %d bytes, %v", len(got), err)
	}
	for name, bad := range map[string][]byte{
		"changed": append(bytes.Clone(data[:9999]), 'x'), "short": data[:9999], "empty": nil,
	} {
		u := newUpload(bytes.NewReader(bad), a)
		got, err := io.ReadAll(u)
		if marketops.CodeOf(err) != marketops.ContentMismatch || len(got) >= len(data) || u.fault() == nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// FuzzAnswers: whatever GitHub answers for a tag object, only the planned one is equal.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"sha":"x","tag":"v1","message":"m","object":{"sha":"y","type":"commit"},"tagger":{"name":"n","date":"2026-01-01T00:00:00Z"}}`))
	f.Add([]byte(`{"message":"x","errors":[{"code":"custom","message":"y"},"z",null]}`))
	f.Add([]byte(`[]`))
	op := marketops.NewOperation(marketops.PublishRelease, marketops.Target{Type: "github", Host: "h", RepositoryID: 1, FullName: "o/r"})
	sha := strings.Repeat("a", 40)
	op.Tag = &marketops.Tag{Name: "v1", Commit: sha, Tree: sha, Message: "m", Tagger: marketops.Person{Name: "n", Email: "a@b", Date: 1}}
	op.Release = &marketops.Release{MakeLatest: "true", Assets: []marketops.Asset{}}
	r := &reader{op: op, words: wordsOf(op)}
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &exchange{status: 201, body: body}
		_ = x.words()
		_ = x.hasLimit()
		var tag tagObject
		if decode(x, 201, &tag) == nil && r.tagDiffers(&tag) == "" && !strings.Contains(tag.Message, r.words.message[:len(r.words.message)-1]) {
			t.Errorf("accepted %s", body)
		}
		var rel release
		if decode(x, 201, &rel) == nil && r.ours(&rel) && rel.Body != r.words.body {
			t.Errorf("accepted %s", body)
		}
	})
}
