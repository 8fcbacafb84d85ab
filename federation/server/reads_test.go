package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// seen is everything that an answer tells.
type seen struct {
	status int
	header http.Header
	body   string
}

func (s seen) String() string { return fmt.Sprintf("%d %s", s.status, s.body) }

func (s seen) equal(o seen) bool {
	return s.status == o.status && s.body == o.body && fmt.Sprint(s.header) == fmt.Sprint(o.header)
}

func (s seen) code() marketops.Code {
	var p api.Problem
	if s.status != http.StatusOK {
		json.Unmarshal([]byte(s.body), &p)
	}
	return p.Code
}

// outside is a Core as it is reached over TCP.
type outside struct {
	*world.World
	srv    *httptest.Server
	routes []string
}

func newOutside(t *testing.T, edits ...func(*world.World)) *outside {
	t.Helper()
	w := world.New(t, edits...)
	h := w.Handler()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	return &outside{w, srv, server.Routes(h)}
}

// request signs a call as one of the world's keys, "" as none. change may edit what is signed.
func (o *outside) request(name, method, path string, body []byte, change func(*receipt.Request)) *http.Request {
	o.Helper()
	req, err := http.NewRequest(method, o.srv.URL+path, bytes.NewReader(body))
	must(o, err)
	if name == "" {
		return req
	}
	r := &receipt.Request{Header: o.Head(), Method: method + " " + path, Body: marketops.DigestOf(body), Core: world.Origin, ExpiresAt: o.Now() + 60}
	if change != nil {
		change(r)
	}
	rec, err := receipt.Seal(r, o.Keys[name])
	must(o, err)
	req.Header.Set(api.RequestHeader, base64.StdEncoding.EncodeToString(rec.Envelope))
	return req
}

