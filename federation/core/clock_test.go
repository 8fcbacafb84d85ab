package core_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
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
	reach func(*world.Run)
	call  func(*world.Run) error
	want  [4]marketops.Code
	after string // the claim after a call that is granted
}{
	{"S0 gate", func(*world.Run) {}, askGate,
		[4]marketops.Code{marketops.ClockUnsure, "", marketops.ClockUnsure, ""}, "none"},
	{"S1 claim", func(*world.Run) {}, func(s *world.Run) error { return errOf(s.Claim(0, "pub")) },
		[4]marketops.Code{marketops.ClockUnsure, marketops.Expired, marketops.ClockUnsure, ""}, "claimed"},
	{"S1 takeover by the owner", try, func(s *world.Run) error { return errOf(s.Claim(0, "pub")) },
		[4]marketops.Code{}, "executing"},
	{"S1 takeover by another", try, func(s *world.Run) error { return errOf(s.Claim(0, "pub2")) },
		[4]marketops.Code{marketops.OperationInFlight, "", marketops.OperationInFlight, marketops.OperationInFlight}, "executing"},
	{"S2 intent", func(s *world.Run) { got(s.Claim(0, "pub"))(s) }, func(s *world.Run) error { return errOf(s.Intend(0, "pub", got(s.Claim(0, "pub"))(s))) },
		[4]marketops.Code{}, "claimed"},
	{"S4 door", func(s *world.Run) { got(s.Intend(0, "pub", got(s.Claim(0, "pub"))(s)))(s) },
		func(s *world.Run) error { return errOf(s.Client("pub").Execute(context.Background(), s.Fence(0, 1))) },
		[4]marketops.Code{marketops.ClockUnsure, marketops.Expired, marketops.ClockUnsure, ""}, "executing"},
	{"S5 lease", try, func(s *world.Run) error { return errOf(s.Client("pub").Renew(context.Background(), s.Fence(0, 1))) },
		[4]marketops.Code{}, "executing"},
	{"S5 visible effect", try, func(s *world.Run) error { return errOf(s.Client("pub").Attempt(context.Background(), s.Effect(0, 1))) },
		[4]marketops.Code{marketops.ClockUnsure, marketops.Expired, marketops.ClockUnsure, ""}, "executing"},
	{"S7 outcome", try, report, [4]marketops.Code{}, "closed success"},
	{"resolve as success", lose, func(s *world.Run) error { return resolveAs(s, "success") },
		[4]marketops.Code{}, "closed success"},
	{"resolve as failed", lose, func(s *world.Run) error { return resolveAs(s, "failed") },
		[4]marketops.Code{marketops.OperationInFlight, "", marketops.OperationInFlight, marketops.OperationInFlight}, "closed failed"},
	{"revoke", func(*world.Run) {}, func(s *world.Run) error {
		return errOf(s.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "no"}))
	}, [4]marketops.Code{}, "revoked"},
}

// askGate returns the first of the gate's six answers that fails.
func askGate(s *world.Run) error {
	checks, err := s.Client("pub").Check(context.Background(), s.Wanted(0, "pub"))
	if c, failed := checks.FirstFailure(); failed {
		return marketops.Refuse(c.Code, c.Detail)
	}
	return err
}

// try executes and begins one visible effect.
func try(s *world.Run) {
	s.Execute(0, "pub")
	got(s.Client("pub").Attempt(context.Background(), s.Effect(0, 1)))(s)
}

// report hands in success for epoch 1 and sees that it got its place.
func report(s *world.Run) error {
	intent := s.EntryOf("intent")
	e, err := s.Client("pub").Outcome(context.Background(), s.OutcomeOf(0, "pub", 1, intent.Position, nil))
	if err == nil {
		s.Proved(s.Tree(e.Position.Index), e)
	}
	return err
}

// lose closes as unknown what began one visible effect.
func lose(s *world.Run) {
	s.Helper()
	try(s)
	rec := s.DecideUnlogged("pub", 1, s.EntryOf("intent").Position, claims.Unknown)
	got(s.Core.Append(context.Background(), rec))(s)
}

