package core_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/witness"
	witnessing "github.com/omega/marketops/log/witness/server"
	"github.com/omega/marketops/receipt/trust"
)

// TestWitnessedClock: no claim is granted before a time that witnesses have seen.
func TestWitnessedClock(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	var at atomic.Int64
	at.Store(int64(w.Now()))
	party, err := log.ParseVkey(log.Vkey(world.Origin, w.Keys["checkpoint"].Public()))
	must(t, err)
	who := logtest.Witness{Name: "w1.test", Key: logtest.Key(101)}
	cosigner, err := witness.Open(witness.Options{Name: who.Name, Signer: who.Key, Logs: []log.Party{party}, Dir: t.TempDir(),
		Now: func() marketops.Time { return marketops.Time(at.Load()) }})
	must(t, err)
	defer cosigner.Close()
	srv := httptest.NewServer(witnessing.Handler(cosigner, slog.New(slog.DiscardHandler)))
	defer srv.Close()
	w.Stop()
	w.WriteTrust(2, func(f *trust.File) {
		f.LogPolicy = fmt.Sprintf("log %s\nwitness w1 %s %s\nquorum w1\n", log.Vkey(world.Origin, w.Keys["checkpoint"].Public()), who.Vkey(), srv.URL)
	})
	w.Start()
	s := w.Ready()
	at.Store(int64(w.Now()) + 3600)
	next := w.Ready()
	entries, _ := w.Records(next.ID)
	w.Tree(entries[len(entries)-1].Position.Index)
	_, err = s.Claim(0, "pub")
	wantCode(t, err, marketops.ClockUnsure)
	w.Pass(time.Hour)
	got(s.Claim(0, "pub"))(t)
	w.Stop() // while the witness still answers
}
