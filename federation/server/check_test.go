package server

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// reached are the situations of a receipt that pub held, if anybody did.
var reached = map[string]func(*world, *story){
	"none":            func(*world, *story) {},
	"claimed":         func(w *world, s *story) { got(s.claim(0, "pub"))(w.t) },
	"claimed, intent": func(w *world, s *story) { got(s.intend(0, "pub", got(s.claim(0, "pub"))(w.t)))(w.t) },
	"executing":       func(_ *world, s *story) { s.executing(0, "pub") },
	"decided": func(w *world, s *story) {
		_, intent := s.executing(0, "pub")
		out := got(receipt.Open(s.outcomeOf(0, "pub", 1, intent.Position, nil).Envelope, w.core.active.Load().trust.Ring()))(w.t)
		got(w.core.ledger.Decide(context.Background(), s.receipt(0).ReceiptID, 1, w.keys["pub"].Public().ID(), claims.Success, frozenForm(out)))(w.t)
	},
	"closed": func(_ *world, s *story) { s.publish(0, "pub") },
	"revoked": func(w *world, s *story) {
		got(w.client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.receipt(0).ReceiptID, Reason: "no"}))(w.t)
	},
	"withdrawn": func(w *world, s *story) {
		got(s.claim(0, "pub"))(w.t)
		got(w.client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.receipt(0).ReceiptID, Reason: "no"}))(w.t)
	},
}

// since is what happens to the world afterwards. Background sweeps are off, so that nothing but
// the claim itself brings a claim further.
var since = map[string]func(*world, *story){
	"nothing":      func(*world, *story) {},
	"lease ended":  func(w *world, _ *story) { w.pass(w.opts.Config.Lease + time.Second) },
	"expired":      func(w *world, _ *story) { w.pass(w.opts.Config.ReceiptLifetime) },
	"clock behind": func(w *world, _ *story) { got(w.ready().claim(0, "pub2"))(w.t); w.pass(-5 * time.Minute) },
	"disk full":    func(w *world, _ *story) { w.free.Store(Reserve - 1) },
	"policy changed": func(w *world, _ *story) {
		must(w.t, os.WriteFile(filepath.Join(w.dir, "policy", "99-more.cedar"), []byte("// nothing\n"), 0o600))
		w.core.lookForChange(context.Background())
	},
	"publisher behind": func(w *world, s *story) {
		w.writeTrust(2, nil)
		w.core.lookForChange(context.Background())
		s.trust.Version = 1
	},
	"authority revoked": func(w *world, _ *story) {
		w.writeTrust(2, func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Origin: origin, Index: 0}} })
		w.core.lookForChange(context.Background())
	},
}

// atOnce is how many worlds of a table live side by side: they mostly wait for their disks.
const atOnce = 8

// TestCheckIsTheClaim: in every situation the six answers are what the claim then gets: nothing
// fails where it is granted, and where it is refused under one of the six codes that one fails.
func TestCheckIsTheClaim(t *testing.T) {
	var granted, cases atomic.Int64
	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for state, reach := range reached {
		for change, happen := range since {
			room <- struct{}{}
			wg.Go(func() {
				defer func() { <-room }()
				t.Run(state+"/"+change, func(t *testing.T) {
					w := newWorld(t)
					s := w.ready()
					w.core.stop()
					w.core.background.Wait()
					reach(w, s)
					happen(w, s)
					for _, by := range []string{"pub2", "pub"} { // a claim of pub's goes on from what pub2 left
						checks, asked := w.client(by).Check(context.Background(), s.wanted(0, by))
						_, err := s.claim(0, by)
						agree(t, checks, asked, err)
						if cases.Add(1); err == nil {
							granted.Add(1)
						}
					}
				})
			})
		}
	}
	wg.Wait()
	if granted.Load() == 0 {
		t.Error("control: no claim was granted")
	}
	t.Logf("%d of %d claims were granted", granted.Load(), cases.Load())
}

// agree compares the six answers with what the claim got.
func agree(t *testing.T, checks marketops.Checks, asked, claimed error) {
	t.Helper()
	first, failed := checks.FirstFailure()
	at := slices.IndexFunc(checks, func(c marketops.Check) bool { return c.Code == marketops.CodeOf(claimed) })
	switch {
	case claimed == nil:
		if failed || asked != nil {
			t.Errorf("granted, and the answers were %v %v", first, asked)
		}
	case marketops.CodeOf(claimed) == marketops.Expired: // the publisher's own question
	case slices.Contains(gate.CoreCodes, marketops.CodeOf(claimed)):
		if asked != nil || checks[at].Status != marketops.Fail {
			t.Errorf("refused %v, and the answers were %+v %v", claimed, checks, asked)
		}
	case !failed && marketops.CodeOf(asked) != marketops.CodeOf(claimed):
		t.Errorf("refused %v, and the answers were %+v %v", claimed, checks, asked)
	}
}
