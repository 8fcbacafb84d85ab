package wire

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/unpaced"
)

// TestReadOnly: what is looked at before the claim goes through a transport that can only GET. Each other method
// fails there, also for a caller that everything else would let write, and the credential is not asked for it.
// The control is the caller of a client that may write.
func TestReadOnly(t *testing.T) {
	sent, asked := []string{}, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Method)
		w.Header().Set("X-GitHub-Request-Id", "1")
		w.Write([]byte("{}"))
	}))
	defer srv.Close()
	base, err := url.Parse(srv.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{API: base, Uploads: base, Token: func(context.Context) (string, error) { asked++; return "gho_canary0123456789", nil }, Denied: func(string) {},
		Now: time.Now, Sleep: Sleep, Limiter: unpaced.Limiter{}, LimitWait: 1, Wait: func(string, time.Duration) {}, UserAgent: "marketops/test"}
	writes := func(c *Caller, method string) error {
		c.authorize = func(context.Context, *Call) error { return nil }
		_, err := c.Write(context.Background(), &Call{Step: "write", Method: method, Path: "x"}, func(*Exchange) error { return nil })
		return err
	}
	only := o
	only.ReadOnly = true
	allow := func(context.Context, *Call) error { return nil }
	for _, method := range []string{Post, Patch, Delete, http.MethodPut, http.MethodHead} {
		for name, c := range map[string]*Caller{"observer": New(o).Observer(), "read-only client": New(only).Writer(nil, time.Time{}, time.Time{}, allow)} {
			if err := writes(c, method); err == nil || !strings.Contains(err.Error(), errReadOnly.Error()) {
				t.Errorf("%s %s: %v", name, method, err)
			}
			if _, err := c.second.Do(&http.Request{Method: method, URL: base}); !errors.Is(err, errReadOnly) {
				t.Errorf("%s %s to the store: %v", name, method, err)
			}
		}
	}
	if len(sent) != 0 || asked != 0 {
		t.Fatalf("sent %q, and the credential was asked for %d times", sent, asked)
	}
	var out struct{}
	if _, err := New(only).Observer().Get(context.Background(), "read", "x", &out); err != nil {
		t.Error(err)
	}
	if err := writes(New(o).Writer(nil, time.Time{}, time.Time{}, allow), Post); err != nil || len(sent) != 2 || sent[1] != Post {
		t.Errorf("control: %v, sent %q", err, sent)
	}
}
