package claims

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// race starts n calls at one moment and returns their errors.
func race(n int, call func(i int) error) []error {
	errs, gate := make([]error, n), make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { <-gate; errs[i] = call(i) })
	}
	close(gate)
	wg.Wait()
	return errs
}

func tally(errs []error) map[marketops.Code]int {
	m := map[marketops.Code]int{}
	for _, err := range errs {
		m[marketops.CodeOf(err)]++
	}
	return m
}

func racer(i int) crypto.KeyID { return crypto.KeyID(fmt.Sprintf("SHA256:racer%d", i)) }

func TestOneReceiptOneWinner(t *testing.T) {
	f := open(t)
	for round := range 10 {
		got := tally(race(256, func(i int) error { _, _, err := f.Claim(ctx, ask(round, racer(i))); return err }))
		if got[""] != 1 || got[marketops.OperationInFlight] != 255 {
			t.Fatalf("round %d: %v", round, got)
		}
		if h := must[[]Transition](t)(f.History(ctx, ask(round, "").Receipt)); len(h) != 1 {
			t.Fatalf("history %v", h)
		}
		if r := must[[]Record](t)(f.ByReceipt(ctx, ask(round, "").Receipt)); len(r) != 1 {
			t.Fatalf("%d claim records of one claim", len(r))
		}
	}
}

func TestOneResourceOneReceipt(t *testing.T) {
	f := open(t)
	for round := range 5 {
		got := tally(race(256, func(i int) error {
			n := ask(1000*round+i, racer(i))
			n.OpKey, n.OpDigest = seeded("shared", round), seeded("shared-op", round)
			_, _, err := f.Claim(ctx, n)
			return err
		}))
		if got[""] != 1 || got[marketops.OperationInFlight] != 255 {
			t.Fatalf("round %d: %v", round, got)
		}
	}
	if live := must[[]Claim](t)(f.Live(ctx)); len(live) != 5 {
		t.Fatalf("%d live claims, want 5", len(live))
	}
}

func TestOneDoor(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Claimed, "")
	got := tally(race(256, func(int) error { _, err := f.Execute(ctx, n.Receipt, 1, alice, lease, pass); return err }))
	if got[""] != 1 || got[marketops.OperationInFlight] != 255 {
		t.Fatal(got)
	}
}

func TestAttemptsAreCountedOnceAndCapped(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Executing, "")
	var mu sync.Mutex
	seen := map[int]bool{}
	got := tally(race(64, func(int) error {
		a, err := f.Attempt(ctx, n.Receipt, 1, alice, "tag", pass)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && seen[a] {
			t.Errorf("attempt %d was handed out twice", a)
		}
		seen[a] = true
		return err
	}))
	if got[""] != maxAttempts || got[marketops.LimitReached] != 64-maxAttempts {
		t.Fatal(got)
	}
	if c := f.get(n); c.Attempts != maxAttempts {
		t.Fatalf("%d attempts", c.Attempts)
	}
}

func TestResumeReturnsTheStoredRecord(t *testing.T) {
	f := open(t)
	n := ask(1, alice)
	_, first, err := f.Claim(ctx, n)
	wantCode(t, err, "")
	f.clock.add(time.Hour)
	n.Build = func(int64, marketops.Digest) (Record, error) {
		t.Error("a resumed claim was signed again")
		return Record{}, nil
	}
	c, again, err := f.Claim(ctx, n)
	wantCode(t, err, "")
	if !again.same(first) || c.Epoch != 1 || c.LeaseUntil != start.Add(lease) {
		t.Fatalf("resumed as %+v with %+v", c, again)
	}
}

