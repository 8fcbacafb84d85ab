package remote

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// serve serves the log of a world under /log/ and its records under /records/; override may answer
// instead, and says whether it did.
func serve(t *testing.T, w *logworld.World, override func(http.ResponseWriter, *http.Request) bool) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if override != nil && override(rw, r) {
			return
		}
		var from log.TileReader = w.Store
		name, records := strings.CutPrefix(r.URL.Path, "/records/")
		if !records {
			from, name = w.Log, strings.TrimPrefix(r.URL.Path, "/log/")
		}
		b, err := from.ReadFile(name)
		if err != nil {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write(b)
	}))
	t.Cleanup(s.Close)
	return s
}

// remoteTo returns a reader that waits for nothing.
func remoteTo(t *testing.T, address string) *Remote {
	t.Helper()
	r, err := New(context.Background(), address, Core{})
	if err != nil {
		t.Fatal(err)
	}
	r.pause = func(time.Duration) <-chan time.Time {
		now := make(chan time.Time, 1)
		now <- time.Time{}
		return now
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestAuditOverHTTP judges a log of a server, which lies in each way once.
func TestAuditOverHTTP(t *testing.T) {
	w := logworld.New()
	w.Grow(600)
	foreign := serve(t, w, nil)
	var asked sync.Map
	record := log.RecordPath(w.Entries[2].Record.LeafHash())
	on := func(part string, f http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
		return func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, part) {
				return false
			}
			f(rw, r)
			return true
		}
	}
	for name, tc := range map[string]struct {
		override func(http.ResponseWriter, *http.Request) bool
		verdict  verifier.Verdict
		code     marketops.Code
	}{
		"honest": {nil, verifier.Verified, ""},
		"busy at first": {func(rw http.ResponseWriter, r *http.Request) bool {
			_, before := asked.LoadOrStore(r.URL.Path, true)
			if !before {
				rw.WriteHeader(http.StatusServiceUnavailable)
			}
			return !before
		}, verifier.Verified, ""},
		"redirects below itself": {func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/log/tile/entries/") || r.URL.RawQuery != "" {
				return false
			}
			http.Redirect(rw, r, r.URL.Path+"?again", http.StatusFound)
			return true
		}, verifier.Verified, ""},
		"redirects elsewhere": {on("/tile/entries/", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, foreign.URL+r.URL.Path, http.StatusFound)
		}), verifier.Failed, marketops.LogUnavailable},
		"withholds a record": {on(record, func(rw http.ResponseWriter, r *http.Request) { http.NotFound(rw, r) }), verifier.Indeterminate, marketops.RecordWithheld},
		"other bytes": {on(record, func(rw http.ResponseWriter, r *http.Request) {
			_, _ = rw.Write(w.Entries[3].Record.Envelope)
		}), verifier.Failed, marketops.LeafMismatch},
		"without end": {on("/tile/0/", func(rw http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := rw.Write(bytes.Repeat([]byte{0}, 1<<16)); err != nil {
					return
				}
			}
		}), verifier.Failed, marketops.LogUnavailable},
		"broken": {on("/checkpoint", func(rw http.ResponseWriter, r *http.Request) { rw.WriteHeader(http.StatusBadGateway) }), verifier.Failed, marketops.LogUnavailable},
		"no log": {on("/log/", func(rw http.ResponseWriter, r *http.Request) { http.NotFound(rw, r) }), verifier.Failed, marketops.NothingToVerify},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, w, tc.override)
			r := audit.Audit(remoteTo(t, s.URL+"/log"), remoteTo(t, s.URL+"/records"), w.Trust(), audit.Options{Workers: Workers})
			if r.Verdict != tc.verdict || r.Code != tc.code {
				t.Errorf("%s %s: %+v", r.Verdict, r.Code, r.Checks)
			}
		})
	}
}

func TestRemoteAddresses(t *testing.T) {
	for _, bad := range []string{"http://log.example.com", "https://bob@log.example.com", "https://log.example.com/?x", "https://"} {
		if _, err := New(context.Background(), bad, Core{}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	r := remoteTo(t, serve(t, logworld.New(), nil).URL+"/log")
	if _, err := r.ReadFile("tile/0/000"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.ctx = ctx
	if _, err := r.ReadFile(log.CheckpointPath); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSignedReads: every read of the user's own Core carries what it signs, and follows no pointer elsewhere.
func TestSignedReads(t *testing.T) {
	w := logworld.New()
	w.Live()
	seen := map[string]string{}
	moved := false
	s := serve(t, w, func(rw http.ResponseWriter, r *http.Request) bool {
		seen[r.URL.Path] = r.Header.Get(api.RequestHeader)
		if moved && r.URL.RawQuery == "" {
			http.Redirect(rw, r, r.URL.Path+"?again", http.StatusFound)
			return true
		}
		return false
	})
	own := func(address string) (string, error) {
		path, found := strings.CutPrefix(address, s.URL)
		if !found || strings.HasPrefix(path, "/log/") {
			return "", nil
		}
		return "signed " + path, nil
	}
	read := func(sign func(string) (string, error), base, name string) (string, error) {
		r, err := New(context.Background(), base, Core{Sign: sign})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		_, err = r.ReadFile(name)
		return seen[strings.TrimPrefix(base, s.URL)+name], err
	}
	record := log.RecordPath(w.Entries[0].Record.LeafHash())
	for name, c := range map[string]struct {
		sign       func(string) (string, error)
		base, file string
		want       string
	}{
		"a record":       {own, s.URL + "/records/", record, "signed /records/" + record},
		"the checkpoint": {own, s.URL + "/log/", log.CheckpointPath, ""},
		"a stranger":     {func(string) (string, error) { return "", nil }, s.URL + "/records/", record, ""},
		"no Core":        {nil, s.URL + "/records/", record, ""},
	} {
		if got, err := read(c.sign, c.base, c.file); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
	moved = true
	if _, err := read(own, s.URL+"/records/", record); err == nil {
		t.Error("a signed read followed a redirect")
	}
	if _, err := read(nil, s.URL+"/records/", record); err != nil {
		t.Error("control:", err)
	}
	unsigned := func(string) (string, error) { return "", errors.New("no key") }
	if _, err := read(unsigned, s.URL+"/records/", record); err == nil {
		t.Error("it read without the signature")
	}
}