func resolveAs(s *world.Run, verdict receipt.Status) error {
	outcome, reason := s.EntryOf("outcome"), "I looked"
	rec := s.Resolution(verdict, outcome.Digest, outcome.Position, reason)
	evidence := []api.Evidence{{Digest: rec.Body.(*receipt.Resolution).Reason, Text: []byte(reason)}}
	return errOf(s.Client("bob").Resolve(context.Background(), api.Decided{Envelope: rec.Envelope, Evidence: evidence}))
}

// stateOf is the claim in words, without its epoch.
func stateOf(s *world.Run) string {
	s.Helper()
	c := s.State(0)
	return strings.TrimSpace(string(c.State) + " " + string(c.Outcome))
}

// TestClock: under a clock that cannot be believed nothing is begun, what was begun is brought into
// the log all the same, and what is refused moves nothing, the clock mark included.
func TestClock(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for n, c := range clocks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			w.Stop()
			w.Options.Config.Limits.MaxReceiptsPerRepository = len(clockSteps) + 3
			w.WriteTrust(2, validSince(w.Now()-marketops.Time(11*year/time.Second)))
			w.Start()
			var all []*world.Run
			for range clockSteps {
				all = append(all, w.Ready())
			}
			frozen, control := w.Ready(), w.Ready()
			w.Core.Quiet()
			for i, step := range clockSteps {
				step.reach(all[i])
			}
			frozen.DecidedAs(claims.Success)
			mark, _, err := w.Ledger.Marks(ctx)
			must(t, err)

			w.Pass(c.jump)
			if c.jump < 0 {
				w.Restart()
				w.Core.Quiet()
			}
			for i, step := range clockSteps {
				before := stateOf(all[i])
				err := step.call(all[i])
				if marketops.CodeOf(err) != step.want[n] {
					t.Errorf("%s: %v, want %q", step.name, err, step.want[n])
				}
				want := before
				if step.want[n] == "" {
					want = step.after
				}
				if is := stateOf(all[i]); is != want {
					t.Errorf("%s: %s → %s, want %s", step.name, before, is, want)
				}
			}
			now, _, err := w.Ledger.Marks(ctx)
			must(t, err)
			if now != mark {
				t.Errorf("the mark moved from %s to %s", mark, now)
			}
			w.Core.Sweep(ctx)
			if is := stateOf(frozen); is != "closed success" {
				t.Errorf("what was frozen before is %s", is)
			}

			w.Pass(-c.jump)
			if c.jump > 0 {
				w.Restart()
			}
			if _, err := control.Claim(0, "pub"); err != nil {
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

// TestClockBackAtRestart: a Core whose clock went back while it was stopped dates nothing before what it dated last.
func TestClockBackAtRestart(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	w.Pass(-30 * time.Minute)
	w.Restart()
	publish(s)
	requireAudit(w, w.Core.Trust())
}

// TestClockJumpsInClaim: a machine can sleep at any moment of a claim. Wherever the receipt's time ends between two
// looks at the clock, an audit accepts what was recorded.
func TestClockJumpsInClaim(t *testing.T) {
	t.Parallel()
	var left atomic.Int64
	w := world.New(t, func(w *world.World) {
		w.Options.Now = func() marketops.Time {
			if left.Add(-1) == 0 {
				w.Pass(w.Options.Config.ReceiptLifetime)
			}
			return w.Now()
		}
	})
	w.Core.Quiet()
	granted, refused := 0, 0
	for at := range int64(12) {
		s := w.Ready()
		left.Store(at + 1)
		_, err := s.Claim(0, "pub")
		if left.Store(0); s.State(0).State == api.StateClaimed { // the answer may have come too late
			granted++
		} else if refused++; marketops.CodeOf(err) == "" {
			t.Errorf("at %d: %v", at, err)
		}
	}
	if granted == 0 || refused == 0 {
		t.Errorf("%d granted, %d refused", granted, refused)
	}
	audited(w)
}