func TestAnotherOperationUnderAnOpenReceiptIsConsumed(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Claimed, "")
	for name, change := range map[string]func(*NewClaim){
		"operation": func(n *NewClaim) { n.OpDigest = seeded("other", 1) },
		"resource":  func(n *NewClaim) { n.OpKey = seeded("other", 1) },
		"run":       func(n *NewClaim) { n.Run = ask(2, alice).Run },
		"kind":      func(n *NewClaim) { n.Kind = marketops.OpenPR },
		"receipt":   func(n *NewClaim) { n.ReceiptDigest = seeded("other", 1) },
		"expiry":    func(n *NewClaim) { n.ExpiresAt++ },
	} {
		t.Run(name, func(t *testing.T) {
			m := n
			change(&m)
			m.Build = m.claimRecord
			_, _, err := f.Claim(ctx, m)
			wantCode(t, err, marketops.Consumed)
			wantCode(t, f.Check(ctx, m), marketops.Consumed)
			_, _, err = f.Takeover(ctx, m)
			wantCode(t, err, marketops.Consumed)
		})
	}
	wantCode(t, f.Check(ctx, n), "")
}

func TestInFlightNamesTheLease(t *testing.T) {
	f := open(t)
	n, c := f.walk(1, Claimed, "")
	n.Owner = bob
	n.Build = n.claimRecord
	_, _, err := f.Claim(ctx, n)
	wantCode(t, err, marketops.OperationInFlight)
	if !strings.Contains(err.Error(), c.LeaseUntil.String()) {
		t.Errorf("%v does not name %s", err, c.LeaseUntil)
	}
}

func TestTheSameOperationIsPublishedOnce(t *testing.T) {
	f := open(t)
	f.walk(1, Closed, Success)
	n := ask(2, alice)
	n.OpDigest = ask(1, alice).OpDigest // another receipt, and even another resource
	_, _, err := f.Claim(ctx, n)
	wantCode(t, err, marketops.Consumed)
	wantCode(t, f.Check(ctx, n), marketops.Consumed)
	n.OpDigest = ask(2, alice).OpDigest // control
	f.claim(n)
}

// A caller that lies about op_key reaches two executing claims of one operation; the second
// success is refused by the index.
func TestSecondSuccessIsRefusedByTheIndex(t *testing.T) {
	f := open(t)
	for i := 1; i <= 2; i++ {
		n := ask(i, alice)
		n.OpDigest = seeded("one", 0)
		f.claim(n)
		must[Claim](t)(f.Execute(ctx, n.Receipt, 1, alice, lease, pass))
	}
	n := ask(1, alice)
	must[Claim](t)(f.Decide(ctx, n.Receipt, 1, alice, Success, n.outcome(1, Success)))
	n = ask(2, alice)
	_, err := f.Decide(ctx, n.Receipt, 1, alice, Success, n.outcome(1, Success))
	wantCode(t, err, marketops.Consumed)
	if c := f.get(n); c.State != Executing {
		t.Fatalf("refused, yet %s", c.State)
	}
	must[Claim](t)(f.Decide(ctx, n.Receipt, 1, alice, Unknown, n.outcome(1, Unknown)))
}

func TestWhichOutcomesFreeTheResource(t *testing.T) {
	f := open(t)
	for i, c := range []struct {
		o    Outcome
		want marketops.Code
	}{{Failed, ""}, {Rejected, ""}, {Unknown, marketops.OperationInFlight}} {
		n, _ := f.walk(10*i, Decided, c.o)
		next := ask(10*i+1, bob)
		next.OpKey = n.OpKey
		wantCode(t, f.Check(ctx, next), marketops.OperationInFlight) // decided blocks, whatever the outcome
		wantCode(t, f.CloseClaim(ctx, n.Receipt, 1, 5), "")
		_, _, err := f.Claim(ctx, next)
		wantCode(t, err, c.want)
	}
}

func TestResolveFreesTheResourceOnce(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Closed, Unknown)
	next := ask(2, bob)
	next.OpKey = n.OpKey
	wantCode(t, f.Check(ctx, next), marketops.OperationInFlight)
	wantCode(t, resolveAs(Failed)(f, n), "")
	wantCode(t, resolveAs(Failed)(f, n), "") // the very same again
	wantCode(t, resolveAs(Success)(f, n), marketops.Consumed)
	if c := f.get(n); c.Outcome != Failed {
		t.Fatalf("resolved to %s", c.Outcome)
	}
	f.claim(next)
}

