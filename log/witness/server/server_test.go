package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/witness"
	"github.com/omega/marketops/log/witness/server"
)

const (
	origin = "log.example.com"
	name   = "witness.example/w1"
)

var cosigner = logtest.Witness{Name: name, Key: logtest.Key(50), At: 1_770_000_000}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func grown(kind string, n int) *logtest.Log {
	l := logtest.New(origin, logtest.Key(1))
	for i := range n {
		l.Append(fmt.Appendf(nil, "%s %d", kind, i))
	}
	return l
}

func open(dir string) (*witness.Witness, error) {
	p, err := log.ParseVkey(grown("", 0).Vkey())
	if err != nil {
		return nil, err
	}
	return witness.Open(witness.Options{Name: name, Signer: cosigner.Key, Logs: []log.Party{p}, Dir: dir, Now: func() marketops.Time { return cosigner.At }})
}

// body builds the request that leads from old to size, without asking whether it is right.
func body(l *logtest.Log, old, size uint64) []byte {
	r := &witness.Request{Old: old, Checkpoint: l.CheckpointAt(size)}
	if 0 < old && old < size {
		next := &log.Checkpoint{Origin: l.Origin, Size: size, Root: l.Root(size)}
		r.Proof, _ = log.NewTree(next, l).Consistency(&log.Checkpoint{Origin: l.Origin, Size: old, Root: l.Root(old)})
	}
	return r.Format()
}

func post(url string, body []byte) (status int, kind, answer string, err error) {
	r, err := http.Post(url+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		return 0, "", "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, r.Header.Get("Content-Type"), string(b), err
}

// TestAnswers: every status of C2SP tlog-witness, over HTTP.
func TestAnswers(t *testing.T) {
	w, err := open(filepath.Join(t.TempDir(), "w"))
	must(t, err)
	defer w.Close()
	var talk bytes.Buffer
	srv := httptest.NewServer(server.Handler(w, slog.New(slog.NewTextHandler(&talk, nil))))
	defer srv.Close()
	l, fork := grown("entry", 9), grown("other", 9)
	elsewhere, stranger := logtest.New("elsewhere.example", logtest.Key(1)), logtest.New(origin, logtest.Key(9))
	line := func(size uint64) string {
		text, _, _ := strings.Cut(string(l.CheckpointAt(size)), "\n\n")
		return cosigner.Line(text + "\n")
	}
	for _, c := range []struct {
		what, prefix string
		body         []byte
		status       int
		kind, answer string // answer "" is not compared
	}{
		{"a first checkpoint", "", body(l, 0, 5), 200, "text/plain; charset=utf-8", line(5)},
		{"under a prefix", "/some/where", body(l, 5, 7), 200, "text/plain; charset=utf-8", line(7)},
		{"an old size that is stale", "", body(l, 0, 9), 409, "text/x.tlog.size", "7\n"},
		{"a rollback", "", body(l, 5, 5), 409, "text/x.tlog.size", "7\n"},
		{"a fork", "", body(fork, 7, 7), 422, "text/plain; charset=utf-8", ""},
		{"a fork that is longer", "", body(fork, 7, 9), 422, "text/plain; charset=utf-8", ""},
		{"an old size above the new", "", body(l, 7, 5), 400, "text/plain; charset=utf-8", ""},
		{"rubbish", "", []byte("rubbish"), 400, "text/plain; charset=utf-8", ""},
		{"a body too large", "", bytes.Repeat([]byte("a"), witness.MaxRequest+1), 400, "text/plain; charset=utf-8", ""},
		{"an unknown log", "", (&witness.Request{Checkpoint: elsewhere.Checkpoint()}).Format(), 404, "text/plain; charset=utf-8", ""},
		{"another key", "", (&witness.Request{Old: 7, Checkpoint: stranger.Checkpoint()}).Format(), 403, "text/plain; charset=utf-8", ""},
		{"the next one, after all that", "", body(l, 7, 9), 200, "text/plain; charset=utf-8", line(9)},
	} {
		status, kind, answer, err := post(srv.URL+c.prefix, c.body)
		must(t, err)
		if status != c.status || kind != c.kind || c.answer != "" && answer != c.answer {
			t.Errorf("%s: %d %s %q, want %d %s %q", c.what, status, kind, answer, c.status, c.kind, c.answer)
		}
		if status != 200 && strings.Contains(answer, "\u2014") {
			t.Errorf("%s: refused with a signature: %q", c.what, answer)
		}
	}
	if s := talk.String(); strings.Count(s, "level=ERROR") != 1 || !strings.Contains(s, "status=422") {
		t.Errorf("of the fork, and of nothing else, the operator should hear: %s", s)
	}
	must(t, w.Close())
}

// TestMonitor: what was cosigned last is there for whoever asks, and nothing else is.
func TestMonitor(t *testing.T) {
	w, err := open(filepath.Join(t.TempDir(), "w"))
	must(t, err)
	defer w.Close()
	srv := httptest.NewServer(server.Handler(w, slog.New(slog.DiscardHandler)))
	defer srv.Close()
	l := grown("entry", 5)
	path := fmt.Sprintf("/%x/checkpoint", sha256.Sum256([]byte(origin)))
	get := func(method, path string) (int, string) {
		q, err := http.NewRequest(method, srv.URL+path, nil)
		must(t, err)
		r, err := http.DefaultClient.Do(q)
		must(t, err)
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		must(t, err)
		return r.StatusCode, string(b)
	}
	if status, _ := get("GET", path); status != 404 {
		t.Errorf("before anything was cosigned: %d", status)
	}
	_, _, _, err = post(srv.URL, body(l, 0, 5))
	must(t, err)
	l.Witnesses = []logtest.Witness{cosigner}
	if status, got := get("GET", path); status != 200 || got != string(l.Checkpoint()) {
		t.Errorf("%d %q, want %q", status, got, l.Checkpoint())
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"POST", path, 405}, {"GET", "/add-checkpoint", 405}, {"PUT", "/add-checkpoint", 405}, {"GET", "/", 404}, {"GET", "/checkpoint", 404},
		{"GET", "/" + strings.Repeat("0", 64) + "/checkpoint", 404}, {"GET", path + "/..", 404}, {"GET", "/vkey", 404}, {"POST", "/sign-subtree", 404},
	} {
		if status, _ := get(c.method, c.path); status != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, status, c.status)
		}
	}
}

