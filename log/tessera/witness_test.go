package tessera

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/logtest"
)

// witnessServer cosigns what the log signed (C2SP tlog-witness add-checkpoint), while it is up.
// It is no judge of consistency: the guard is tested elsewhere.
func witnessServer(t *testing.T, w logtest.Witness, up *atomic.Bool) string {
	p := logtest.New(origin, logtest.Key(1)).Policy()
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, raw, ok := bytes.Cut(body, []byte("\n\n"))
		cp, oerr := p.Open(raw)
		if err != nil || !ok || oerr != nil || r.URL.Path != "/add-checkpoint" || !up.Load() {
			http.Error(rw, "no", http.StatusForbidden)
			return
		}
		io.WriteString(rw, w.Line(cp.Text()))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestWitnessesMustCosign(t *testing.T) {
	w1 := logtest.Witness{Name: "w1.example", Key: logtest.Key(101), At: 1000}
	w2 := logtest.Witness{Name: "w2.example", Key: logtest.Key(102), At: 2000}
	w3 := logtest.Witness{Name: "w3.example", Key: logtest.Key(103), At: 3000}
	var up, down atomic.Bool
	up.Store(true)
	o := options(t.TempDir())
	o.Policy = fmt.Sprintf("log %s\nwitness w1 %s %s\nwitness w2 %s %s\nwitness w3 %s %s\ngroup g 2 w1 w2 w3\nquorum g\n",
		log.Vkey(origin, o.Signer.Public()), w1.Vkey(), witnessServer(t, w1, &up), w2.Vkey(), witnessServer(t, w2, &up), w3.Vkey(), witnessServer(t, w3, &down))
	p, err := log.ParsePolicy(o.Policy)
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, o)
	raw, err := w.Published(context.Background(), push(t, w, leaf(0)))
	if err != nil {
		t.Fatal(err)
	}
	if cp, err := p.Open(raw); err != nil || cp.Size != 1 {
		t.Fatalf("%+v, %v", cp, err)
	}
	if at, ok := p.CosignedAt(raw); !ok || at != 2000 {
		t.Errorf("cosigned at %v, %v", at, ok)
	}

	up.Store(false)
	x := push(t, w, leaf(1))
	w.opts.PublishTimeout = 300 * time.Millisecond
	_, err = w.Published(context.Background(), x)
	wantCode(t, "witnesses down", err, marketops.QuorumUnmet)
	if cp, err := w.Checkpoint(); err != nil || !bytes.Equal(cp, raw) {
		t.Errorf("checkpoint %q, %v", cp, err)
	}
	up.Store(true)
	w.opts.PublishTimeout = o.PublishTimeout
	again, err := w.Published(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	if cp, err := p.Open(again); err != nil || cp.Size != 2 || strings.Contains(string(again), "w3.example") {
		t.Errorf("%q, %v", again, err)
	}
}
