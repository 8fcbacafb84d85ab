package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli/advice"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

const origin = "log.test"

var clock = sample.Noon

func now() marketops.Time { return clock }

func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "api")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// listen serves a handler on a socket; the ledger signs its answers to signed calls.
func listen(t *testing.T, path string, h http.HandlerFunc) { serve(t, path, signing(t, h, honest)) }

// honest is what the ledger signs: the call's envelope, the status and the body.
func honest(call, body []byte, status int) *receipt.Answer {
	return &receipt.Answer{Header: sample.Header(1, clock), Request: marketops.DigestOf(call), Status: int64(status), Body: marketops.DigestOf(body)}
}

func signing(t *testing.T, h http.HandlerFunc, answer func(call, body []byte, status int) *receipt.Answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		said := httptest.NewRecorder()
		h(said, r)
		if call, err := api.SignedHeader(r.Header, api.RequestHeader); err == nil {
			rec := sample.Seal(t, answer(call, said.Body.Bytes(), said.Code), sample.KeyLedger)
			w.Header().Set(api.AnswerHeader, base64.StdEncoding.EncodeToString(rec.Envelope))
		}
		w.WriteHeader(said.Code)
		w.Write(said.Body.Bytes())
	}
}

func serve(t *testing.T, path string, h http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
}

// law is a trust file that knows the ledger's key.
func law(t *testing.T) *trust.Trust {
	t.Helper()
	law, err := trust.Parse(sample.TrustText(t, sample.NewTrust(sample.NewLog())))
	if err != nil {
		t.Fatal(err)
	}
	return law
}

func dial(t *testing.T, address string, by crypto.Signer) *api.Client {
	t.Helper()
	c, err := api.Dial(address, origin, by, law(t), now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// calls is one of each kind: signed and unsigned, with answers of all types.
var calls = map[string]func(context.Context, *api.Client) error{
	"info":    func(ctx context.Context, c *api.Client) error { _, err := c.Info(ctx); return err },
	"records": func(ctx context.Context, c *api.Client) error { _, err := c.Records(ctx, "r-1"); return err },
	"claim":   func(ctx context.Context, c *api.Client) error { _, err := c.Claim(ctx, api.ClaimWanted{}); return err },
	"intent":  func(ctx context.Context, c *api.Client) error { _, err := c.Intent(ctx, []byte("{}")); return err },
	"execute": func(ctx context.Context, c *api.Client) error { _, err := c.Execute(ctx, api.Fence{}); return err },
	"renew":   func(ctx context.Context, c *api.Client) error { _, err := c.Renew(ctx, api.Fence{}); return err },
	"attempt": func(ctx context.Context, c *api.Client) error { _, err := c.Attempt(ctx, api.Effect{}); return err },
	"outcome": func(ctx context.Context, c *api.Client) error { _, err := c.Outcome(ctx, api.Decided{}); return err },
	"evidence": func(ctx context.Context, c *api.Client) error {
		_, err := c.Evidence(ctx, marketops.Digest{})
		return err
	},
}

// TestStrangeAnswers: what is not the expected answer is an error, and only a known refusal is
// a refusal.
func TestStrangeAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		code   marketops.Code
		refuse bool
	}{
		{"a page", 200, "<html>", marketops.CoreUnreachable, false},
		{"nothing", 200, "", marketops.CoreUnreachable, false},
		{"unknown member", 200, `{"until":"2027-01-15T08:00:00Z","granted":true}`, marketops.CoreUnreachable, false},
		{"twice", 200, `{"until":"2027-01-15T08:00:00Z","until":"2027-01-15T08:00:00Z"}`, marketops.CoreUnreachable, false},
		{"trailing", 200, `{"attempts":1} {}`, marketops.CoreUnreachable, false},
		{"another case", 200, `{"Until":"2027-01-15T08:00:00Z"}`, marketops.CoreUnreachable, false},
		{"created", 201, `{}`, marketops.CoreUnreachable, false},
		{"no content", 204, ``, marketops.CoreUnreachable, false},
		{"moved", 302, ``, marketops.CoreUnreachable, false},
		{"bad gateway", 502, "<html>", marketops.CoreUnreachable, false},
		{"problem without code", 409, `{"kind":"refusal","what":"no"}`, marketops.CoreUnreachable, false},
		{"unknown code", 409, `{"kind":"refusal","code":"granted","what":"yes"}`, marketops.CoreUnreachable, false},
		{"unknown kind", 409, `{"kind":"grant","code":"revoked","what":"yes"}`, marketops.Revoked, false},
		{"failure", 500, `{"kind":"failure","code":"ledger-unavailable","what":"disk"}`, marketops.LedgerUnavailable, false},
		{"refusal", 409, `{"kind":"refusal","code":"revoked","what":"c-1","checks":[{"code":"revoked","status":"fail"}]}`, marketops.Revoked, true},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			path := socket(t)
			listen(t, path, func(w http.ResponseWriter, r *http.Request) {
				if c.status == 302 {
					w.Header().Set("Location", "/elsewhere")
				}
				w.WriteHeader(c.status)
				w.Write([]byte(c.body))
			})
			client := dial(t, path, logtest.Key(3))
			for name, call := range calls {
				if name == "evidence" && c.status == 200 {
					continue // any bytes are evidence; their name says whether they are the right ones
				}
				err := call(context.Background(), client)
				var refusal *marketops.Refusal
				if !errors.Is(err, c.code) || errors.As(err, &refusal) != c.refuse {
					t.Errorf("%s: %v", name, err)
				}
				if c.refuse && len(refusal.Checks) != 1 {
					t.Errorf("%s: %+v", name, refusal)
				}
			}
		})
	}
}

