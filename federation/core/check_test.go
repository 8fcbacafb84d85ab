package core_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// reached are the situations of a receipt that pub held, if anybody did.
var reached = map[string]func(*world.World, *world.Run){
	"none":            func(*world.World, *world.Run) {},
	"claimed":         func(w *world.World, s *world.Run) { got(s.Claim(0, "pub"))(w) },
	"claimed, intent": func(w *world.World, s *world.Run) { got(s.Intend(0, "pub", got(s.Claim(0, "pub"))(w)))(w) },
	"executing":       func(_ *world.World, s *world.Run) { s.Execute(0, "pub") },
	"tried":           func(_ *world.World, s *world.Run) { s.Try(0, "pub") },
	"decided": func(w *world.World, s *world.Run) {
		_, intent := s.Try(0, "pub")
		out := got(receipt.Open(s.OutcomeOf(0, "pub", 1, intent.Position, nil).Envelope, w.Core.Trust().Ring()))(w)
		got(w.Ledger.Decide(context.Background(), s.Receipt(0).ReceiptID, 1, w.Keys["pub"].Public().ID(), claims.Success, recorder.Frozen(out)))(w)
	},
	"closed": func(_ *world.World, s *world.Run) { s.Publish(0, "pub") },
	"revoked": func(w *world.World, s *world.Run) {
		got(w.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "no"}))(w)
	},
	"withdrawn": func(w *world.World, s *world.Run) {
		got(s.Claim(0, "pub"))(w)
		got(w.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "no"}))(w)
	},
}

// since is what happens to the world afterwards. Background sweeps are off, so that nothing but
// the claim itself brings a claim further.
var since = map[string]func(*world.World, *world.Run){
	"nothing":      func(*world.World, *world.Run) {},
	"lease ended":  func(w *world.World, _ *world.Run) { w.Pass(w.Options.Config.Lease + time.Second) },
	"expired":      func(w *world.World, _ *world.Run) { w.Pass(w.Options.Config.ReceiptLifetime) },
	"clock behind": func(w *world.World, _ *world.Run) { got(w.Ready().Claim(0, "pub2"))(w); w.Pass(-5 * time.Minute) },
	"disk full":    func(w *world.World, _ *world.Run) { w.SetFree(core.Reserve - 1) },
	"policy changed": func(w *world.World, _ *world.Run) {
		must(w, os.WriteFile(filepath.Join(w.Dir, "policy", "99-more.cedar"), []byte("// nothing\n"), 0o600))
		w.Core.ReloadChanged(context.Background())
	},
	"publisher behind": func(w *world.World, s *world.Run) {
		w.WriteTrust(2, nil)
		w.Core.ReloadChanged(context.Background())
		s.File.Version = 1
	},
	"authority revoked": func(w *world.World, _ *world.Run) {
		w.WriteTrust(2, func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Origin: world.Origin, Index: 0}} })
		w.Core.ReloadChanged(context.Background())
	},
}

// situation is a state that was reached, and what happened to the world since.
type situation struct{ state, change string }

// situations are a sample of all combinations, and the one in which a claim must be granted.
func situations(t *testing.T) []situation {
	var all []situation
	for _, state := range slices.Sorted(maps.Keys(reached)) {
		for _, change := range slices.Sorted(maps.Keys(since)) {
			if state != "none" || change != "nothing" {
				all = append(all, situation{state, change})
			}
		}
	}
	return append(exhaustive.Sample(t, 16, all), situation{"none", "nothing"})
}

// TestCheckIsTheClaim: in every situation the six answers are what the claim then gets: nothing
// fails where it is granted, and where it is refused under one of the six codes that one fails.
func TestCheckIsTheClaim(t *testing.T) {
	t.Parallel()
	var granted, cases atomic.Int64
	t.Cleanup(func() {
		if granted.Load() == 0 {
			t.Error("control: no claim was granted")
		}
		t.Logf("%d of %d claims were granted", granted.Load(), cases.Load())
	})
	for _, c := range situations(t) {
		t.Run(c.state+"/"+c.change, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			s := w.Ready()
			w.Core.Quiet()
			reached[c.state](w, s)
			since[c.change](w, s)
			for _, by := range []string{"pub2", "pub"} { // a claim of pub's continues from what pub2 left
				checks, asked := w.Client(by).Check(context.Background(), s.Wanted(0, by))
				_, err := s.Claim(0, by)
				agree(t, checks, asked, err)
				if cases.Add(1); err == nil {
					granted.Add(1)
				}
			}
		})
	}
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
