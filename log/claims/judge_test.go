package claims

import (
	"errors"
	"testing"
	"time"

	"github.com/omega/marketops"
)

func TestClockMark(t *testing.T) {
	f := open(t)
	f.clock.set(start + 1000)
	f.claim(ask(1, alice))
	n := ask(2, alice)
	f.clock.set(start + 1000 - 61)
	_, _, err := f.Claim(ctx, n)
	wantCode(t, err, marketops.ClockUnsure)
	wantCode(t, f.Check(ctx, n), marketops.ClockUnsure)
	_, err = f.Execute(ctx, ask(1, alice).Receipt, 1, alice, lease, pass)
	wantCode(t, err, marketops.ClockUnsure)
	f.reopen() // the mark is on disk
	wantCode(t, f.Check(ctx, n), marketops.ClockUnsure)
	f.clock.set(start + 1000 - 60)
	f.claim(n) // control: within the skew
	if clock, trust, err := f.Marks(ctx); err != nil || clock != start+1000 || trust != 3 {
		t.Fatalf("marks %v %d %v", clock, trust, err)
	}
}

func TestRefusedClaimDoesNotMoveTheMark(t *testing.T) {
	f := open(t)
	f.claim(ask(1, alice))
	f.clock.set(start + 5000)
	n := ask(2, alice)
	n.OpKey = ask(1, alice).OpKey
	_, _, err := f.Claim(ctx, n)
	wantCode(t, err, marketops.OperationInFlight)
	if clock, _, _ := f.Marks(ctx); clock != start {
		t.Fatalf("mark at %s", clock)
	}
}

func TestLowerMark(t *testing.T) {
	f := open(t)
	f.clock.set(start + 3600)
	f.claim(ask(1, alice))
	f.clock.set(start)
	wantCode(t, f.Check(ctx, ask(2, alice)), marketops.ClockUnsure)
	for _, to := range []marketops.Time{start + 3600, start + 3601} {
		if err := f.LowerMark(ctx, to, "up"); !errors.Is(err, errMalformed) {
			t.Errorf("mark moved to %s: %v", to, err)
		}
	}
	if err := f.LowerMark(ctx, start, ""); !errors.Is(err, errMalformed) {
		t.Errorf("mark lowered for no reason: %v", err)
	}
	wantCode(t, f.LowerMark(ctx, start, "the clock ran ahead"), "")
	f.claim(ask(2, alice))
	h := must[[]Transition](t)(f.History(ctx, ""))
	if len(h) != 1 || h[0].Reason != "the clock ran ahead" || string(h[0].From) != (start+3600).String() {
		t.Fatalf("history %+v", h)
	}
}

func TestTrustMark(t *testing.T) {
	f := open(t)
	n := ask(1, alice)
	n.Trust = 0
	_, _, err := f.Claim(ctx, n)
	wantCode(t, err, marketops.TrustRolledBack)
	n.Trust = 5
	f.claim(n)
	f.reopen()
	m := ask(2, alice)
	m.Trust = 4
	_, _, err = f.Claim(ctx, m)
	wantCode(t, err, marketops.TrustRolledBack)
	n.Trust = 4
	_, _, err = f.Takeover(ctx, n)
	wantCode(t, err, marketops.TrustRolledBack)
	m.Trust = 5
	f.claim(m)
}

func TestTrustSeenWithoutClaim(t *testing.T) {
	f := open(t)
	wantCode(t, f.SeeTrust(ctx, 0), marketops.TrustRolledBack)
	wantCode(t, f.SeeTrust(ctx, 3), "")
	f.reopen()
	wantCode(t, f.SeeTrust(ctx, 2), marketops.TrustRolledBack)
	n := ask(1, alice)
	n.Trust = 2
	_, _, err := f.Claim(ctx, n)
	wantCode(t, err, marketops.TrustRolledBack)
	n.Trust = 3
	f.claim(n)
}

func TestExpiry(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Claimed, "")
	x, _ := f.walk(2, Executing, "")
	f.clock.set(expiry - 61)
	must[int](t)(f.Attempt(ctx, x.Receipt, 1, alice, "tag", pass))
	wantCode(t, f.Check(ctx, ask(3, alice)), "")
	f.clock.set(expiry - 60)
	_, err := f.Execute(ctx, n.Receipt, 1, alice, lease, pass)
	wantCode(t, err, marketops.Expired)
	_, err = f.Attempt(ctx, x.Receipt, 1, alice, "tag", pass)
	wantCode(t, err, marketops.Expired)
	_, _, err = f.Claim(ctx, ask(3, alice))
	wantCode(t, err, marketops.Expired)
	must[Claim](t)(f.Decide(ctx, x.Receipt, 1, alice, Unknown, x.outcome(1, Unknown))) // the way out stays open
}

