package server

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

const year = 365 * 24 * time.Hour

// clocks are what a machine's clock may do under a Core, its publishers and persons. One that went
// back has the Core started again by it: until then it refuses requests from before its start.
var clocks = []struct {
	name string
	jump time.Duration
}{
	{"two hours back", -2 * time.Hour},
	{"25 hours ahead", 25 * time.Hour},
	{"ten years back", -10 * year},
	{"stands still", 0},
}

// clockSteps are the calls of the protocol about a receipt that stands where the step finds it,
// with the answer under each of the clocks.
var clockSteps = []struct {
	name  string
	reach func(*story)
	call  func(*story) error
	want  [4]marketops.Code
	after string // the claim after a call that is granted
}{
	{"S0 gate", func(*story) {}, (*story).gated,
		[4]marketops.Code{marketops.ClockUnsure, "", marketops.ClockUnsure, ""}, "none"},
	{"S1 claim", func(*story) {}, func(s *story) error { return errOf(s.claim(0, "pub")) },
		[4]marketops.Code{marketops.ClockUnsure, marketops.Expired, marketops.ClockUnsure, ""}, "claimed"},
	{"S1 takeover by the owner", (*story).tried, func(s *story) error { return errOf(s.claim(0, "pub")) },
		[4]marketops.Code{}, "executing"},
	{"S1 takeover by another", (*story).tried, func(s *story) error { return errOf(s.claim(0, "pub2")) },
		[4]marketops.Code{marketops.OperationInFlight, "", marketops.OperationInFlight, marketops.OperationInFlight}, "executing"},
	{"S2 intent", func(s *story) { got(s.claim(0, "pub"))(s.t) }, func(s *story) error { return errOf(s.intend(0, "pub", got(s.claim(0, "pub"))(s.t))) },
		[4]marketops.Code{}, "claimed"},
	{"S4 door", func(s *story) { got(s.intend(0, "pub", got(s.claim(0, "pub"))(s.t)))(s.t) },
		func(s *story) error { return errOf(s.client("pub").Execute(context.Background(), s.fence(0, 1))) },
		[4]marketops.Code{marketops.ClockUnsure, marketops.Expired, marketops.ClockUnsure, ""}, "executing"},
	{"S5 lease", (*story).tried, func(s *story) error { return errOf(s.client("pub").Renew(context.Background(), s.fence(0, 1))) },
		[4]marketops.Code{}, "executing"},
	{"S5 visible effect", (*story).tried, func(s *story) error { return errOf(s.client("pub").Attempt(context.Background(), s.fence(0, 1))) },
		[4]marketops.Code{marketops.ClockUnsure, marketops.Expired, marketops.ClockUnsure, ""}, "executing"},
	{"S7 outcome", (*story).tried, (*story).report, [4]marketops.Code{}, "closed success"},
	{"resolve as success", func(s *story) { s.lost() }, func(s *story) error { return s.resolveAs("success") },
		[4]marketops.Code{}, "closed success"},
	{"resolve as failed", func(s *story) { s.lost() }, func(s *story) error { return s.resolveAs("failed") },
		[4]marketops.Code{marketops.OperationInFlight, "", marketops.OperationInFlight, marketops.OperationInFlight}, "closed failed"},
	{"revoke", func(*story) {}, func(s *story) error {
		return errOf(s.client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.receipt(0).ReceiptID, Reason: "no"}))
	}, [4]marketops.Code{}, "revoked"},
}

// gated is the first of the gate's six answers that fails.
func (s *story) gated() error {
	checks, err := s.client("pub").Check(context.Background(), s.wanted(0, "pub"))
	if c, failed := checks.FirstFailure(); failed {
		return marketops.Refuse(c.Code, c.Detail)
	}
	return err
}

// tried is executing, with one visible effect begun.
func (s *story) tried() {
	s.executing(0, "pub")
	got(s.client("pub").Attempt(context.Background(), s.fence(0, 1)))(s.t)
}

