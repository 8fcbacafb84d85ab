package core_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// resolveUnlogged closes an unknown outcome and resolves it in the ledger, and appends only the former.
func resolveUnlogged(s *world.Run) {
	s.Helper()
	rec := s.DecidedAs(claims.Unknown)
	e := got(s.Core.Append(context.Background(), rec))(s)
	resolution := s.Resolution("success", e.Digest, e.Position, "seen")
	must(s, s.Ledger.Resolve(context.Background(), s.Receipt(0).ReceiptID, claims.Success, recorder.Frozen(resolution)))
}

// appendUnnoted decides success and appends it, and loses its place, which it returns.
func appendUnnoted(s *world.Run) (*receipt.Record, uint64) {
	s.Helper()
	rec := s.DecidedAs(claims.Success)
	return rec, got(s.Ledger.LoseIndex(func() error { return errOf(s.Core.Append(context.Background(), rec)) }))(s)
}

// standing is what a restarted Core should make of a receipt: "state outcome epoch", and the
// records of the run after the receipt.
type standing struct{ state, records string }

// halted are all the places in which a Core can be stopped, with what comes of each at once, when
// the receipt has expired meanwhile, and a day after that. Empty is the same as before.
var halted = []struct {
	name                string
	reach               func(*world.Run)
	now, expired, later standing
}{
	{"unspent", func(*world.Run) {}, standing{"none", ""}, standing{}, standing{}},
	{"claimed", func(s *world.Run) { got(s.Claim(0, "pub"))(s) },
		standing{"claimed 1", "claim"}, standing{"closed rejected 2", "claim outcome run-closed"}, standing{}},
	{"claimed, not appended", func(s *world.Run) { s.ClaimUnlogged(0, "pub") },
		standing{"claimed 1", "claim"}, standing{"closed rejected 2", "claim outcome run-closed"}, standing{}},
	{"claimed again, neither appended", func(s *world.Run) { s.ClaimUnlogged(0, "pub"); s.ClaimUnlogged(0, "pub") },
		standing{"claimed 2", "claim claim"}, standing{"closed rejected 3", "claim claim outcome run-closed"}, standing{}},
	{"intent not appended", func(s *world.Run) {
		c := got(s.Claim(0, "pub"))(s)
		s.Freeze(s.IntentOf(0, "pub", c))
	}, standing{"claimed 1", "claim intent"}, standing{"closed rejected 2", "claim intent outcome run-closed"}, standing{}},
	{"intent public", func(s *world.Run) { got(s.Intend(0, "pub", got(s.Claim(0, "pub"))(s)))(s) },
		standing{"claimed 1", "claim intent"}, standing{"closed rejected 2", "claim intent outcome run-closed"}, standing{}},
	{"claimed again after the intent", func(s *world.Run) {
		got(s.Intend(0, "pub", got(s.Claim(0, "pub"))(s)))(s)
		got(s.Claim(0, "pub"))(s)
	}, standing{"claimed 2", "claim intent claim"}, standing{"closed rejected 3", "claim intent claim outcome run-closed"}, standing{}},
	{"executing", func(s *world.Run) { s.Execute(0, "pub") },
		standing{"executing 1", "claim intent"}, standing{"closed rejected 2", "claim intent outcome run-closed"}, standing{}},
	{"tried", func(s *world.Run) { s.Try(0, "pub") },
		standing{"executing 1", "claim intent"}, standing{}, standing{"closed unknown 2", "claim intent outcome run-closed"}},
	{"tried, taken over and not appended", func(s *world.Run) { s.Try(0, "pub"); s.ClaimUnlogged(0, "pub") },
		standing{"executing 2", "claim intent claim"}, standing{}, standing{"closed unknown 3", "claim intent claim outcome run-closed"}},
	{"decided success", func(s *world.Run) { s.DecidedAs(claims.Success) },
		standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided failed", func(s *world.Run) { s.DecidedAs(claims.Failed) },
		standing{"closed failed 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided unknown", func(s *world.Run) { s.DecidedAs(claims.Unknown) },
		standing{"closed unknown 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided, stored", func(s *world.Run) { s.Store(s.DecidedAs(claims.Success)) },
		standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided, appended", func(s *world.Run) { appendUnnoted(s) },
		standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided, index noted", func(s *world.Run) {
		rec, index := appendUnnoted(s)
		must(s, s.Ledger.Indexed(context.Background(), rec.LeafHash(), index))
	}, standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"closed", func(s *world.Run) { s.Publish(0, "pub") },
		standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"resolved, not appended", func(s *world.Run) { resolveUnlogged(s) },
		standing{"closed success 1", "claim intent outcome resolution run-closed"}, standing{}, standing{}},
	{"revoked, not appended", func(s *world.Run) { s.WithdrawUnlogged() },
		standing{"revoked 0", "revocation run-closed"}, standing{}, standing{}},
	{"withdrawn, not appended", func(s *world.Run) { s.ClaimUnlogged(0, "pub"); s.WithdrawUnlogged() },
		standing{"closed rejected 2", "claim revocation outcome run-closed"}, standing{}, standing{}},
}

// TestRestart stops the Core in every state of a claim. Started again it finishes by itself what is
// decided, keeps what is open, and has every record in the log, once and in its order; starting
// once more changes nothing, and what is still open can be brought to its end.
func TestRestart(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"at once": 0, "expired": 2 * time.Hour, "a day later": 2*time.Hour + core.Silence} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			w.Stop()
			w.Options.Config.Limits.MaxReceiptsPerRepository = len(halted)
			w.Start()
			var all []*world.Run
			for range halted {
				all = append(all, w.Ready())
			}
			w.Core.Quiet()
			for i, h := range halted {
				h.reach(all[i])
			}
			w.Stop()
			w.Pass(after)
			w.Start()
			for range 2 {
				for i, h := range halted {
					want := h.now
					if after > 0 && h.expired != (standing{}) {
						want = h.expired
					}
					if after > core.Silence && h.later != (standing{}) {
						want = h.later
					}
					if is := stands(all[i]); is != want {
						t.Errorf("%s: %+v, want %+v", h.name, is, want)
					}
				}
				checkOnce(w)
				w.Restart()
			}
			for i, h := range halted {
				if open(all[i]) && after == 0 {
					goOn(all[i], h.name)
				}
			}
		})
	}
}

