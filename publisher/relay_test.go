package publisher_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
)

// relay lies between a publisher and the Core. It holds no key; it can act before it hands on a call, and put
// another answer in place of the Core's.
type relay struct {
	stage  *stage
	before map[string]func()
	answer func(path string, honest said) said // nil hands on the Core's
	mu     sync.Mutex                          // of answer
}

// said is an answer. The zero value is none: the connection ends.
type said struct {
	status int
	header http.Header
	body   []byte
	call   http.Header // of the request
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
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if do := r.before[route(req.URL.Path)]; do != nil {
			do()
		}
		proxy.ServeHTTP(w, req)
	})}
	go srv.Serve(l)
	r.stage.Cleanup(func() { srv.Close() })
	return socket
}

func (r *relay) edit(resp *http.Response) error {
	if r.answer == nil {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.answer(resp.Request.URL.Path, said{resp.StatusCode, resp.Header.Clone(), body, resp.Request.Header})
	if out.status == 0 {
		return io.ErrUnexpectedEOF
	}
	resp.StatusCode, resp.Header, resp.Body, resp.ContentLength = out.status, out.header, io.NopCloser(bytes.NewReader(out.body)), int64(len(out.body))
	resp.Header.Del("Content-Length")
	return nil
}

// through has a seat reach the Core by a socket.
func (s *seat) through(socket string) {
	s.Helper()
	core := must(api.Dial(socket, world.Origin, s.Keys["pub"], s.Publisher.Trust, s.World.Now))
	s.Core, s.Log = core, view.New(core, s.World.Trust.Log(), filepath.Join(s.Dir, "memory-of-pub"))
}

// tape is what a relay heard: the newest answer to each route.
type tape map[string]said

// route is a path without the id of a claim.
func route(path string) string {
	if strings.HasPrefix(path, "/v1/claims/") {
		return "/v1/claims"
	}
	return path
}

// hear keeps an answer and hands it on.
func (t tape) hear(path string, honest said) said {
	t[route(path)] = honest
	return honest
}

// decides lists the routes whose answer decides what a publisher does.
var decides = []string{"/v1/claims", "/v1/check", "/v1/claim", "/v1/intent", "/v1/execute", "/v1/renew", "/v1/attempt", "/v1/outcome"}

// tampering is what a relay without a key can do to one answer. before is the relay's answer to the same route in an
// earlier run that was published, other is the answer that it handed on last.
var tampering = map[string]func(s *stage, honest, before, other said) said{
	"drop":    func(*stage, said, said, said) said { return said{} },
	"repeat":  func(_ *stage, _, before, _ said) said { return before },
	"reorder": func(_ *stage, _, _, other said) said { return other },
	"delay": func(s *stage, honest, _, _ said) said {
		s.Pass((time.Duration(receipt.MaxRequestAge) + 1) * time.Second)
		return honest
	},
	"unsign": func(_ *stage, honest, _, _ said) said { honest.header.Del(api.AnswerHeader); return honest },
	"edit": func(_ *stage, honest, _, _ said) said {
		honest.body = bytes.Replace(honest.body, []byte(`"`), []byte(` "`), 1) // the same JSON in other bytes
		return honest
	},
	"repeat body": func(_ *stage, honest, before, _ said) said { honest.body = before.body; return honest },
	"grant": func(_ *stage, honest, before, _ said) said {
		honest.status, honest.body = http.StatusOK, before.body
		return honest
	},
	"forge a refusal": func(_ *stage, honest, _, _ said) said {
		honest.status, honest.body = http.StatusConflict, []byte(`{"kind":"refusal","code":"revoked","what":"","state":"","next":"","checks":null}`)
		return honest
	},
	"forge an answer": func(_ *stage, honest, before, _ said) said {
		honest.body = before.body
		honest.header.Set(api.AnswerHeader, base64.StdEncoding.EncodeToString([]byte(`{}`)))
		return honest
	},
}

// TestRelay: something without a key between publisher and Core tampers with the answers of one route. Nothing is sent to GitHub
// that an honest answer would have stopped: in a run that a person rejects on the way nothing becomes visible, and one
// that nothing stops is published once, by the same command after the relay is gone.
func TestRelay(t *testing.T) {
	var all []tampered
	for _, at := range decides {
		for how := range tampering {
			all = append(all, tampered{at, how, false})
			if at != "/v1/outcome" { // of a rejected run there is none
				all = append(all, tampered{at, how, true})
			}
		}
	}
	n := 24
	if testing.Short() {
		n = 6
	}
	for _, c := range exhaustive.Sample(t, n, all) {
		t.Run(fmt.Sprintf("%s/%s/%t", strings.TrimPrefix(c.at, "/v1/"), strings.ReplaceAll(c.how, " ", "-"), c.stopped), c.happens)
	}
}

// tampered is one case: a route, what happens to its answers, and whether the run is rejected on the way.
type tampered struct {
	at, how string
	stopped bool
}

func (c tampered) happens(t *testing.T) {
	s, heard := newStage(t), tape{}
	control := s.authorised(s.tagOp())
	control.relayed(control.folder(), &relay{stage: s, answer: heard.hear})
	control.shipped(0)

	r, veto := s.authorised(s.tagOp()), func() {}
	if c.stopped {
		veto = sync.OnceFunc(func() { r.vote("carol", receipt.Reject) })
	}
	dir, struck, last := r.folder(), atomic.Bool{}, said{}
	r.relayed(dir, &relay{stage: s, before: map[string]func(){c.at: veto, "/v1/attempt": veto}, answer: func(path string, honest said) said {
		other := last
		last = said{honest.status, honest.header.Clone(), bytes.Clone(honest.body), nil}
		if route(path) != c.at {
			return honest
		}
		struck.Store(true)
		return tampering[c.how](s, honest, heard[c.at], other)
	}})
	if !struck.Load() {
		t.Fatalf("%s was never asked", c.at)
	}
	if c.stopped && len(r.visible(r.plan.Ops[0])) != 0 {
		t.Errorf("a rejected run became visible: %q", r.visible(r.plan.Ops[0]))
	}
	r.finish(dir, c.stopped)
}

// relayed publishes a run through a relay, and demands that what is said to be a success is one.
func (r *run) relayed(dir string, by *relay) {
	r.Helper()
	p := r.sit("pub", dir)
	defer p.leave()
	p.through(by.start())
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	if err == nil && results[0].Status == receipt.Success {
		r.shipped(0)
	}
}

// finish publishes without the relay.
func (r *run) finish(dir string, stopped bool) {
	r.Helper()
	r.leaseEnds()
	results, err := r.publish("pub", dir)
	r.ok(err)
	if stopped {
		if results[0].Status == receipt.Success && len(r.visible(r.plan.Ops[0])) == 0 {
			r.Errorf("%+v, and nothing is visible", results[0])
		}
		return
	}
	if results[0].Status != receipt.Success {
		r.Errorf("without the relay: %s, %v", results[0].Status, results[0].Err)
		return
	}
	r.shipped(0)
}