func (o *outside) do(c *http.Client, req *http.Request) seen {
	o.Helper()
	resp, err := c.Do(req)
	must(o, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(o, err)
	resp.Header.Del("Date")
	if len(resp.Header.Values(api.AnswerHeader)) == 1 {
		resp.Header.Set(api.AnswerHeader, "signed") // with a nonce
	}
	return seen{resp.StatusCode, resp.Header, string(b)}
}

// get reads over TCP.
func (o *outside) get(name, path string) seen {
	o.Helper()
	return o.do(o.srv.Client(), o.request(name, "GET", path, nil, nil))
}

// onSocket reads over the unix socket, without a key.
func (o *outside) onSocket(path string) seen {
	o.Helper()
	req, err := http.NewRequest("GET", "http://core"+path, nil)
	must(o, err)
	return o.do(thief(o.World), req)
}

// reading is one thing that may be read, and one of its form that is not there.
type reading struct{ route, there, absent string }

// published is a run of bob's on repository 7 that pub has claimed, and where all of it is read.
func (o *outside) published() (*world.Run, []reading) {
	o.Helper()
	s := o.Ready()
	got(s.Claim(0, "pub"))(o)
	entries, _ := o.Records(s.ID)
	o.Tree(entries[len(entries)-1].Position.Index)
	sub := s.Submission.Body.(*receipt.Submission)
	zeros := strings.Repeat("0", 64)
	out := []reading{
		{"GET /v1/runs/{run}", "/v1/runs/" + string(s.ID), "/v1/runs/r-" + zeros[:32]},
		{"GET /v1/runs/{run}", "/v1/runs/" + string(s.ID) + "?after=1&limit=1", "/v1/runs/r-" + zeros[:32] + "?after=1&limit=1"},
		{"GET /v1/claims/{receipt}", "/v1/claims/" + string(s.Receipt(0).ReceiptID), "/v1/claims/c-" + zeros[:32]},
		{"GET /v1/evidence/{digest}", "/v1/evidence/" + sub.Findings.Hex(), "/v1/evidence/" + zeros},
		{"GET /v1/evidence/{digest}", "/v1/evidence/" + sub.NotShipped.Hex(), "/v1/evidence/x"},
	}
	for _, e := range entries {
		out = append(out, reading{"GET /records/{path...}", "/records/" + log.RecordPath(e.Leaf), "/records/00/" + zeros + ".json"})
	}
	return s, out
}

// late is a publisher who is in no audience that was issued before.
func late(w *world.World) {
	w.Keys["late"] = world.NewKey(w)
	w.WriteTrust(2, func(f *trust.File) { f.Publishers = append(f.Publishers, w.TrustKey("late")) })
}

// TestReads goes over every route that is registered, as every kind of caller. Over TCP a caller without a key learns
// the log and who is there, and nothing else. One whose business a run is not is answered as if it were not there.
func TestReads(t *testing.T) {
	t.Parallel()
	o := newOutside(t, narrow)
	_, readings := o.published()
	late(o.World)
	o.Restart()
	o.srv.Config.Handler = o.Handler()
	open := map[string]string{"GET /checkpoint": "/checkpoint", "GET /tile/{path...}": "/tile/0/000.p/" + lastWidth(o), "GET /v1/info": "/v1/info"}
	covered := map[string]bool{}
	for route, path := range open {
		covered[route] = true
		for _, name := range []string{"", "bob", "mallory", "pub", "reader", "monitor"} {
			if a := o.get(name, path); a.status != http.StatusOK {
				t.Errorf("%s by %q: %s", path, name, a)
			}
		}
	}
	for _, r := range readings {
		covered[r.route] = true
		if a := o.onSocket(r.there); a.status != http.StatusOK {
			t.Errorf("%s on the socket: %s", r.there, a)
		}
		whole := o.get("reader", r.there)
		for _, name := range []string{"bob", "alice", "carol", "pub", "pub2", "reader", "monitor", "ledger"} {
			if a := o.get(name, r.there); a.status != http.StatusOK || !a.equal(whole) || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s by %s, whose business it is: %s", r.there, name, a)
			}
			if a := o.get(name, r.absent); a.status != http.StatusNotFound {
				t.Errorf("%s by %s: %s", r.absent, name, a)
			}
		}
		for _, name := range []string{"mallory", "dora", "late"} {
			a, absent := o.get(name, r.there), o.get(name, r.absent)
			if a.status != http.StatusNotFound || !a.equal(absent) {
				t.Errorf("%s by %s: %s %v, and what is not there: %s %v", r.there, name, a, a.header, absent, absent.header)
			}
		}
		for name, status := range map[string]int{"": http.StatusConflict, "mallory": http.StatusNotFound, "bob": http.StatusOK} {
			if a := o.do(o.srv.Client(), o.request(name, "HEAD", r.there, nil, nil)); a.status != status {
				t.Errorf("HEAD %s by %q: %s", r.there, name, a)
			}
		}
		for name, code := range map[string]marketops.Code{"": marketops.SignatureInvalid, "stranger": marketops.KeyUnknown,
			"authority": marketops.KeyUnknown, "advisory": marketops.KeyUnknown, "checkpoint": marketops.KeyUnknown} {
			a, absent := o.get(name, r.there), o.get(name, r.absent)
			if a.code() != code || a.header.Get("Content-Type") != absent.header.Get("Content-Type") || absent.code() != code || name == "" && !a.equal(absent) {
				t.Errorf("%s by the key %q: %s, want %s; what is not there: %s", r.there, name, a, code, absent)
			}
		}
	}
	for _, route := range o.routes {
		if path, isPost := strings.CutPrefix(route, "POST "); isPost {
			covered[route] = true
			o.mayPost(path)
		}
		if !covered[route] {
			t.Errorf("nothing is known about who may read %s", route)
		}
	}
	if len(o.routes) < 20 {
		t.Errorf("routes: %q", o.routes)
	}
}

// narrow lets dora approve for repository 8 alone, and alice and carol for everything.
func narrow(w *world.World) {
	w.Edit = func(f *trust.File) {
		for i, p := range f.Persons {
			if p.ID == "dora" {
				f.Persons[i].Groups = []string{"elsewhere"}
			}
		}
		f.Approvals = append(f.Approvals, trust.Rule{Kinds: []string{"*"}, Targets: []string{"github.com#8"}, Group: "elsewhere", Threshold: 1})
	}
}

func lastWidth(o *outside) string {
	return strings.Split(o.get("", "/checkpoint").body, "\n")[1]
}

// mayPost demands that the call refuses callers who have not the role for it, readers always, and that the control gets
// further than that.
func (o *outside) mayPost(path string) {
	o.Helper()
	role := map[string]string{"/v1/backup": "ledger"}
	for _, p := range []string{"submissions", "approvals", "authorize", "resolve", "revoke"} {
		role["/v1/"+p] = "bob"
	}
	for _, p := range []string{"check", "claim", "intent", "execute", "renew", "attempt", "outcome", "refusals"} {
		role["/v1/"+p] = "pub"
	}
	right, known := role[path]
	if !known {
		o.Errorf("who may POST %s?", path)
		return
	}
	unknown := []marketops.Code{marketops.KeyUnknown, marketops.ApproverUnknown}
	for _, name := range []string{"", "reader", "monitor", "stranger", "authority", "bob", "pub", "ledger"} {
		a := o.do(o.srv.Client(), o.request(name, "POST", path, []byte(`{"extra":1}`), nil))
		switch want := a.code(); {
		case name == "" && want != marketops.SignatureInvalid:
			o.Errorf("POST %s without a key: %s", path, a)
		case name != "" && name != right && !slices.Contains(unknown, want):
			o.Errorf("POST %s by %s: %s", path, name, a)
		case name == right && want != marketops.ReceiptMalformed:
			o.Errorf("control: POST %s by %s: %s", path, name, a)
		}
	}
}