// TestEmptyLease: "{}" opens no door. The control is a lease.
func TestEmptyLease(t *testing.T) {
	path := socket(t)
	body := "{}"
	listen(t, path, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, body) })
	c := dial(t, path, logtest.Key(3))
	for _, body = range []string{"{}", "null", `{"until":"1970-01-01T00:00:00Z","attempts":0}`} {
		for _, name := range []string{"execute", "renew", "attempt"} {
			if err := calls[name](context.Background(), c); !errors.Is(err, marketops.CoreUnreachable) {
				t.Errorf("%s answered %s: %v", name, body, err)
			}
		}
	}
	body = `{"until":"2027-01-15T08:02:00Z","attempts":{"tag":1}}`
	if l, err := c.Execute(context.Background(), api.Fence{}); err != nil || l.Attempts["tag"] != 1 {
		t.Errorf("control: %+v, %v", l, err)
	}
}

// TestNotThere: a 404 is absence for a reader and nothing good for anybody else.
func TestNotThere(t *testing.T) {
	path := socket(t)
	listen(t, path, http.NotFound)
	c := dial(t, path, logtest.Key(3))
	if _, err := c.Evidence(context.Background(), marketops.Digest{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := c.ReadFile("checkpoint"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := calls["execute"](context.Background(), c); err == nil {
		t.Error("a 404 opened the door")
	}
}

// TestHugeAnswer: an answer without end is cut at the limit.
func TestHugeAnswer(t *testing.T) {
	path := socket(t)
	var mu sync.Mutex
	sent := 0
	serve(t, path, func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 1<<20)
		for range 1000 {
			n, err := w.Write(block)
			mu.Lock()
			sent += n
			mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	c := dial(t, path, logtest.Key(3))
	if _, err := c.Evidence(context.Background(), marketops.Digest{}); !errors.Is(err, marketops.CoreUnreachable) {
		t.Error(err)
	}
	if _, err := c.Claim(context.Background(), api.ClaimWanted{}); !errors.Is(err, marketops.CoreUnreachable) {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if sent > 2*(api.MaxBody+8<<20) {
		t.Errorf("%d bytes were taken", sent)
	}
}

// TestSignedCalls: what changes something, or is acted upon, carries a request that fits it, with a nonce of its
// own; other reads of the socket carry none; and without a key nothing is changed.
func TestSignedCalls(t *testing.T) {
	path := socket(t)
	ring, err := crypto.NewKeyring(logtest.Key(3).Public())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	nonces, unsigned, served := map[string]bool{}, 0, 0
	listen(t, path, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		served++
		header := r.Header.Values(api.RequestHeader)
		if len(header) == 0 {
			if r.Method != http.MethodGet || strings.HasPrefix(r.URL.Path, "/v1/runs/") {
				t.Errorf("%s %s is not signed", r.Method, r.URL.Path)
			}
			unsigned++
			fmt.Fprint(w, "{}")
			return
		}
		env, err := base64.StdEncoding.DecodeString(strings.Join(header, ""))
		if err != nil {
			t.Error(err)
		}
		rec, err := receipt.Open(env, ring)
		if err != nil {
			t.Error(err)
			return
		}
		req := rec.Body.(*receipt.Request)
		if req.Method != r.Method+" "+r.URL.Path || req.Core != origin || req.IssuedAt != clock || req.ExpiresAt-req.IssuedAt > receipt.MaxRequestAge || nonces[req.Nonce] {
			t.Errorf("%+v", req)
		}
		nonces[req.Nonce] = true
		if r.Method == http.MethodGet {
			fmt.Fprint(w, "{}")
			return
		}
		fmt.Fprint(w, `{"until":"2027-01-15T08:00:00Z"}`)
	})
	c := dial(t, path, logtest.Key(3))
	for range 3 {
		for name, call := range calls {
			if err := call(context.Background(), c); err != nil && name != "claim" && name != "intent" && name != "outcome" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if len(nonces) != 21 || unsigned != 6 {
		t.Errorf("%d signed and %d unsigned calls", len(nonces), unsigned)
	}
	before := served
	if err := calls["claim"](context.Background(), dial(t, path, nil)); !errors.Is(err, marketops.KeyUnreadable) || served != before {
		t.Errorf("%v, %d calls", err, served-before)
	}
}

// TestSignedAnswers: only the ledger's answer to this very call, in time, is one. Each case is what something between
// client and Core can do, or what a key with another role signs; the control is the honest answer.
func TestSignedAnswers(t *testing.T) {
	body := `{"until":"2027-01-15T08:00:00Z"}`
	grant := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
	var first string // the answer to an earlier call
	change := func(edit func(http.Header, *[]byte, *int)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			said := httptest.NewRecorder()
			signing(t, grant, honest)(said, r)
			b, status := said.Body.Bytes(), said.Code
			edit(said.Header(), &b, &status)
			w.Header()[api.AnswerHeader] = said.Header()[api.AnswerHeader]
			w.WriteHeader(status)
			w.Write(b)
		}
	}
	by := func(key byte, edit func(*receipt.Answer)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			call, _ := api.SignedHeader(r.Header, api.RequestHeader)
			a := honest(call, []byte(body), 200)
			edit(a)
			w.Header().Set(api.AnswerHeader, base64.StdEncoding.EncodeToString(sample.Seal(t, a, key).Envelope))
			fmt.Fprint(w, body)
		}
	}
	same := func(*receipt.Answer) {}
	for name, h := range map[string]http.HandlerFunc{
		"a forged refusal": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"kind":"refusal","code":"revoked","what":"c-1"}`)
		},
		"no signature":      grant,
		"edited body":       change(func(_ http.Header, b *[]byte, _ *int) { *b = []byte(`{"until":"2028-01-15T08:00:00Z"}`) }),
		"edited status":     change(func(_ http.Header, _ *[]byte, s *int) { *s = 201 }),
		"answer twice":      change(func(h http.Header, _ *[]byte, _ *int) { h.Add(api.AnswerHeader, h.Get(api.AnswerHeader)) }),
		"no base64":         change(func(h http.Header, _ *[]byte, _ *int) { h.Set(api.AnswerHeader, "{}") }),
		"a huge answer":     change(func(h http.Header, _ *[]byte, _ *int) { h.Set(api.AnswerHeader, strings.Repeat("A", 1<<15)) }),
		"an earlier one":    change(func(h http.Header, _ *[]byte, _ *int) { h.Set(api.AnswerHeader, first) }),
		"an authority's":    by(sample.KeyAuthority1, same),
		"a publisher's":     by(sample.KeyPublisher, same),
		"a stranger's":      by(sample.KeyStranger, same),
		"of another call":   by(sample.KeyLedger, func(a *receipt.Answer) { a.Request[0]++ }),
		"of another status": by(sample.KeyLedger, func(a *receipt.Answer) { a.Status = 409 }),
		"a claim record": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(api.AnswerHeader, base64.StdEncoding.EncodeToString(sample.Seal(t, sample.Bodies()["claim"], sample.KeyLedger).Envelope))
			fmt.Fprint(w, body)
		},
	} {
		path := socket(t)
		listen(t, path+"1", change(func(h http.Header, _ *[]byte, _ *int) { first = h.Get(api.AnswerHeader) }))
		_ = calls["execute"](context.Background(), dial(t, path+"1", logtest.Key(3)))
		serve(t, path, h)
		for _, call := range []string{"execute", "renew", "attempt"} {
			var refusal *marketops.Refusal
			if err := calls[call](context.Background(), dial(t, path, logtest.Key(3))); !errors.Is(err, marketops.CoreUnreachable) || errors.As(err, &refusal) {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
	path := socket(t)
	listen(t, path, grant)
	if err := calls["execute"](context.Background(), dial(t, path, logtest.Key(3))); err != nil {
		t.Error("control:", err)
	}
}

// TestLateAnswer: an answer counts as long as its call does. The control is one in the last second.
func TestLateAnswer(t *testing.T) {
	defer func(at marketops.Time) { clock = at }(clock)
	path, begun, held := socket(t), clock, marketops.Time(0)
	listen(t, path, func(w http.ResponseWriter, r *http.Request) {
		clock += held
		fmt.Fprint(w, `{"until":"2027-01-15T08:00:00Z"}`)
	})
	for _, held = range []marketops.Time{0, receipt.MaxRequestAge, receipt.MaxRequestAge + 1, 3600} {
		clock = begun
		err := calls["execute"](context.Background(), dial(t, path, logtest.Key(3)))
		if late := held > receipt.MaxRequestAge; late != errors.Is(err, marketops.CoreUnreachable) || !late && err != nil {
			t.Errorf("after %d s: %v", held, err)
		}
	}
}

// TestCoreComesUp: while no connection can be made the call waits, for three seconds at most;
// nothing was sent, and it is sent once.
func TestCoreComesUp(t *testing.T) {
	t.Parallel()
	path := socket(t)
	done := make(chan error, 1)
	var mu sync.Mutex
	served := 0
	go func() { done <- calls["renew"](context.Background(), dial(t, path, logtest.Key(3))) }()
	time.Sleep(300 * time.Millisecond) // the Core is still starting
	listen(t, path, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		served++
		fmt.Fprint(w, `{"until":"2027-01-15T08:00:00Z"}`)
	})
	if err := <-done; err != nil || served != 1 {
		t.Errorf("%v after %d calls", err, served)
	}
}

// TestCoreDown: after three seconds the error says that nothing was sent and what to do.
func TestCoreDown(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	err := calls["claim"](context.Background(), dial(t, socket(t), logtest.Key(3)))
	took := time.Since(begun)
	var f *marketops.Failure
	if !errors.As(err, &f) || f.Code != marketops.CoreUnreachable || f.State != "" {
		t.Errorf("%+v", err)
	}
	if !strings.Contains(advice.Next(marketops.CoreUnreachable), "serve") {
		t.Error(advice.Next(marketops.CoreUnreachable))
	}
	if took < 3*time.Second || took > 10*time.Second {
		t.Errorf("gave up after %s", took)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := calls["claim"](ctx, dial(t, socket(t), logtest.Key(3))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestCutOff: a connection that breaks after the call was sent is not tried again.
func TestCutOff(t *testing.T) {
	path := socket(t)
	var mu sync.Mutex
	served := 0
	serve(t, path, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		served++
		mu.Unlock()
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	})
	c := dial(t, path, logtest.Key(3))
	for i, name := range []string{"claim", "outcome", "execute"} {
		err := calls[name](context.Background(), c)
		var f *marketops.Failure
		if !errors.As(err, &f) || f.Code != marketops.CoreUnreachable || !strings.Contains(f.State, "may have reached") {
			t.Errorf("%s: %+v", name, err)
		}
		mu.Lock()
		if served != i+1 {
			t.Errorf("%s: %d calls arrived, want %d", name, served, i+1)
		}
		mu.Unlock()
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"http://core.example.com", "tcp://127.0.0.1:1", "unix:///run/core.sock"} {
		if _, err := api.Dial(bad, origin, nil, nil, now); !errors.Is(err, marketops.ConfigInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := api.Dial("https://core.example.com/", origin, nil, nil, now); err != nil {
		t.Error(err)
	}
}
