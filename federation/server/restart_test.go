package server

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// decideUnlogged freezes an outcome in the ledger as the Core does, and stops before it is appended.
func (s *story) decideUnlogged(by string, epoch int64, intent log.Position, o claims.Outcome) *receipt.Record {
	s.t.Helper()
	in := s.outcomeOf(0, by, epoch, intent, func(out *receipt.Outcome) {
		out.Status = receipt.Status(o)
		switch o {
		case claims.Failed:
			out.Code, out.Effects = marketops.GitHubDenied, []receipt.Effect{{Name: "tag", State: "absent"}}
		case claims.Unknown:
			out.Code, out.Effects = marketops.OutcomeUnknown, []receipt.Effect{{Name: "tag", State: "unknown"}}
		}
	})
	rec := got(receipt.Open(in.Envelope, s.core.active.Load().trust.Ring()))(s.t)
	got(s.core.ledger.Decide(context.Background(), s.receipt(0).ReceiptID, epoch, s.keys[by].Public().ID(), o, frozenForm(rec)))(s.t)
	return rec
}

// decidedAs executes as pub and decides without appending.
func (s *story) decidedAs(o claims.Outcome) *receipt.Record {
	s.t.Helper()
	_, intent := s.executing(0, "pub")
	return s.decideUnlogged("pub", 1, intent.Position, o)
}

// withdrawUnlogged revokes in the ledger, and stops before anything of it is appended.
func (s *story) withdrawUnlogged() {
	s.t.Helper()
	c := s.core
	i := got(c.receipt(context.Background(), s.receipt(0).ReceiptID))(s.t)
	rec, ev, err := c.mint.Revocation(i.spending(), "bob", "stop")
	must(s.t, err)
	must(s.t, c.texts.put(ev.Digest, ev.Text))
	must(s.t, c.ledger.Revoke(context.Background(), c.newClaim(claimRequest{i, c.mint.AuthorityKey()}), frozenForm(rec), func(_ claims.Claim, epoch int64) (claims.Record, error) {
		out, err := c.mint.Rejected(i.spending(), epoch, marketops.Revoked)
		return frozenForm(out), err
	}))
}

// resolveUnlogged closes an unknown outcome and resolves it in the ledger, and appends only the former.
func (s *story) resolveUnlogged() {
	s.t.Helper()
	rec := s.decidedAs(claims.Unknown)
	e := got(s.core.append(context.Background(), frozenForm(rec), rec))(s.t)
	head := s.head()
	r := &receipt.Resolution{Header: head, RunID: s.run, ReceiptID: s.receipt(0).ReceiptID, Outcome: e.Digest, Position: e.Position, Verdict: "success", Reason: head.Salted([]byte("seen"))}
	resolution := got(receipt.Seal(r, s.keys["bob"], receipt.SubjectOf("operation.json", s.digests[0])))(s.t)
	must(s.t, s.core.ledger.Resolve(context.Background(), s.receipt(0).ReceiptID, claims.Success, frozenForm(resolution)))
}

// standing is what a restarted Core should make of a receipt: "state outcome epoch", and the
// records of the run after the receipt.
type standing struct{ state, records string }

