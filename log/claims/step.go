package claims

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// maxAttempts caps the visible effects of one receipt over all epochs. The caller's own rule,
// two for each effect, is stricter; the column refuses what a broken caller would send.
const maxAttempts = 16

// Execute opens the door to GitHub: claimed → executing, once per receipt, with a new lease.
// The ledger re-checks clock and expiry; guard re-checks trust, votes and revocation. A nil guard is refused.
//
// Codes: operation-in-flight with [ErrFenced], or with [ErrState] if the door was opened
// already; consumed, revoked, rejected-by-approver, clock-unsure, expired, what guard returns;
// ledger-unavailable, disk-full. After an unclear answer never call GitHub: take over and read.
func (l *Ledger) Execute(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, lease time.Duration, guard Guard) (Claim, error) {
	if guard == nil {
		return Claim{}, malformedError("execute without a guard")
	}
	if err := validLease(lease); err != nil {
		return Claim{}, err
	}
	return do(ctx, l, func(t *tx) (Claim, error) {
		c, err := t.loadHeld("execute", receipt, epoch, owner, Claimed)
		if err != nil {
			return Claim{}, err
		}
		if err := t.fresh(c.ExpiresAt); err != nil {
			return Claim{}, err
		}
		if err := t.ask(guard, c.Claim); err != nil {
			return Claim{}, err
		}
		if err := t.one(`UPDATE claim SET state = 'executing', lease_until = ? WHERE receipt_id = ? AND epoch = ? AND owner = ? AND state = 'claimed'`,
			int64(t.now.Add(lease)), string(receipt), epoch, string(owner)); err != nil {
			return Claim{}, err
		}
		return t.after(receipt, Claimed, Executing, epoch, owner, "")
	})
}

// after notes a change of state and returns the claim as it now stands.
func (t *tx) after(receipt marketops.ReceiptID, from, to State, epoch int64, actor crypto.KeyID, reason string) (Claim, error) {
	if err := t.writeTransition(receipt, from, to, epoch, actor, reason); err != nil {
		return Claim{}, err
	}
	c, _, err := t.load(receipt)
	return c.Claim, err
}

// maxHold is how long one epoch can keep others from taking over. The uploads of a large release can take longer: then the
// publisher that takes over continues them.
const maxHold = 90 * time.Minute

// Renew gives an open claim a lease that ends lease from now, and at most 90 minutes after its epoch began: then others may
// take over, and the holder may still finish until one does. A lease that has ended is
// renewed too, as long as nobody has taken the claim over.
//
// Codes: operation-in-flight with [ErrFenced]; consumed, revoked; ledger-unavailable, disk-full.
func (l *Ledger) Renew(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, lease time.Duration) (Claim, error) {
	if err := validLease(lease); err != nil {
		return Claim{}, err
	}
	return do(ctx, l, func(t *tx) (Claim, error) {
		c, err := t.loadHeld("renew", receipt, epoch, owner, Claimed, Executing, Decided)
		if err != nil {
			return Claim{}, err
		}
		began, err := t.beginning(c)
		if err != nil {
			return Claim{}, err
		}
		c.LeaseUntil = min(t.now.Add(lease), began.Add(maxHold))
		return c.Claim, t.one(`UPDATE claim SET lease_until = ? WHERE receipt_id = ? AND epoch = ? AND owner = ? AND state = ?`,
			int64(c.LeaseUntil), string(receipt), epoch, string(owner), string(c.State))
	})
}

// beginning returns when a claim's epoch began.
func (t *tx) beginning(c row) (at marketops.Time, err error) {
	found, err := t.get(`SELECT at FROM transition WHERE receipt_id = ? AND epoch = ? AND (from_state = '' OR reason = ?) ORDER BY seq DESC LIMIT 1`,
		[]any{string(c.Receipt), c.Epoch, takeoverReason}, &at)
	if err == nil && !found {
		err = unavailable("the beginning of the epoch is missing", errNoRecord)
	}
	return at, err
}

const attemptReason = "attempt "

// Attempted returns the visible effect that a line of the history counts; "" for any other line.
func (t Transition) Attempted() (effect string) {
	effect, counted := strings.CutPrefix(t.Reason, attemptReason)
	if !counted {
		return ""
	}
	return effect
}

// Attempt counts a visible effect before it is begun, re-checking clock and expiry, and
// returns the count of all effects over all epochs. At most 16 are granted to a receipt. The line that it
// leaves in the history names the effect, with its epoch and time. guard is asked before the first
// attempt of the receipt, and not before later ones: what was begun must come to an end.
//
// Codes: operation-in-flight with [ErrFenced], or with [ErrState] if the claim is not yet
// executing; consumed, revoked, rejected-by-approver, clock-unsure, expired, limit-reached, what guard
// returns; ledger-unavailable, disk-full.
func (l *Ledger) Attempt(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, effect string, guard Guard) (attempts int, err error) {
	if effect == "" || guard == nil {
		return 0, malformedError("an attempt of no effect, or without a guard")
	}
	return do(ctx, l, func(t *tx) (int, error) {
		c, err := t.loadHeld("attempt", receipt, epoch, owner, Executing)
		if err != nil {
			return 0, err
		}
		if err := t.fresh(c.ExpiresAt); err != nil {
			return 0, err
		}
		if c.Attempts >= maxAttempts {
			return 0, marketops.Refuse(marketops.LimitReached, fmt.Sprintf("%d attempts under %s", c.Attempts, receipt))
		}
		if err := t.ask(guard, c.Claim); err != nil {
			return 0, err
		}
		if err := t.one(`UPDATE claim SET attempts = attempts + 1 WHERE receipt_id = ? AND epoch = ? AND owner = ? AND state = 'executing' AND attempts = ?`,
			string(receipt), epoch, string(owner), c.Attempts); err != nil {
			return 0, err
		}
		return c.Attempts + 1, t.writeTransition(receipt, Executing, Executing, epoch, owner, attemptReason+effect)
	})
}