// TestReadSignature: the signature of a read covers method, path and query, and lives as long as that of any call.
// The same read again is answered again.
func TestReadSignature(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	s, _ := o.published()
	path := "/v1/runs/" + string(s.ID) + "?after=0&limit=2"
	signedFor := func(method string) func(*receipt.Request) {
		return func(r *receipt.Request) { r.Method = method }
	}
	for name, c := range map[string]struct {
		code   marketops.Code
		path   string
		change func(*receipt.Request)
	}{
		"another limit":          {marketops.SignatureInvalid, path, signedFor("GET " + strings.Replace(path, "limit=2", "limit=1", 1))},
		"no query signed":        {marketops.SignatureInvalid, path, signedFor("GET /v1/runs/" + string(s.ID))},
		"a query signed, none":   {marketops.SignatureInvalid, "/v1/runs/" + string(s.ID), signedFor("GET " + path)},
		"an empty query":         {marketops.SignatureInvalid, "/v1/runs/" + string(s.ID) + "?", signedFor("GET /v1/runs/" + string(s.ID))},
		"another path":           {marketops.SignatureInvalid, path, signedFor("GET /v1/info")},
		"another method":         {marketops.SignatureInvalid, path, signedFor("POST " + path)},
		"another body":           {marketops.SignatureInvalid, path, func(r *receipt.Request) { r.Body = marketops.DigestOf([]byte("{}")) }},
		"another Core":           {marketops.AudienceMismatch, path, func(r *receipt.Request) { r.Core = "log.other" }},
		"expired":                {marketops.Expired, path, func(r *receipt.Request) { r.IssuedAt, r.ExpiresAt = r.IssuedAt-121, r.ExpiresAt-121 }},
		"from the future":        {marketops.NotYetValid, path, func(r *receipt.Request) { r.IssuedAt, r.ExpiresAt = r.IssuedAt+61, r.ExpiresAt+61 }},
		"an unknown member":      {marketops.ReceiptMalformed, path + "&more=1", nil},
		"a member twice":         {marketops.ReceiptMalformed, path + "&limit=2", nil},
		"a limit of 0":           {marketops.ReceiptMalformed, "/v1/runs/" + string(s.ID) + "?limit=0", nil},
		"a limit above the page": {marketops.ReceiptMalformed, fmt.Sprintf("/v1/runs/%s?limit=%d", s.ID, api.MaxPage+1), nil},
		"a negative index":       {marketops.ReceiptMalformed, "/v1/runs/" + string(s.ID) + "?after=-1", nil},
		"before the Core began": {"", path, func(r *receipt.Request) {
			r.IssuedAt, r.ExpiresAt = o.Core.Started()-1, o.Core.Started()+59
		}},
	} {
		if a := o.do(o.srv.Client(), o.request("bob", "GET", c.path, nil, c.change)); a.code() != c.code || (c.code == "") != (a.status == http.StatusOK) {
			t.Errorf("%s: %s, want %s", name, a, c.code)
		}
	}
	two := o.request("bob", "GET", path, nil, nil)
	two.Header.Add(api.RequestHeader, two.Header.Get(api.RequestHeader))
	if a := o.do(o.srv.Client(), two); a.code() != marketops.SignatureInvalid {
		t.Errorf("two requests: %s", a)
	}
	again := o.request("bob", "GET", path, nil, nil)
	for range 2 {
		if a := o.do(o.srv.Client(), again); a.status != http.StatusOK {
			t.Errorf("control: %s", a)
		}
	}
	post := o.request("bob", "POST", "/v1/authorize?x=1", []byte(`{"run":"`+string(s.ID)+`"}`), nil)
	if a := o.do(o.srv.Client(), post); a.code() != marketops.SignatureInvalid {
		t.Errorf("a call with a query: %s", a)
	}
}

// TestInfo: without a key it says who is there; which rules are active is for those who may read.
func TestInfo(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	if body := o.get("", "/v1/info").body; strings.Contains(body, "trust") || strings.Contains(body, "policy") || strings.Contains(body, "version") || !strings.Contains(body, world.Origin) {
		t.Errorf("without a key: %s", body)
	}
	for _, a := range []seen{o.get("monitor", "/v1/info"), o.onSocket("/v1/info")} {
		if !strings.Contains(a.body, "policy") || !strings.Contains(a.body, "trust") {
			t.Errorf("control: %s", a)
		}
	}
	if a := o.get("stranger", "/v1/info"); a.code() != marketops.KeyUnknown {
		t.Errorf("a key that is not listed: %s", a)
	}
}

