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
	r, err := New(context.Background(), address)
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
		if _, err := New(context.Background(), bad); err == nil {
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