// stands is what has become of a run's receipt.
func stands(s *world.Run) (is standing) {
	s.Helper()
	c := s.State(0)
	is.state = strings.Join(strings.Fields(string(c.State)+" "+string(c.Outcome)+" "+string(rune('0'+c.Epoch))), " ")
	if c.State == "none" {
		is.state = "none"
	}
	_, names := s.Records(s.ID)
	is.records = strings.Join(names[slices.Index(names, "receipt")+1:], " ")
	return is
}

func open(s *world.Run) bool {
	state, _, _ := strings.Cut(stands(s).state, " ")
	return state == "none" || state == "claimed" || state == "executing"
}

// goOn brings an open receipt to success.
func goOn(s *world.Run, name string) {
	s.Helper()
	ctx := context.Background()
	c := got(s.Claim(0, "pub"))(s)
	e := got(s.Intend(0, "pub", c))(s)
	got(s.Client("pub").Execute(ctx, s.Fence(0, c.Claim.Epoch)))(s)
	got(s.Client("pub").Attempt(ctx, s.Effect(0, c.Claim.Epoch)))(s)
	got(s.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", c.Claim.Epoch, e.Position, nil)))(s)
	if is := stands(s); !strings.HasPrefix(is.state, "closed success") {
		s.Errorf("%s, gone on: %+v", name, is)
	}
}

// checkOnce asserts that the log holds each leaf once, and that nothing waits for its place.
func checkOnce(w *world.World) {
	w.Helper()
	if waiting := got(w.Ledger.Unindexed(context.Background()))(w); len(waiting) != 0 {
		w.Errorf("%d records have no index", len(waiting))
	}
	newest, _, err := w.Ledger.Newest(context.Background())
	must(w, err)
	tree := w.Tree(newest)
	seen := map[log.Hash]uint64{}
	must(w, tree.Entries(0, tree.Checkpoint().Size, func(i uint64, entry []byte) error {
		if first, twice := seen[log.LeafHash(entry)]; twice {
			w.Errorf("leaf %d is leaf %d again", i, first)
		}
		seen[log.LeafHash(entry)] = i
		return nil
	}))
}

// TestRestartWithoutPublisher: the outcome of a publisher that the next version of trust.json does not list gets
// its place, below that version.
func TestRestartWithoutPublisher(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	w.Core.Quiet()
	s.DecidedAs(claims.Success)
	w.Stop()
	w.WriteTrust(2, func(f *trust.File) { f.Publishers = f.Publishers[1:] })
	w.Start()
	if is := stands(s); is != (standing{"closed success 1", "claim intent outcome run-closed"}) {
		t.Errorf("%+v", is)
	}
	if v := w.Core.Trust().Version(); v != 2 {
		t.Errorf("version %d is in force", v)
	}
}