// halted are all the places in which a Core can be stopped, with what comes of each at once, when
// the receipt has expired meanwhile, and a day after that. Empty is the same as before.
var halted = []struct {
	name                string
	reach               func(*story)
	now, expired, later standing
}{
	{"unspent", func(*story) {}, standing{"none", ""}, standing{}, standing{}},
	{"claimed", func(s *story) { got(s.claim(0, "pub"))(s.t) },
		standing{"claimed 1", "claim"}, standing{"closed rejected 2", "claim outcome run-closed"}, standing{}},
	{"claimed, not appended", func(s *story) { s.claimUnlogged(0, "pub") },
		standing{"claimed 1", "claim"}, standing{"closed rejected 2", "claim outcome run-closed"}, standing{}},
	{"claimed again, neither appended", func(s *story) { s.claimUnlogged(0, "pub"); s.claimUnlogged(0, "pub") },
		standing{"claimed 2", "claim claim"}, standing{"closed rejected 3", "claim claim outcome run-closed"}, standing{}},
	{"intent not appended", func(s *story) {
		c := got(s.claim(0, "pub"))(s.t)
		must(s.t, s.core.ledger.Freeze(context.Background(), frozenForm(s.intentOf(0, "pub", c))))
	}, standing{"claimed 1", "claim intent"}, standing{"closed rejected 2", "claim intent outcome run-closed"}, standing{}},
	{"intent public", func(s *story) { got(s.intend(0, "pub", got(s.claim(0, "pub"))(s.t)))(s.t) },
		standing{"claimed 1", "claim intent"}, standing{"closed rejected 2", "claim intent outcome run-closed"}, standing{}},
	{"claimed again after the intent", func(s *story) {
		got(s.intend(0, "pub", got(s.claim(0, "pub"))(s.t)))(s.t)
		got(s.claim(0, "pub"))(s.t)
	}, standing{"claimed 2", "claim intent claim"}, standing{"closed rejected 3", "claim intent claim outcome run-closed"}, standing{}},
	{"executing", func(s *story) { s.executing(0, "pub") },
		standing{"executing 1", "claim intent"}, standing{}, standing{"closed unknown 2", "claim intent outcome run-closed"}},
	{"executing, taken over and not appended", func(s *story) { s.executing(0, "pub"); s.claimUnlogged(0, "pub") },
		standing{"executing 2", "claim intent claim"}, standing{}, standing{"closed unknown 3", "claim intent claim outcome run-closed"}},
	{"decided success", func(s *story) { s.decidedAs(claims.Success) },
		standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided failed", func(s *story) { s.decidedAs(claims.Failed) },
		standing{"closed failed 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided unknown", func(s *story) { s.decidedAs(claims.Unknown) },
		standing{"closed unknown 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided, stored", func(s *story) {
		rec := s.decidedAs(claims.Success)
		must(s.t, s.core.tree.Put(rec.Envelope, rec.LeafHash()))
	}, standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided, appended", func(s *story) {
		rec := s.decidedAs(claims.Success)
		must(s.t, s.core.tree.Put(rec.Envelope, rec.LeafHash()))
		got(s.core.tree.Append(context.Background(), rec.Leaf()))(s.t)
	}, standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"decided, index noted", func(s *story) {
		rec := s.decidedAs(claims.Success)
		must(s.t, s.core.tree.Put(rec.Envelope, rec.LeafHash()))
		must(s.t, s.core.ledger.Indexed(context.Background(), rec.LeafHash(), got(s.core.tree.Append(context.Background(), rec.Leaf()))(s.t)))
	}, standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"closed", func(s *story) { s.publish(0, "pub") },
		standing{"closed success 1", "claim intent outcome run-closed"}, standing{}, standing{}},
	{"resolved, not appended", func(s *story) { s.resolveUnlogged() },
		standing{"closed success 1", "claim intent outcome resolution run-closed"}, standing{}, standing{}},
	{"revoked, not appended", func(s *story) { s.withdrawUnlogged() },
		standing{"revoked 0", "revocation run-closed"}, standing{}, standing{}},
	{"withdrawn, not appended", func(s *story) { s.claimUnlogged(0, "pub"); s.withdrawUnlogged() },
		standing{"closed rejected 2", "claim revocation outcome run-closed"}, standing{}, standing{}},
}

// TestRestart stops the Core in every state of a claim. Started again it finishes by itself what is
// decided, keeps what is open, and has every record in the log, once and in its order; starting
// once more changes nothing, and what is still open can be brought to its end.
func TestRestart(t *testing.T) {
	for name, after := range map[string]time.Duration{"at once": 0, "expired": 2 * time.Hour, "a day later": 2*time.Hour + silence} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.down()
			w.opts.Config.Limits.MaxReceiptsPerRepository = len(halted)
			w.start()
			var all []*story
			for range halted {
				all = append(all, w.ready())
			}
			w.core.stop()
			w.core.background.Wait()
			for i, h := range halted {
				h.reach(all[i])
			}
			w.down()
			w.pass(after)
			w.start()
			for range 2 {
				for i, h := range halted {
					want := h.now
					if after > 0 && h.expired != (standing{}) {
						want = h.expired
					}
					if after > silence && h.later != (standing{}) {
						want = h.later
					}
					if is := all[i].stands(); is != want {
						t.Errorf("%s: %+v, want %+v", h.name, is, want)
					}
				}
				w.onceEach()
				w.restart()
			}
			for i, h := range halted {
				if all[i].open() && after == 0 {
					all[i].goesOn(h.name)
				}
			}
		})
	}
}

