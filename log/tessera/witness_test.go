package tessera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/witness"
	"github.com/omega/marketops/log/witness/server"
)

// cosigner is a witness of the test log with a switch.
type cosigner struct {
	logtest.Witness
	url  string
	down atomic.Bool
}

func startWitness(t *testing.T, n byte, at marketops.Time) *cosigner {
	t.Helper()
	c := &cosigner{Witness: logtest.Witness{Name: fmt.Sprintf("w%d.example", n), Key: logtest.Key(100 + n), At: at}}
	party, err := log.ParseVkey(logtest.New(origin, logtest.Key(1)).Vkey())
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(witness.Options{Name: c.Name, Signer: c.Key, Logs: []log.Party{party}, Dir: t.TempDir(), Now: func() marketops.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	h := server.Handler(w, slog.New(slog.DiscardHandler))
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if c.down.Load() {
			http.Error(rw, "not now", http.StatusServiceUnavailable)
			return
		}
		h.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() { s.Close(); w.Close() })
	c.url = s.URL
	return c
}

// quorum returns a policy of the test log with k of these witnesses.
func quorum(o Options, k int, cs ...*cosigner) string {
	text, group := "log "+log.Vkey(origin, o.Signer.Public())+"\n", fmt.Sprintf("group g %d", k)
	for i, c := range cs {
		text += fmt.Sprintf("witness w%d %s %s\n", i, c.Vkey(), c.url)
		group += fmt.Sprintf(" w%d", i)
	}
	return text + group + "\nquorum g\n"
}

func met(t *testing.T, policy string, raw []byte) *log.Checkpoint {
	t.Helper()
	p, err := log.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := p.Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

// TestWitnessesMustCosign: two of three suffice, one does not; what was appended meanwhile is
// published once the second is back.
func TestWitnessesMustCosign(t *testing.T) {
	w1, w2, w3 := startWitness(t, 1, 1000), startWitness(t, 2, 2000), startWitness(t, 3, 3000)
	o := options(t.TempDir())
	o.Policy = quorum(o, 2, w1, w2, w3)
	w := start(t, o)
	w3.down.Store(true)
	raw, err := w.Published(context.Background(), push(t, w, leaf(0)))
	if err != nil {
		t.Fatal(err)
	}
	if cp := met(t, o.Policy, raw); cp.Size != 1 {
		t.Fatalf("%+v", cp)
	}
	p, _ := log.ParsePolicy(o.Policy)
	if at, ok := p.CosignedAt(raw); !ok || at != 2000 {
		t.Errorf("cosigned at %v, %v", at, ok)
	}

	w2.down.Store(true)
	x := push(t, w, leaf(1))
	w.opts.PublishTimeout = 300 * time.Millisecond
	_, err = w.Published(context.Background(), x)
	wantCode(t, "witnesses down", err, marketops.QuorumUnmet)
	if err != nil && (!strings.Contains(err.Error(), "w2.example: it answered 503") || strings.Contains(err.Error(), "w1.example")) {
		t.Errorf("it does not say who is missing: %v", err)
	}
	if cp, err := w.Checkpoint(); err != nil || !bytes.Equal(cp, raw) {
		t.Errorf("checkpoint %q, %v", cp, err)
	}
	w2.down.Store(false)
	w.opts.PublishTimeout = o.PublishTimeout
	again, err := w.Published(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	if cp := met(t, o.Policy, again); cp.Size != 2 || strings.Contains(string(again), "w3.example") {
		t.Errorf("%q", again)
	}
}

// TestWitnessesAdded: a log that had none publishes a cosigned checkpoint as soon as it is opened
// with some, without a new entry, and is not opened without them.
func TestWitnessesAdded(t *testing.T) {
	o := options(t.TempDir())
	w := start(t, o)
	if _, err := w.Published(context.Background(), push(t, w, leaf(0))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	c := startWitness(t, 1, 1000)
	o.Policy = quorum(o, 1, c)
	c.down.Store(true)
	o.PublishTimeout = 300 * time.Millisecond
	if w, err := Open(context.Background(), o); !errors.Is(err, marketops.QuorumUnmet) {
		t.Fatalf("%v, %v", w, err)
	}
	c.down.Store(false)
	o.PublishTimeout = Default().PublishTimeout
	w = start(t, o)
	raw, err := w.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if cp := met(t, o.Policy, raw); cp.Size != 1 {
		t.Errorf("%+v", cp)
	}
}

// TestWitnessesThatMisbehave cost the log nothing while enough others do as they should.
func TestWitnessesThatMisbehave(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	stopped := make(chan int64, 64)
	for name, behave := range map[string]http.HandlerFunc{
		"redirects": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, other.URL+"/add-checkpoint", http.StatusTemporaryRedirect)
		},
		"talks for ever": func(rw http.ResponseWriter, r *http.Request) {
			n, err := int64(0), error(nil)
			for m := 0; err == nil && n < 1<<30; n += int64(m) {
				m, err = rw.Write(bytes.Repeat([]byte("a"), 1<<16))
			}
			stopped <- n
		},
		"another's signature": func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, raw, _ := bytes.Cut(body, []byte("\n\n"))
			text, _, _ := strings.Cut(string(raw), "\n\n")
			io.WriteString(rw, logtest.Witness{Name: "w2.example", Key: logtest.Key(7), At: 1000}.Line(text+"\n"))
		},
		"a size that no log has": func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "text/x.tlog.size")
			rw.WriteHeader(http.StatusConflict)
			io.WriteString(rw, "99999999\n")
		},
	} {
		bad := httptest.NewServer(behave)
		good, liar := startWitness(t, 1, 1000), &cosigner{Witness: logtest.Witness{Name: "w2.example", Key: logtest.Key(102)}, url: bad.URL}
		o := options(t.TempDir())
		o.Policy = quorum(o, 1, good, liar)
		w := start(t, o)
		raw, err := w.Published(context.Background(), push(t, w, leaf(0)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if cp := met(t, o.Policy, raw); cp.Size != 1 {
			t.Errorf("%s: %+v", name, cp)
		}
		o.Dir, o.PublishTimeout = t.TempDir(), 300*time.Millisecond
		o.RecordsDir, o.HighWater = t.TempDir(), t.TempDir()+"/mark"
		o.Policy = quorum(o, 2, startWitness(t, 1, 1000), liar)
		if _, err := Open(context.Background(), o); !errors.Is(err, marketops.QuorumUnmet) {
			t.Errorf("%s: alone it should not do: %v", name, err)
		}
		bad.Close()
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
	if n := <-stopped; n >= 1<<30 {
		t.Errorf("%d bytes of an answer were read", n)
	}
}

// TestWitnessesThatCannotBeAsked are a fault of the policy, and found before anything is written.
func TestWitnessesThatCannotBeAsked(t *testing.T) {
	o := options(t.TempDir())
	a, b := startWitness(t, 1, 1000), startWitness(t, 2, 1000)
	b.url = a.url + "/"
	o.Policy = quorum(o, 1, a, b)
	_, err := Open(context.Background(), o)
	wantCode(t, "two at one URL", err, marketops.ConfigInvalid)
	b.url = ""
	o.Policy = quorum(o, 1, a, b)
	_, err = Open(context.Background(), o)
	wantCode(t, "no URL", err, marketops.ConfigInvalid)
}

// TestEachWitnessHasItsOwnTime: one that needs half its time for each of two answers is waited for, beside one that
// never answers.
func TestEachWitnessHasItsOwnTime(t *testing.T) {
	good, slow := startWitness(t, 1, 1000), startWitness(t, 2, 1000)
	hanging := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer hanging.Close()
	first := atomic.Bool{}
	through, err := url.Parse(slow.url)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(through)
	delayed := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		time.Sleep(witnessTimeout * 6 / 10)
		if first.CompareAndSwap(false, true) {
			_, _ = io.Copy(io.Discard, r.Body)
			rw.Header().Set("Content-Type", "text/x.tlog.size")
			rw.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(rw, "0\n")
			return
		}
		forward.ServeHTTP(rw, r)
	}))
	defer delayed.Close()
	slow.url = delayed.URL
	o := options(t.TempDir())
	o.Policy = quorum(o, 2, good, slow, &cosigner{Witness: logtest.Witness{Name: "w3.example", Key: logtest.Key(103)}, url: hanging.URL})
	w := start(t, o)
	raw, err := w.Published(context.Background(), push(t, w, leaf(0)))
	if err != nil {
		t.Fatal(err)
	}
	if cp := met(t, o.Policy, raw); cp.Size != 1 {
		t.Errorf("%+v", cp)
	}
}

// TestForksByEitherStatus: a witness that cosigned another history is told from one in trouble, by 409 as by 422.
func TestForksByEitherStatus(t *testing.T) {
	for _, status := range []int{http.StatusConflict, http.StatusUnprocessableEntity} {
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { http.Error(rw, "no", status) }))
		o := options(t.TempDir())
		o.PublishTimeout = 300 * time.Millisecond
		o.Policy = quorum(o, 1, &cosigner{Witness: logtest.Witness{Name: "w1.example", Key: logtest.Key(101)}, url: s.URL})
		_, err := Open(context.Background(), o)
		wantCode(t, fmt.Sprint(status), err, marketops.QuorumUnmet)
		if err == nil || !strings.Contains(err.Error(), "does not extend the one that it cosigned") {
			t.Errorf("%d: %v", status, err)
		}
		s.Close()
	}
}