func TestGuardDecidesInsideTheTransaction(t *testing.T) {
	f := open(t)
	n, c := f.walk(1, Claimed, "")
	_, err := f.Execute(ctx, n.Receipt, 1, alice, lease, func(got Claim, _ []Record) error {
		if got != c {
			t.Errorf("guard saw %+v", got)
		}
		return marketops.Refuse(marketops.KeyRevoked, "")
	})
	wantCode(t, err, marketops.KeyRevoked)
	_, err = f.Execute(ctx, n.Receipt, 1, alice, lease, nil)
	wantCode(t, err, marketops.LedgerUnavailable)
	_, err = f.Execute(ctx, n.Receipt, 1, alice, lease, func(Claim, []Record) error { panic("guard") })
	wantCode(t, err, marketops.LedgerUnavailable)
	if got := f.get(n); got != c {
		t.Fatalf("refused, yet %+v", got)
	}
	must[Claim](t)(f.Execute(ctx, n.Receipt, 1, alice, lease, pass))
}

func TestUnloggedOutcomeStopsNewClaims(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Decided, Success)
	f.clock.add(10 * time.Second)
	f.claim(ask(2, alice)) // control: ten seconds are granted
	f.clock.add(time.Second)
	_, _, err := f.Claim(ctx, ask(3, alice))
	wantCode(t, err, marketops.LogUnavailable)
	wantCode(t, f.Check(ctx, ask(3, alice)), marketops.LogUnavailable)
	f.claim(ask(2, alice)) // a claim that is held already goes on
	wantCode(t, f.Indexed(ctx, n.outcome(1, Success).Leaf, 4), "")
	f.claim(ask(3, alice))
}

func TestMalformedClaimsAreRefused(t *testing.T) {
	f := open(t)
	for name, change := range map[string]func(*NewClaim){
		"zero":     func(n *NewClaim) { *n = NewClaim{} },
		"receipt":  func(n *NewClaim) { n.Receipt = "c-1" },
		"run":      func(n *NewClaim) { n.Run = "" },
		"op key":   func(n *NewClaim) { n.OpKey = marketops.Digest{} },
		"op":       func(n *NewClaim) { n.OpDigest = marketops.Digest{} },
		"digest":   func(n *NewClaim) { n.ReceiptDigest = marketops.Digest{} },
		"kind":     func(n *NewClaim) { n.Kind = "" },
		"owner":    func(n *NewClaim) { n.Owner = "" },
		"expiry":   func(n *NewClaim) { n.ExpiresAt = 0 },
		"no lease": func(n *NewClaim) { n.Lease = 0 },
		"lease":    func(n *NewClaim) { n.Lease = maxLease + time.Second },
		"build":    func(n *NewClaim) { n.Build = nil },
		"guard":    func(n *NewClaim) { n.Guard = nil },
		"record of another kind": func(n *NewClaim) {
			n.Build = func(e int64, _ marketops.Digest) (Record, error) { return ask(1, alice).record(KindIntent, e, ""), nil }
		},
		"record of another receipt": func(n *NewClaim) { n.Build = ask(2, alice).claimRecord },
		"record of another epoch": func(n *NewClaim) {
			n.Build = func(int64, marketops.Digest) (Record, error) { return ask(1, alice).claimRecord(2, marketops.Digest{}) }
		},
		"no record": func(n *NewClaim) { n.Build = func(int64, marketops.Digest) (Record, error) { return Record{}, nil } },
		"panic":     func(n *NewClaim) { n.Build = func(int64, marketops.Digest) (Record, error) { panic("build") } },
		"no signer": func(n *NewClaim) {
			n.Build = func(int64, marketops.Digest) (Record, error) { return Record{}, unavailable("signer", nil) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := ask(1, alice)
			change(&n)
			_, _, err := f.Claim(ctx, n)
			wantCode(t, err, marketops.LedgerUnavailable)
			if _, found, err := f.Get(ctx, ask(1, alice).Receipt); found || err != nil {
				t.Fatalf("a refused claim left a row: %v", err)
			}
			if rs := must[[]Record](t)(f.Unindexed(ctx)); len(rs) != 0 {
				t.Fatalf("a refused claim left %d records", len(rs))
			}
		})
	}
	f.claim(ask(1, alice)) // control
}
