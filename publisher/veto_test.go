package publisher_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// relay stands between a publisher and the Core. It holds no key; it can edit answers and act before it hands
// on a call.
type relay struct {
	stage  *stage
	hides  bool // rejections in the records of runs, and what a check says of them
	before map[string]func()
	hidden atomic.Int64
}

// start serves the relay on a socket of its own and returns its path.
func (r *relay) start() string {
	r.stage.Helper()
	dir := must(os.MkdirTemp("", "relay"))
	r.stage.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "core.sock")
	l := must(net.Listen("unix", socket))
	var dial net.Dialer
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.Out.URL.Scheme, p.Out.URL.Host = "http", "core" },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial.DialContext(ctx, "unix", r.stage.Socket)
		}},
		ModifyResponse: r.edit,
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if do := r.before[req.URL.Path]; do != nil {
			do()
		}
		proxy.ServeHTTP(w, req)
	})}
	go srv.Serve(l)
	r.stage.Cleanup(func() { srv.Close() })
	return socket
}

func (r *relay) edit(resp *http.Response) error {
	path := resp.Request.URL.Path
	if !r.hides || resp.StatusCode != http.StatusOK || path != "/v1/check" && !strings.HasPrefix(path, "/v1/runs/") {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err == nil && path == "/v1/check" {
		body, err = r.editAnswers(body)
	} else if err == nil {
		body, err = r.editRecords(body)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return err
}

func (r *relay) editAnswers(body []byte) ([]byte, error) {
	var a api.Answers
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	for i := range a.Checks {
		if a.Checks[i].Status == marketops.Fail {
			r.hidden.Add(1)
		}
		a.Checks[i] = marketops.Check{Code: a.Checks[i].Code, Status: marketops.Pass}
	}
	return json.Marshal(a)
}

func (r *relay) editRecords(body []byte) ([]byte, error) {
	var run api.RunRecords
	if err := json.Unmarshal(body, &run); err != nil {
		return nil, err
	}
	run.Entries = slices.DeleteFunc(run.Entries, func(e api.Entry) bool {
		rec, err := receipt.Open(e.Envelope, r.stage.Trust.Ring())
		if err != nil {
			return false
		}
		a, ok := rec.Body.(*receipt.Approval)
		if ok && a.Verdict == receipt.Reject {
			r.hidden.Add(1)
			return true
		}
		return false
	})
	return json.Marshal(run)
}

// through has a seat reach the Core by a socket, and takes the votes from there, as the command does.
func (s *seat) through(socket string) {
	s.Helper()
	core := must(api.Dial(socket, world.Origin, s.Keys["pub"], s.World.Now))
	s.Core, s.Log = core, view.New(core, s.World.Trust.Log(), s.TempDir())
	all := must(core.Records(context.Background(), s.plan.ID))
	var votes []api.Entry
	for _, e := range all.Entries {
		if e.Name == receipt.KindApproval {
			votes = append(votes, e)
		}
	}
	for _, j := range s.jobs {
		j.Approvals = publisher.OpenRecords(s.Publisher.Trust, votes...)
	}
}

// writes counts the calls that could have changed GitHub.
func (s *stage) writes() (n int) {
	for _, r := range s.hub.Requests() {
		if r.Method != http.MethodGet {
			n++
		}
	}
	return n
}

// TestHiddenVeto: a relay without any key hides a rejection from an honest publisher. Nothing is published, for
// the Core refuses the claim. Controls: the relay that hides nothing has the gate refuse, and without a rejection
// both publish.
func TestHiddenVeto(t *testing.T) {
	for name, c := range map[string]struct {
		hides, vetoed bool
		status        receipt.Status
	}{
		"a hidden veto":   {true, true, publisher.Refused},
		"a shown veto":    {false, true, publisher.Refused},
		"nothing to hide": {true, false, receipt.Success},
		"honest":          {false, false, receipt.Success},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r := s.authorised(s.tagOp())
			if c.vetoed {
				s.Tree(r.vote("carol", receipt.Reject).Position.Index)
			}
			p := r.sit("pub", r.folder())
			defer p.leave()
			relay := &relay{stage: s, hides: c.hides}
			p.through(relay.start())
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			s.ok(err)
			if results[0].Status != c.status {
				t.Fatalf("%s: %v", results[0].Status, results[0].Err)
			}
			if hidden := relay.hidden.Load() > 0; hidden != (c.hides && c.vetoed) {
				t.Errorf("the relay hid %d answers", relay.hidden.Load())
			}
			if !c.vetoed {
				r.shipped(0)
				return
			}
			world.WantCode(t, results[0].Err, marketops.RejectedByApprover)
			refusals := 1 // of the publisher's gate
			if c.hides {
				refusals = 2 // the Core refuses the claim, and the publisher says that it was refused
			}
			if st := r.told(0); s.writes() != 0 || len(r.visible(r.plan.Ops[0])) != 0 || len(st.claims) != 0 || len(st.refusals) != refusals {
				t.Errorf("%d writes; the log has %q", s.writes(), st.names)
			}
		})
	}
}

// TestVetoOnTheWay: a rejection at any moment before the first visible effect stops the publisher under its own
// code, with nothing visible, and the ledger ends the claim; publishing again says so. One that comes after it
// stops nothing.
func TestVetoOnTheWay(t *testing.T) {
	for path, want := range map[string]receipt.Status{"/v1/claim": publisher.Refused, "/v1/intent": receipt.Rejected, "/v1/execute": receipt.Rejected,
		"/v1/renew": receipt.Rejected, "/v1/attempt": receipt.Rejected, "/v1/outcome": receipt.Success} {
		t.Run(strings.TrimPrefix(path, "/v1/"), func(t *testing.T) {
			s := newStage(t)
			r := s.authorised(s.releaseOp())
			dir := r.folder()
			p := r.sit("pub", dir)
			var veto atomic.Bool
			relay := &relay{stage: s, before: map[string]func(){path: func() {
				if !veto.Swap(true) {
					r.vote("carol", receipt.Reject)
				}
			}}}
			p.through(relay.start())
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			s.ok(err)
			waiting := p.Outbox.Pending()
			p.leave()
			if results[0].Status != want || waiting != 0 || !veto.Load() {
				t.Fatalf("%s: %v; %d records wait", results[0].Status, results[0].Err, waiting)
			}
			if want == receipt.Success {
				r.shipped(0)
				return
			}
			world.WantCode(t, results[0].Err, marketops.RejectedByApprover)
			if seen := r.visible(r.plan.Ops[0]); len(seen) != 0 {
				t.Errorf("visible: %q", seen)
			}
			if want == publisher.Refused {
				return
			}
			if o := r.outcome(0); o.Status != receipt.Rejected || o.Code != marketops.RejectedByApprover {
				t.Errorf("%+v", o)
			}
			again, err := r.publish("pub", dir)
			s.ok(err)
			if again[0].Status != receipt.Rejected || !again[0].Already {
				t.Errorf("the second time: %+v", again[0])
			}
			world.WantCode(t, again[0].Err, marketops.RejectedByApprover)
		})
	}
}
