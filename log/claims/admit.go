package claims

import (
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
)

// skew is how far clocks may differ (ε of the protocol).
const skew = 60 * time.Second

// logPatience is how long a decided outcome may wait for its index before new claims stop.
const logPatience = 10 * time.Second

const (
	clockMark = "clock" // time of the latest granted claim
	trustMark = "trust" // highest trust version a claim was judged by
	logMark   = "log"   // how many leaves of the log are known to be frozen here
)

// admit decides whether n may have its receipt. resumed means that n's owner holds it already.
// A resumption is not judged again: what it may still do is decided at Execute.
func (t *tx) admit(n NewClaim) (c row, resumed bool, err error) {
	c, found, err := t.load(n.Receipt)
	if err != nil {
		return row{}, false, err
	}
	if found && c.open() && c.Owner == n.Owner && n.same(c.Claim) {
		return c, true, nil
	}
	for _, judge := range []func(NewClaim) error{t.judgeTrust, t.judgeTime} {
		if err := judge(n); err != nil {
			return row{}, false, err
		}
	}
	if found {
		return row{}, false, t.explainTaken(n, c)
	}
	for _, judge := range []func(NewClaim) error{t.judgeSuccess, t.judgeAfter, t.judgeResource, t.judgeLog} {
		if err := judge(n); err != nil {
			return row{}, false, err
		}
	}
	return row{}, false, nil
}

// open: there is something to go on with. Once decided, only the Core has work left.
func (c row) open() bool { return c.State == Claimed || c.State == Executing }

// explainTaken explains why a receipt with a row cannot be claimed.
func (t *tx) explainTaken(n NewClaim, c row) error {
	switch {
	case !c.open():
		return c.stateError("claim")
	case !n.same(c.Claim):
		return otherOperation(c)
	}
	return t.inFlight(c)
}

func (t *tx) judgeTrust(n NewClaim) error { return t.requireTrust(n.Trust) }

func (t *tx) judgeTime(n NewClaim) error { return t.fresh(n.ExpiresAt) }

// judgeSuccess: an operation is published once, by whatever receipt.
func (t *tx) judgeSuccess(n NewClaim) error {
	c, found, err := t.find(`kind = ? AND op_digest = ? AND outcome = 'success'`, string(n.Kind), n.OpDigest[:])
	if err != nil || !found {
		return err
	}
	return marketops.Refuse(marketops.Consumed, fmt.Sprintf("the operation was published under %s", c.Receipt))
}

// judgeResource: one claim at a time for a tag or branch.
func (t *tx) judgeResource(n NewClaim) error {
	c, found, err := t.find(`op_key = ? AND (state IN('claimed','executing','decided') OR outcome = 'unknown')`, n.OpKey[:])
	if err != nil || !found {
		return err
	}
	what := fmt.Sprintf("%s holds the resource until %s (%s)", c.Receipt, c.LeaseUntil, c.State)
	if c.Outcome == Unknown {
		what = fmt.Sprintf("the outcome of %s is unknown until a person resolves it", c.Receipt)
	}
	return marketops.Refuse(marketops.OperationInFlight, what)
}

// judgeLog stops new claims while the log does not take outcomes.
func (t *tx) judgeLog(NewClaim) error {
	at, found, err := t.oldestUnlogged()
	if err != nil || !found || t.now.Sub(at) <= logPatience {
		return err
	}
	return marketops.Refuse(marketops.LogUnavailable, fmt.Sprintf("an outcome has waited for its place in the log since %s", at))
}

// fresh reports whether a receipt still counts, by a clock that can be believed.
func (t *tx) fresh(expires marketops.Time) error {
	mark, _, err := t.mark(clockMark)
	switch {
	case err != nil:
		return err
	case t.now.Add(skew) < marketops.Time(mark):
		return marketops.Refuse(marketops.ClockUnsure, fmt.Sprintf("it is %s here, but a claim was granted at %s", t.now, marketops.Time(mark)))
	case t.now.Add(skew) >= expires:
		return marketops.Refuse(marketops.Expired, fmt.Sprintf("the receipt expires at %s, it is %s", expires, t.now))
	}
	return nil
}

func (t *tx) requireTrust(version int64) error {
	seen, _, err := t.mark(trustMark)
	if err != nil {
		return err
	}
	if version < 1 || version < seen {
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("version %d, but version %d was seen", version, seen))
	}
	return nil
}

func (t *tx) mark(name string) (value int64, found bool, err error) {
	found, err = t.get(`SELECT value FROM mark WHERE name = ?`, []any{name}, &value)
	return value, found, err
}

func (t *tx) raise(name string, value int64) error {
	_, err := t.exec(`INSERT INTO mark(name, value) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value = excluded.value
		WHERE excluded.value > mark.value`, name, value)
	return err
}

func (t *tx) oldestUnlogged() (at marketops.Time, found bool, err error) {
	found, err = t.get(`SELECT decided_at FROM claim WHERE state = 'decided' AND outcome_index IS NULL ORDER BY decided_at LIMIT 1`, nil, &at)
	return at, found, err
}

// Marks returns the time of the latest granted claim and the highest trust version seen; zero
// where there is none yet.
func (l *Ledger) Marks(ctx context.Context) (clock marketops.Time, trust int64, err error) {
	type answer struct{ clock, trust int64 }
	a, err := do(ctx, l, func(t *tx) (a answer, err error) {
		if a.clock, _, err = t.mark(clockMark); err != nil {
			return a, err
		}
		a.trust, _, err = t.mark(trustMark)
		return a, err
	})
	return marketops.Time(a.clock), a.trust, err
}

// SeeTrust raises the trust mark to a version that came into force, so that an older one is
// refused from then on, also before the first claim under it.
func (l *Ledger) SeeTrust(ctx context.Context, version int64) error {
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		if err := t.requireTrust(version); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.raise(trustMark, version)
	})
	return err
}

// LowerMark moves the clock mark back to a time, for an operator whose clock once ran ahead.
// History("") keeps the old mark, the new one and the reason, which must not be empty. A time
// that is not lower is refused; the mark rises by claims alone.
func (l *Ledger) LowerMark(ctx context.Context, to marketops.Time, reason string) error {
	if to < 0 || reason == "" {
		return malformedError("the clock mark is lowered to a time, for a reason")
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		old, _, err := t.mark(clockMark)
		if err != nil {
			return struct{}{}, err
		}
		n, err := t.exec(`UPDATE mark SET value = ? WHERE name = ? AND value > ?`, int64(to), clockMark, int64(to))
		if err == nil && n != 1 {
			err = malformedError("the clock mark is not above %s", to)
		}
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, t.writeTransition("", State(marketops.Time(old).String()), State(to.String()), 0, "operator", reason)
	})
	return err
}