// TestTrouble: a folder that can no longer be written gives no cosignature and no size.
func TestTrouble(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	w, err := open(dir)
	must(t, err)
	defer w.Close()
	srv := httptest.NewServer(server.Handler(w, slog.New(slog.DiscardHandler)))
	defer srv.Close()
	l := grown("entry", 5)
	blocked := filepath.Join(dir, fmt.Sprintf("%x.checkpoint", sha256.Sum256([]byte(origin))))
	must(t, mkdir(blocked)) // in the place of the file
	status, _, answer, err := post(srv.URL, body(l, 0, 5))
	if err != nil || status != 500 || strings.Contains(answer, "\u2014") || strings.Contains(answer, dir) {
		t.Errorf("%d %q, %v", status, answer, err)
	}
	must(t, remove(blocked))
	status, _, _, err = post(srv.URL, body(l, 0, 5))
	if err != nil || status != 200 {
		t.Errorf("afterwards: %d, %v", status, err)
	}
}

// TestServeStops when it is told to, and not before.
func TestServeStops(t *testing.T) {
	w, err := open(filepath.Join(t.TempDir(), "w"))
	must(t, err)
	defer w.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l, w, slog.New(slog.DiscardHandler)) }()
	status, _, _, err := post("http://"+l.Addr().String(), body(grown("entry", 5), 0, 5))
	if err != nil || status != 200 {
		t.Errorf("%d, %v", status, err)
	}
	stop()
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
