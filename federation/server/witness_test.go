package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/logtest"
	"github.com/omega/marketops/receipt"
)

// TestWitnessedClock: no claim is granted before a time that witnesses have seen.
func TestWitnessedClock(t *testing.T) {
	w := newWorld(t)
	known, err := log.ParsePolicy(w.trust.LogPolicy)
	must(t, err)
	var at atomic.Int64
	at.Store(int64(w.now()))
	witness := logtest.Witness{Name: "w1.test", Key: logtest.Key(101)}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, raw, _ := bytes.Cut(body, []byte("\n\n"))
		cp, bad := known.Open(raw)
		if err != nil || bad != nil {
			http.Error(rw, "no", http.StatusForbidden)
			return
		}
		signed := witness
		signed.At = marketops.Time(at.Load())
		io.WriteString(rw, signed.Line(cp.Text()))
	}))
	defer srv.Close()
	w.down()
	w.writeTrust(2, func(f *receipt.TrustFile) {
		f.LogPolicy = fmt.Sprintf("log %s\nwitness w1 %s %s\nquorum w1\n", log.Vkey(origin, w.keys["checkpoint"].Public()), witness.Vkey(), srv.URL)
	})
	w.start()
	s := w.ready()
	at.Store(int64(w.now()) + 3600)
	next := w.ready()
	entries, _ := w.records(next.run)
	w.tree(entries[len(entries)-1].Position.Index)
	_, err = s.claim(0, "pub")
	wantCode(t, err, marketops.ClockUnsure)
	w.pass(time.Hour)
	got(s.claim(0, "pub"))(t)
	w.down() // while the witness still answers
}
