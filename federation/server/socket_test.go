package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// thief speaks to the socket directly, as somebody who stole it would.
func thief(w *world.World) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", w.Socket) }}}
}

// call is a signed call that can be tampered with before it is sent.
type call struct {
	method, path string
	body         []byte
	headers      []string
}

func signed(t *testing.T, w *world.World, name, path string, body any, change func(*receipt.Request)) call {
	t.Helper()
	b, err := json.Marshal(body)
	must(t, err)
	d := marketops.DigestOf(b)
	r := &receipt.Request{Header: w.Head(), Method: "POST " + path, Body: d, Core: world.Origin, ExpiresAt: w.Now() + 60}
	if change != nil {
		change(r)
	}
	rec, err := receipt.Seal(r, w.Keys[name])
	must(t, err)
	return call{"POST", path, b, []string{base64.StdEncoding.EncodeToString(rec.Envelope)}}
}

func send(t *testing.T, w *world.World, c call) (int, api.Problem) {
	t.Helper()
	req, err := http.NewRequest(c.method, "http://core"+c.path, bytes.NewReader(c.body))
	must(t, err)
	req.Header[api.RequestHeader] = c.headers
	resp, err := thief(w).Do(req)
	must(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	var p api.Problem
	if resp.StatusCode != http.StatusOK {
		json.Unmarshal(b, &p)
	}
	return resp.StatusCode, p
}

// TestStolenSocket: reading works, and nothing else.
func TestStolenSocket(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit().Approve("alice")
	body := api.Run{Run: s.ID}
	fresh := func(change func(*receipt.Request)) call { return signed(t, w, "bob", "/v1/authorize", body, change) }
	cases := []struct {
		name string
		code marketops.Code
		call func() call
	}{
		{"unsigned", marketops.SignatureInvalid, func() call { c := fresh(nil); c.headers = nil; return c }},
		{"two requests", marketops.SignatureInvalid, func() call { c := fresh(nil); c.headers = append(c.headers, c.headers[0]); return c }},
		{"not base64", marketops.SignatureInvalid, func() call { c := fresh(nil); c.headers = []string{"!"}; return c }},
		{"signature changed", marketops.SignatureInvalid, func() call {
			c := fresh(nil)
			env, _ := base64.StdEncoding.DecodeString(c.headers[0])
			i := bytes.Index(env, []byte(`"sig":"`)) + 8
			if env[i] == 'A' { // another letter of the alphabet, whatever stands there
				env[i] = 'B'
			} else {
				env[i] = 'A'
			}
			c.headers[0] = base64.StdEncoding.EncodeToString(env)
			return c
		}},
		{"re-bodied", marketops.SignatureInvalid, func() call {
			c := fresh(nil)
			c.body = bytes.Replace(c.body, []byte("r-"), []byte("r_"), 1)
			return c
		}},
		{"made for another call", marketops.SignatureInvalid, func() call { c := fresh(nil); c.path = "/v1/revoke"; return c }},
		{"with a query", marketops.SignatureInvalid, func() call { c := fresh(nil); c.path += "?x=1"; return c }},
		{"made for another Core", marketops.AudienceMismatch, func() call { return fresh(func(r *receipt.Request) { r.Core = "log.other" }) }},
		{"expired", marketops.Expired, func() call {
			return fresh(func(r *receipt.Request) {
				r.IssuedAt, r.ExpiresAt = r.IssuedAt-121, r.ExpiresAt-121
			})
		}},
		{"from the future", marketops.NotYetValid, func() call {
			return fresh(func(r *receipt.Request) { r.IssuedAt, r.ExpiresAt = r.IssuedAt+61, r.ExpiresAt+61 })
		}},
		{"before this Core started", marketops.Stale, func() call {
			return fresh(func(r *receipt.Request) { r.IssuedAt, r.ExpiresAt = w.Core.Started()-1, w.Core.Started()+59 })
		}},
		{"a stranger's key", marketops.KeyUnknown, func() call { return signed(t, w, "stranger", "/v1/authorize", body, nil) }},
		{"a publisher's key", marketops.KeyUnknown, func() call { return signed(t, w, "pub", "/v1/authorize", body, nil) }},
		{"the ledger's key", marketops.KeyUnknown, func() call { return signed(t, w, "ledger", "/v1/authorize", body, nil) }},
		{"another record", marketops.PredicateTypeWrong, func() call {
			c := fresh(nil)
			c.headers = []string{base64.StdEncoding.EncodeToString(s.Submission.Envelope)}
			return c
		}},
		{"unknown member in the body", marketops.ReceiptMalformed, func() call {
			return signed(t, w, "bob", "/v1/authorize", map[string]any{"run": s.ID, "force": true}, nil)
		}},
	}
	before := size(t, w)
	for _, c := range cases {
		if status, p := send(t, w, c.call()); p.Code != c.code || status == http.StatusOK {
			t.Errorf("%s: got %d %q (%s), want %s", c.name, status, p.Code, p.What, c.code)
		}
	}
	_, names := w.Records(s.ID)
	if want := []string{"submission", "approval", "refusal", "refusal"}; !slices.Equal(names, want) { // the publisher's call and the ledger's
		t.Fatalf("records %q, want %q: only who made the call leaves a trace", names, want)
	}
	if grown := size(t, w) - before; grown != 3 { // these two, and bob's call with an unknown member
		t.Errorf("the log grew by %d leaves", grown)
	}
	control := fresh(nil)
	if status, p := send(t, w, control); status != http.StatusOK {
		t.Fatalf("control: %d %+v", status, p)
	}
	before = size(t, w)
	if _, p := send(t, w, control); p.Code != marketops.Consumed {
		t.Errorf("replayed: %+v", p)
	}
	if size(t, w) != before {
		t.Error("a replay, which another may have made, is in the log")
	}
}

// TestReplayAfterRestart: a Core that was restarted has forgotten nonces, and what they protected.
func TestReplayAfterRestart(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit().Approve("alice")
	c := signed(t, w, "bob", "/v1/authorize", api.Run{Run: s.ID}, nil)
	if status, p := send(t, w, c); status != http.StatusOK {
		t.Fatalf("control: %+v", p)
	}
	w.Pass(time.Second)
	w.Restart()
	if _, p := send(t, w, c); p.Code != marketops.Stale {
		t.Errorf("replayed after a restart: %+v", p)
	}
	s.Decide()
}

func TestBodyLimits(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	c := signed(t, w, "bob", "/v1/authorize", strings.Repeat("x", server.MaxSmallBody), nil)
	if _, p := send(t, w, c); p.Code != marketops.LimitReached {
		t.Errorf("got %+v", p)
	}
}

// TestReadEndpoints: exactly the files that a log publishes, and no other file of the folder.
func TestReadEndpoints(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	entries, _ := w.Records(s.ID)
	w.Tree(entries[len(entries)-1].Position.Index)
	leaf := entries[0].Leaf
	must(t, os.WriteFile(filepath.Join(w.Dir, "records", log.RecordPath(leaf)[:2], ".tmp-1"), []byte("x"), 0o600))
	for path, want := range map[string]int{
		"/checkpoint":                                  200,
		"/records/" + log.RecordPath(leaf):             200,
		"/v1/info":                                     200,
		"/v1/runs/" + string(s.ID):                     200,
		"/tile/0/000.p/255":                            404,
		"/tile/../.state/treeState":                    404,
		"/tile/%2e%2e/.state/treeState":                404,
		"/.state/treeState":                            404,
		"/records/../claims.db":                        404,
		"/records/..%2fclaims.db":                      404,
		"/records/" + leaf.String()[:2] + "/.tmp-1":    404,
		"/records/" + otherFolder(leaf) + ".json":      404,
		"/v1/evidence/..%2fclaims.db":                  404,
		"/v1/evidence/" + strings.Repeat("0", 64):      404,
		"/v1/runs/r-1":                                 404,
		"/v1/runs/r-" + strings.Repeat("0", 32):        404,
		"/v1/claims/c-" + strings.Repeat("0", 32):      404,
		"/keys/authority.pem":                          404,
		"/trust.json":                                  404,
		"/v1/claims/" + string(s.Receipt(0).ReceiptID): 200,
	} {
		req, err := http.NewRequest("GET", "http://core", nil)
		must(t, err)
		req.URL.Opaque = path
		resp, err := (&http.Client{Transport: thief(w).Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
		must(t, err)
		resp.Body.Close()
		if got := resp.StatusCode; got != want && !(want == 404 && (got == 301 || got == 307)) {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
	if _, err := w.Client("bob").ReadFile("tile/0/000.p/9"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing tile is %v", err)
	}
	i, err := os.Stat(w.Socket)
	must(t, err)
	if i.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v", i.Mode())
	}
}

// otherFolder is the path of a record below a folder that is not the one its digest names.
func otherFolder(leaf log.Hash) string {
	first := "0"
	if leaf.String()[0] == '0' {
		first = "1"
	}
	return first + leaf.String()[1:2] + "/" + leaf.String()
}

// TestRacers: of many publishers that want one receipt, one executes.
func TestRacers(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 256 {
		by := []string{"pub", "pub2"}[i%2]
		wg.Go(func() {
			c, err := s.Claim(0, by)
			if err != nil {
				return
			}
			if _, err := s.Intend(0, by, c); err != nil {
				return
			}
			if _, err := s.Client(by).Execute(context.Background(), s.Fence(0, c.Claim.Epoch)); err == nil && c.Claim.State == "claimed" {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d racers opened the door", n)
	}
}