// report hands in success for epoch 1 and sees that it got its place.
func (s *story) report() error {
	entries, names := s.records(s.run)
	intent := entries[slices.Index(names, "intent")]
	e, err := s.client("pub").Outcome(context.Background(), s.outcomeOf(0, "pub", 1, intent.Position, nil))
	if err == nil {
		s.proved(s.tree(e.Position.Index), e)
	}
	return err
}

// lost is closed as unknown, with one visible effect begun.
func (s *story) lost() {
	s.t.Helper()
	s.tried()
	entries, names := s.records(s.run)
	rec := s.decideUnlogged("pub", 1, entries[slices.Index(names, "intent")].Position, claims.Unknown)
	got(s.core.append(context.Background(), frozenForm(rec), rec))(s.t)
}

func (s *story) resolveAs(verdict receipt.Status) error {
	entries, names := s.records(s.run)
	outcome, head, reason := entries[slices.Index(names, "outcome")], s.head(), []byte("I looked")
	r := &receipt.Resolution{Header: head, RunID: s.run, ReceiptID: s.receipt(0).ReceiptID, Outcome: outcome.Digest, Position: outcome.Position,
		Verdict: verdict, Reason: head.Salted(reason)}
	rec := got(receipt.Seal(r, s.keys["bob"], receipt.SubjectOf("operation.json", s.digests[0])))(s.t)
	return errOf(s.client("bob").Resolve(context.Background(), api.Decided{Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: r.Reason, Text: reason}}}))
}

// state is the claim in words, without its epoch.
func (s *story) state() string {
	s.t.Helper()
	c := got(s.client("bob").ClaimState(context.Background(), s.receipt(0).ReceiptID))(s.t)
	return strings.TrimSpace(string(c.State) + " " + string(c.Outcome))
}

// TestClock: under a clock that cannot be believed nothing is begun, what was begun is brought into
// the log all the same, and what is refused moves nothing, the clock mark included.
func TestClock(t *testing.T) {
	ctx := context.Background()
	for n, c := range clocks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.down()
			w.opts.Config.Limits.MaxReceiptsPerRepository = len(clockSteps) + 3
			w.writeTrust(2, validSince(w.now()-marketops.Time(11*year/time.Second)))
			w.start()
			var all []*story
			for range clockSteps {
				all = append(all, w.ready())
			}
			frozen, control := w.ready(), w.ready()
			w.quiet()
			for i, step := range clockSteps {
				step.reach(all[i])
			}
			frozen.decidedAs(claims.Success)
			mark, _, err := w.core.ledger.Marks(ctx)
			must(t, err)

			w.pass(c.jump)
			if c.jump < 0 {
				w.restart()
				w.quiet()
			}
			for i, step := range clockSteps {
				before := all[i].state()
				err := step.call(all[i])
				if marketops.CodeOf(err) != step.want[n] {
					t.Errorf("%s: %v, want %q", step.name, err, step.want[n])
				}
				want := before
				if step.want[n] == "" {
					want = step.after
				}
				if is := all[i].state(); is != want {
					t.Errorf("%s: %s → %s, want %s", step.name, before, is, want)
				}
			}
			now, _, err := w.core.ledger.Marks(ctx)
			must(t, err)
			if now != mark {
				t.Errorf("the mark moved from %s to %s", mark, now)
			}
			w.core.Sweep(ctx)
			if is := frozen.state(); is != "closed success" {
				t.Errorf("what was frozen before is %s", is)
			}

			w.pass(-c.jump)
			if c.jump > 0 {
				w.restart()
			}
			if _, err := control.claim(0, "pub"); err != nil {
				t.Errorf("control: when the clock is right again: %v", err)
			}
		})
	}
}

// validSince lets every key begin earlier, so that keys' windows do not answer for the clock.
func validSince(at marketops.Time) func(*trust.File) {
	return func(f *trust.File) {
		lists := [][]trust.Key{f.Authorities, f.Advisory, f.Publishers, f.Ledger}
		for _, p := range f.Persons {
			lists = append(lists, p.Keys)
		}
		for _, keys := range lists {
			for i := range keys {
				keys[i].NotBefore = at
			}
		}
	}
}

// quiet keeps the background from finishing what the test looks at.
func (w *world) quiet() {
	w.core.stop()
	w.core.background.Wait()
}