// TestFailedMayStillArrive: what was sent may arrive for an hour after it was counted.
func TestFailedMayStillArrive(t *testing.T) {
	f := open(t)
	unknown := func(i, attempts int) NewClaim {
		f.clock.set(start + marketops.Time(i)*3700)
		n, _ := f.walk(i, Executing, "")
		for range attempts {
			f.clock.add(time.Minute)
			must[int](t)(f.Attempt(ctx, n.Receipt, 1, alice, "tag", pass))
		}
		must[Claim](t)(f.Decide(ctx, n.Receipt, 1, alice, Unknown, n.outcome(1, Unknown)))
		wantCode(t, f.CloseClaim(ctx, n.Receipt, 1, uint64(i)), "")
		return n
	}
	wantCode(t, resolveAs(Failed)(f, unknown(0, 0)), "") // control: nothing was begun
	n := unknown(1, 2)
	last := f.clock.now()
	for _, at := range []marketops.Time{last, last - 7200, last.Add(flight) - 1} {
		f.clock.set(at)
		err := resolveAs(Failed)(f, n)
		wantCode(t, err, marketops.OperationInFlight)
		var r *marketops.Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Next, last.Add(flight).String()) {
			t.Errorf("%v does not say from when on", err)
		}
		if c := f.get(n); c.Outcome != Unknown {
			t.Fatalf("refused, yet %+v", c)
		}
	}
	f.clock.set(last.Add(flight))
	wantCode(t, resolveAs(Failed)(f, n), "")
	wantCode(t, resolveAs(Success)(f, unknown(2, 1)), "") // what is there needs no waiting

	// A ledger that noted no time of its attempts goes by that of the decision.
	n = unknown(3, 0)
	must[int](t)(do(ctx, f.Ledger, func(t *tx) (int, error) {
		return 0, t.one(`UPDATE claim SET attempts = 1 WHERE receipt_id = ?`, string(n.Receipt))
	}))
	wantCode(t, resolveAs(Failed)(f, n), marketops.OperationInFlight)
	f.clock.add(flight)
	wantCode(t, resolveAs(Failed)(f, n), "")
}

// fencedEverywhere asserts that epoch 1 of alice can do nothing to n any more.
func fencedEverywhere(t *testing.T, f *fixture, n NewClaim) {
	t.Helper()
	before := f.get(n)
	r, one := n.Receipt, int64(1)
	_, execute := f.Execute(ctx, r, one, alice, lease, pass)
	_, renew := f.Renew(ctx, r, one, alice, lease)
	_, attempt := f.Attempt(ctx, r, one, alice, "tag", pass)
	for what, err := range map[string]error{
		"execute": execute, "renew": renew, "attempt": attempt,
		"success": decideAs(Success)(f, n), "rejected": decideAs(Rejected)(f, n),
		"close":  f.CloseClaim(ctx, r, one, 1),
		"intent": f.Intend(ctx, n.record(KindIntent, 1, "late"), pass),
	} {
		if !errors.Is(err, ErrFenced) {
			t.Errorf("%s by the old epoch: %v", what, err)
		}
	}
	if after := f.get(n); after != before {
		t.Errorf("the old epoch changed %+v to %+v", before, after)
	}
}