// stands is what has become of a story's receipt.
func (s *story) stands() (is standing) {
	s.t.Helper()
	c := got(s.client("bob").ClaimState(context.Background(), s.receipt(0).ReceiptID))(s.t)
	is.state = strings.Join(strings.Fields(string(c.State)+" "+string(c.Outcome)+" "+string(rune('0'+c.Epoch))), " ")
	if c.State == "none" {
		is.state = "none"
	}
	_, names := s.records(s.run)
	is.records = strings.Join(names[slices.Index(names, "receipt")+1:], " ")
	return is
}

func (s *story) open() bool {
	state, _, _ := strings.Cut(s.stands().state, " ")
	return state == "none" || state == "claimed" || state == "executing"
}

// goesOn brings an open receipt to success.
func (s *story) goesOn(name string) {
	s.t.Helper()
	ctx := context.Background()
	c := got(s.claim(0, "pub"))(s.t)
	e := got(s.intend(0, "pub", c))(s.t)
	got(s.client("pub").Execute(ctx, s.fence(0, c.Claim.Epoch)))(s.t)
	got(s.client("pub").Attempt(ctx, s.fence(0, c.Claim.Epoch)))(s.t)
	got(s.client("pub").Outcome(ctx, s.outcomeOf(0, "pub", c.Claim.Epoch, e.Position, nil)))(s.t)
	if is := s.stands(); !strings.HasPrefix(is.state, "closed success") {
		s.t.Errorf("%s, gone on: %+v", name, is)
	}
}

// onceEach asserts that the log holds each leaf once, and that nothing waits for its place.
func (w *world) onceEach() {
	w.t.Helper()
	if waiting := got(w.core.ledger.Unindexed(context.Background()))(w.t); len(waiting) != 0 {
		w.t.Errorf("%d records have no index", len(waiting))
	}
	tree := got(w.core.tip())(w.t)
	seen := map[log.Hash]uint64{}
	must(w.t, tree.Entries(0, tree.Checkpoint().Size, func(i uint64, entry []byte) error {
		if first, twice := seen[log.LeafHash(entry)]; twice {
			w.t.Errorf("leaf %d is leaf %d again", i, first)
		}
		seen[log.LeafHash(entry)] = i
		return nil
	}))
}

// TestRestartWithoutPublisher: a Core starts and serves although the key of a frozen outcome was
// taken out of the trust file; listed again, the outcome gets its place.
func TestRestartWithoutPublisher(t *testing.T) {
	w := newWorld(t)
	s := w.ready()
	w.core.stop()
	w.core.background.Wait()
	s.decidedAs(claims.Success)
	w.down()
	w.writeTrust(2, func(f *trust.File) { f.Publishers = f.Publishers[1:] })
	w.start()
	if is := s.stands(); is.state != "decided success 1" {
		t.Errorf("%+v", is)
	}
	w.down()
	w.writeTrust(3, nil)
	w.start()
	if is := s.stands(); is != (standing{"closed success 1", "claim intent outcome run-closed"}) {
		t.Errorf("listed again: %+v", is)
	}
}