// Decide fixes how the operation ended and freezes the outcome record (Kind [KindOutcome], this
// receipt, run and epoch) in the same transaction: rejected as long as no attempt was counted, since nothing
// was sent; from executing also success, failed or unknown. Deciding again with the same outcome and
// bytes returns the claim.
//
// Codes: consumed for other bytes or another outcome, and with [ErrState] for
// an outcome that the state does not allow or an operation that succeeded under another
// receipt; operation-in-flight with [ErrFenced]; revoked; ledger-unavailable, disk-full.
func (l *Ledger) Decide(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, outcome Outcome, record Record) (Claim, error) {
	return do(ctx, l, func(t *tx) (Claim, error) {
		c, err := t.loadHeld("decide", receipt, epoch, owner, Claimed, Executing, Decided, Closed)
		if err != nil {
			return Claim{}, err
		}
		if err := record.fits(KindOutcome, receipt, c.Run); err != nil {
			return Claim{}, err
		}
		if c.State == Decided || c.State == Closed {
			return c.Claim, t.acceptRepeat(c, outcome, record)
		}
		return t.decide(c, epoch, owner, outcome, record, "")
	})
}

// acceptRepeat accepts only what was decided before.
func (t *tx) acceptRepeat(c row, outcome Outcome, record Record) error {
	stored, found, err := t.record(`leaf = ?`, c.outcomeLeaf[:])
	if err != nil {
		return err
	}
	if !found || c.Outcome != outcome || !stored.same(record) {
		return marketops.RefuseErr(c.code(), fmt.Sprintf("%s was decided as %s", c.Receipt, c.Outcome), errDiffers)
	}
	return nil
}

// decide moves c to decided under epoch, which is c's own or, when the ledger decides, the next.
func (t *tx) decide(c row, epoch int64, actor crypto.KeyID, outcome Outcome, record Record, reason string) (Claim, error) {
	if !c.reaches(outcome) {
		return Claim{}, c.unreachable(outcome)
	}
	if record.Epoch != epoch {
		return Claim{}, malformedError("an outcome record of epoch %d for epoch %d", record.Epoch, epoch)
	}
	err := t.one(`UPDATE claim SET state = 'decided', outcome = ?, outcome_leaf = ?, decided_at = ?, epoch = ? WHERE receipt_id = ? AND epoch = ? AND owner = ? AND state = ?`,
		string(outcome), record.Leaf[:], int64(t.now), epoch, string(c.Receipt), c.Epoch, string(c.Owner), string(c.State))
	if errors.Is(err, errConstraint) {
		return Claim{}, marketops.RefuseErr(marketops.Consumed, "the operation succeeded under another receipt", ErrState)
	}
	if err != nil {
		return Claim{}, err
	}
	if _, err := t.freeze(record); err != nil {
		return Claim{}, err
	}
	return t.after(c.Receipt, c.State, Decided, epoch, actor, reason)
}

// reaches: while no attempt was counted nothing can have happened under the receipt.
func (c row) reaches(o Outcome) bool {
	if o == Rejected {
		return c.untried()
	}
	return c.State == Executing && (o == Success || o == Failed || o == Unknown)
}

// untried reports whether the claim is open and no attempt was counted under it.
func (c row) untried() bool { return c.open() && c.Attempts == 0 }

func (c row) unreachable(o Outcome) error {
	return marketops.RefuseErr(marketops.Consumed, fmt.Sprintf("%s cannot end as %q from %s after %d attempts", c.Receipt, o, c.State, c.Attempts), ErrState)
}

// CloseClaim notes the outcome's place in the log: decided → closed. Of several places the
// lowest is kept, and closing again is no error. Any holder of the current epoch may close,
// the Core included, since the bytes are fixed.
//
// Codes: operation-in-flight with [ErrFenced], or with [ErrState] for a claim that is not yet
// decided; revoked; ledger-unavailable, disk-full.
func (l *Ledger) CloseClaim(ctx context.Context, receipt marketops.ReceiptID, epoch int64, index uint64) error {
	_, err := do(ctx, l, func(t *tx) (struct{}, error) { return struct{}{}, t.close(receipt, epoch, index) })
	return err
}

func (t *tx) close(receipt marketops.ReceiptID, epoch int64, index uint64) error {
	c, found, err := t.load(receipt)
	switch {
	case err != nil:
		return err
	case !found:
		return unavailable("cannot close "+string(receipt), errNoClaim)
	case c.State == Revoked:
		return c.stateError("close")
	case c.Epoch != epoch:
		return c.fenceError()
	case c.State != Decided && c.State != Closed:
		return c.stateError("close")
	}
	rec, found, err := t.record(`leaf = ?`, c.outcomeLeaf[:])
	if err == nil && !found {
		err = unavailable("the outcome's own record is missing", errNoRecord)
	}
	if err == nil {
		err = t.index(rec, index)
	}
	if err != nil || c.State == Closed {
		return err
	}
	if err := t.one(`UPDATE claim SET state = 'closed' WHERE receipt_id = ? AND epoch = ? AND state = 'decided' AND outcome_index IS NOT NULL`,
		string(receipt), epoch); err != nil {
		return err
	}
	return t.writeTransition(receipt, Decided, Closed, epoch, c.Owner, "")
}