func TestTakeoverFencesTheOldEpoch(t *testing.T) {
	f := open(t)
	for i, s := range []State{Claimed, Executing} {
		t.Run(string(s), func(t *testing.T) {
			n, old := f.walk(i, s, Success)
			m := n
			m.Owner = bob
			m.Build = func(epoch int64, prev marketops.Digest) (Record, error) {
				if epoch != 2 || prev != old.ClaimRecord {
					t.Errorf("asked for epoch %d after %s", epoch, prev)
				}
				return m.claimRecord(epoch, prev)
			}
			_, _, err := f.Takeover(ctx, m)
			wantCode(t, err, marketops.OperationInFlight) // the lease runs
			f.clock.set(old.LeaseUntil)
			c, rec, err := f.Takeover(ctx, m)
			wantCode(t, err, "")
			if c.Epoch != 2 || c.Owner != bob || c.State != s || c.ClaimRecord != rec.Digest || c.LeaseUntil != old.LeaseUntil.Add(lease) {
				t.Fatalf("took over as %+v", c)
			}
			fencedEverywhere(t, f, n)
			// Control: the new epoch can.
			if s == Claimed {
				must[Claim](t)(f.Execute(ctx, n.Receipt, 2, bob, lease, pass))
			} else {
				must[Claim](t)(f.Decide(ctx, n.Receipt, 2, bob, Unknown, n.outcome(2, Unknown)))
			}
		})
	}
}

func TestTakeoverRaceGrantsDistinctEpochs(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Executing, "")
	f.clock.add(2 * lease)
	got := tally(race(64, func(i int) error {
		m := n
		m.Owner = racer(i)
		m.Build = m.claimRecord
		_, _, err := f.Takeover(ctx, m)
		return err
	}))
	if got[""] != 1 || got[marketops.OperationInFlight] != 63 {
		t.Fatal(got)
	}
}

func TestRevocationFencesTheHolder(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Claimed, "")
	f.revoke(n, "stolen")
	c := f.get(n)
	if c.State != Decided || c.Outcome != Rejected || c.Epoch != 2 {
		t.Fatalf("revoked to %+v", c)
	}
	fencedEverywhere(t, f, n)
	_, err := f.Execute(ctx, n.Receipt, 1, alice, lease, pass)
	wantCode(t, err, marketops.Revoked)
	wantCode(t, f.CloseClaim(ctx, n.Receipt, 2, 9), "")
	if rs := must[[]Record](t)(f.ByReceipt(ctx, n.Receipt)); len(rs) != 3 || rs[1].Kind != KindRevocation || rs[2].Kind != KindOutcome {
		t.Fatalf("frozen: %+v", rs)
	}
}

// TestRevokeOrAttemptNeverBoth: a revocation is too late from the first attempt on, and no attempt follows it.
func TestRevokeOrAttemptNeverBoth(t *testing.T) {
	f := open(t)
	for i := range 40 {
		n, _ := f.walk(i, Executing, "")
		errs := race(2, func(k int) error {
			if k == 0 {
				return f.tryRevoke(n, "race")
			}
			_, err := f.Attempt(ctx, n.Receipt, 1, alice, "tag", pass)
			return err
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("revoke: %v, attempt: %v", errs[0], errs[1])
		}
	}
}

// TestLeaseEnds: a publisher that renews for ever keeps the others away for 90 minutes. Control: for less it does.
func TestLeaseEnds(t *testing.T) {
	t.Parallel()
	f := open(t)
	n, other := ask(1, alice), ask(1, bob)
	n.ExpiresAt, other.ExpiresAt = start.Add(24*time.Hour), start.Add(24*time.Hour)
	f.claim(n)
	for range 89 {
		f.clock.add(time.Minute)
		must[Claim](t)(f.Renew(ctx, n.Receipt, 1, alice, lease))
	}
	_, _, err := f.Takeover(ctx, other)
	wantCode(t, err, marketops.OperationInFlight)
	for range 2 {
		f.clock.add(time.Minute)
		must[Claim](t)(f.Renew(ctx, n.Receipt, 1, alice, lease))
	}
	if _, _, err := f.Takeover(ctx, other); err != nil {
		t.Fatal(err)
	}
	must[Claim](t)(f.Renew(ctx, n.Receipt, 2, bob, lease))
	if c := f.get(n); c.Owner != bob || c.LeaseUntil != f.clock.now().Add(lease) {
		t.Errorf("%+v", c)
	}
}