// TestPublicRecords: records: public opens the record store and nothing else.
func TestPublicRecords(t *testing.T) {
	t.Parallel()
	o := newOutside(t, func(w *world.World) { w.Options.Config.Listen.Records = config.RecordsPublic })
	_, readings := o.published()
	for _, r := range readings {
		want := http.StatusConflict
		if strings.HasPrefix(r.there, "/records/") {
			want = http.StatusOK
		}
		if a := o.get("", r.there); a.status != want {
			t.Errorf("%s without a key: %s", r.there, a)
		}
		if a := o.get("bob", r.there); a.status != http.StatusOK {
			t.Errorf("control: %s: %s", r.there, a)
		}
	}
	if a := o.get("", readings[len(readings)-1].absent); a.code() != marketops.SignatureInvalid {
		t.Errorf("a record that is not there: %s", a)
	}
}

// TestCopiedEvidence: a record that names another run's evidence, even under its nonce, opens none of it.
func TestCopiedEvidence(t *testing.T) {
	t.Parallel()
	o := newOutside(t, narrow)
	s, _ := o.published()
	secret := s.Submission.Body.(*receipt.Submission)
	op := world.TagOp("v9.9.9")
	op.Target.RepositoryID = 9
	copied := o.NewRun(op)
	got(copied.SubmitAs("mallory", func(sub *receipt.Submission, in *api.Submit) {
		sub.Nonce, sub.Findings, sub.NotShipped = secret.Nonce, secret.Findings, secret.NotShipped
		in.Evidence = nil
	}))(t)
	path := "/v1/evidence/" + secret.Findings.Hex()
	if a := o.get("mallory", "/v1/runs/"+string(copied.ID)); a.status != http.StatusOK {
		t.Errorf("control: %s", a)
	}
	if a := o.get("mallory", path); a.status != http.StatusNotFound {
		t.Errorf("copied: %s", a)
	}
	if a := o.get("bob", path); a.status != http.StatusOK {
		t.Errorf("control: %s", a)
	}
}

// TestSecondVoter: a rejection by a person whom no rule lets judge the run stops it and shows them nothing.
func TestSecondVoter(t *testing.T) {
	t.Parallel()
	o := newOutside(t, narrow)
	s := o.NewRun().Submit()
	reject := func(a *receipt.Approval) { a.Verdict = receipt.Reject }
	o.Freeze(s.Vote("mallory", reject)) // a person whom an earlier trust file let judge
	got(s.VoteAs("alice", reject))(t)
	for name, want := range map[string]int{"mallory": http.StatusNotFound, "alice": http.StatusOK} {
		if a := o.get(name, "/v1/runs/"+string(s.ID)); a.status != want {
			t.Errorf("%s: %s", name, a)
		}
	}
}

// TestAuthorizeShowsNothing: authorize answers with records, so it knows no run that the caller may not read.
func TestAuthorizeShowsNothing(t *testing.T) {
	t.Parallel()
	o := newOutside(t, narrow)
	s, missing := o.NewRun().Submit().Approve("alice"), o.NewRun()
	ask := func(name string, id marketops.RunID) string {
		_, err := o.Client(name).Authorize(context.Background(), id)
		return strings.ReplaceAll(fmt.Sprint(err), string(id), "ID")
	}
	if there, absent := ask("mallory", s.ID), ask("mallory", missing.ID); there != absent || !strings.Contains(there, string(marketops.StateMissing)) {
		t.Errorf("%q, and what is not there: %q", there, absent)
	}
	if d := s.Decide(); !d.Authorized {
		t.Errorf("control: %+v", d)
	}
}

// TestRevokedReader: a reader whose key has ended or was revoked reads nothing any more.
func TestRevokedReader(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	s, _ := o.published()
	path := "/v1/runs/" + string(s.ID)
	if a := o.get("reader", path); a.status != http.StatusOK {
		t.Fatalf("control: %s", a)
	}
	o.WriteTrust(2, func(f *trust.File) {
		f.Readers[0].NotAfter = o.Now() + 5
		f.Readers[1].RevokedFrom = []log.Position{{Origin: world.Origin, Index: 0}}
	})
	o.Restart()
	o.srv.Config.Handler = o.Handler()
	o.Pass(10 * time.Second)
	for name, code := range map[string]marketops.Code{"reader": marketops.KeyOutsideValidity, "monitor": marketops.KeyRevoked} {
		if a := o.get(name, path); a.code() != code {
			t.Errorf("%s: %s, want %s", name, a, code)
		}
	}
}
