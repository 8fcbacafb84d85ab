package claims

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// silence is how long after its expiry an executing claim may stay without an outcome before
// the ledger itself decides unknown.
const silence = 24 * time.Hour

// Revoke withdraws a receipt and freezes the revocation (Kind [KindRevocation], this receipt
// and run): none → revoked; claimed, or executing without an attempt → decided as rejected under the next
// epoch, which fences out the publisher, with the outcome record (Kind [KindOutcome], the given epoch) that
// decide makes. decide runs inside the transaction, gets the claim as it was and must not call the ledger. The
// same revocation again is no error. n needs no Lease, Trust or Build; its Owner is the key that revokes.
//
// Codes: operation-in-flight with [ErrState] from the first attempt on, and consumed from decided on:
// too late; revoked if another revocation came first; ledger-unavailable, disk-full.
func (l *Ledger) Revoke(ctx context.Context, n NewClaim, revocation Record, decide func(c Claim, epoch int64) (Record, error)) error {
	if err := n.validate(); err != nil {
		return err
	}
	if decide == nil {
		return malformedError("revoke without a maker of the outcome")
	}
	if err := revocation.fits(KindRevocation, n.Receipt, n.Run); err != nil {
		return err
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) { return struct{}{}, t.revoke(n, revocation, decide) })
	return err
}

func (t *tx) revoke(n NewClaim, revocation Record, decide func(Claim, int64) (Record, error)) error {
	c, found, err := t.load(n.Receipt)
	switch {
	case err != nil:
		return err
	case !found:
		return t.revokeUnspent(n, revocation)
	case c.revocation == revocation.Digest:
		_, err := t.freeze(revocation)
		return err
	case !c.untried():
		return c.tooLate()
	}
	outcome, err := decide(c.Claim, c.Epoch+1)
	if err != nil {
		return err
	}
	if err := outcome.fits(KindOutcome, c.Receipt, c.Run); err != nil {
		return err
	}
	if _, err := t.freeze(revocation); err != nil {
		return err
	}
	if _, err := t.decide(c, c.Epoch+1, n.Owner, Rejected, outcome, ReasonRevoked); err != nil {
		return err
	}
	return t.one(`UPDATE claim SET revocation = ? WHERE receipt_id = ? AND epoch = ? AND state = 'decided' AND revocation IS NULL`,
		revocation.Digest[:], string(c.Receipt), c.Epoch+1)
}

func (t *tx) revokeUnspent(n NewClaim, revocation Record) error {
	if err := t.one(`INSERT INTO claim(receipt_id, op_key, run_id, kind, op_digest, receipt_digest, state, owner, epoch, lease_until, expires_at, revocation)
		VALUES(?,?,?,?,?,?,'revoked',?,0,0,?,?) ON CONFLICT DO NOTHING`,
		string(n.Receipt), n.OpKey[:], string(n.Run), string(n.Kind), n.OpDigest[:], n.ReceiptDigest[:],
		string(n.Owner), int64(n.ExpiresAt), revocation.Digest[:]); err != nil {
		return err
	}
	if _, err := t.freeze(revocation); err != nil {
		return err
	}
	return t.writeTransition(n.Receipt, "", Revoked, 0, n.Owner, "")
}

func (c row) tooLate() error {
	what := fmt.Sprintf("too late: %s is %s, after %d attempts", c.Receipt, c.State, c.Attempts)
	switch c.code() {
	case marketops.Revoked:
		what = fmt.Sprintf("%s was revoked before", c.Receipt)
	case marketops.RejectedByApprover:
		what = fmt.Sprintf("%s was rejected before", c.Receipt)
	}
	return marketops.RefuseErr(c.code(), what, ErrState)
}

// Settle is the ledger's own decision about a claim that no publisher will finish, under the
// next epoch: without an attempt and past its expiry → rejected; with attempts, and orphaned (no valid key of
// the audience is left) or 24 h past its expiry → unknown. decide makes the outcome record (Kind
// [KindOutcome], the given epoch) inside the transaction and must not call the ledger.
//
// Codes: operation-in-flight with [ErrState] if it is not time yet; consumed, revoked;
// ledger-unavailable, if there is no claim; disk-full.
func (l *Ledger) Settle(ctx context.Context, receipt marketops.ReceiptID, by crypto.KeyID, orphaned bool, decide func(c Claim, epoch int64, o Outcome) (Record, error)) (Claim, error) {
	if decide == nil || by == "" || len(by) > maxOwner {
		return Claim{}, malformedError("settle without an actor or a maker of the outcome")
	}
	return do(ctx, l, func(t *tx) (Claim, error) {
		c, found, err := t.load(receipt)
		if err == nil && !found {
			err = unavailable("cannot settle "+string(receipt), errNoClaim)
		}
		if err != nil {
			return Claim{}, err
		}
		o, err := t.chooseSettlement(c, orphaned)
		if err != nil {
			return Claim{}, err
		}
		rec, err := decide(c.Claim, c.Epoch+1, o)
		if err != nil {
			return Claim{}, err
		}
		if err := rec.fits(KindOutcome, c.Receipt, c.Run); err != nil {
			return Claim{}, err
		}
		return t.decide(c, c.Epoch+1, by, o, rec, ReasonSettled)
	})
}

func (t *tx) chooseSettlement(c row, orphaned bool) (Outcome, error) {
	switch {
	case c.untried() && t.now >= c.ExpiresAt:
		return Rejected, nil
	case c.State == Executing && c.Attempts > 0 && (orphaned || t.now >= c.ExpiresAt.Add(silence)):
		return Unknown, nil
	}
	return "", c.stateError("settle")
}

// flight is how long a request may be under way after its attempt was counted: a publisher's work
// for one operation ends within an hour.
const flight = time.Hour

// Resolve replaces the unknown outcome of a closed claim by success or failed, once, and
// freezes the resolution (Kind [KindResolution], this receipt and run). The resource is free
// again. The same resolution again is no error.
//
// Codes: consumed with [ErrState] for an outcome that is not unknown, or an operation that
// succeeded under another receipt; operation-in-flight before the claim is closed, and for failed
// within an hour after the last attempt; revoked;
// ledger-unavailable, if there is no claim; disk-full.
func (l *Ledger) Resolve(ctx context.Context, receipt marketops.ReceiptID, outcome Outcome, resolution Record) error {
	if outcome != Success && outcome != Failed {
		return malformedError("an unknown outcome is resolved as success or failed, not %q", outcome)
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) { return struct{}{}, t.resolve(receipt, outcome, resolution) })
	return err
}

func (t *tx) resolve(receipt marketops.ReceiptID, outcome Outcome, resolution Record) error {
	c, found, err := t.load(receipt)
	if err == nil && !found {
		err = unavailable("cannot resolve "+string(receipt), errNoClaim)
	}
	if err != nil {
		return err
	}
	if err := resolution.fits(KindResolution, receipt, c.Run); err != nil {
		return err
	}
	if c.State == Closed && c.Outcome == outcome && c.resolution == resolution.Digest {
		_, err := t.freeze(resolution)
		return err
	}
	if c.State == Decided {
		return marketops.RefuseErr(marketops.OperationInFlight, fmt.Sprintf("%s is not closed yet", receipt), ErrState)
	}
	if c.State != Closed || c.Outcome != Unknown {
		return c.stateError("resolve")
	}
	if outcome == Failed {
		if err := t.requireLanded(c); err != nil {
			return err
		}
	}
	err = t.one(`UPDATE claim SET outcome = ?, resolution = ? WHERE receipt_id = ? AND epoch = ? AND state = 'closed' AND outcome = 'unknown'`,
		string(outcome), resolution.Digest[:], string(receipt), c.Epoch)
	if errors.Is(err, errConstraint) {
		return marketops.RefuseErr(marketops.Consumed, "the operation succeeded under another receipt", ErrState)
	}
	if err != nil {
		return err
	}
	if _, err := t.freeze(resolution); err != nil {
		return err
	}
	return t.writeTransition(receipt, Closed, Closed, c.Epoch, "", "resolved as "+string(outcome))
}

// requireLanded refuses while a request of c's operation, under any receipt, may still reach GitHub.
func (t *tx) requireLanded(c row) error {
	var last marketops.Time
	_, err := t.get(`SELECT coalesce((SELECT max(at) FROM transition WHERE reason LIKE ?2
		AND receipt_id IN(SELECT receipt_id FROM claim WHERE op_digest = ?3)), decided_at) FROM claim WHERE receipt_id = ?1`,
		[]any{string(c.Receipt), attemptReason + "%", c.OpDigest[:]}, &last)
	if err != nil || c.Attempts == 0 || t.now >= last.Add(flight) {
		return err
	}
	return &marketops.Refusal{Code: marketops.OperationInFlight, Err: ErrState,
		What:  fmt.Sprintf("a request of %s may be under way for an hour after the last attempt, at %s", c.Receipt, last),
		State: "nothing was changed; the outcome is unknown",
		Next:  fmt.Sprintf("look at GitHub again, and resolve it as failed from %s on, or as success at once", last.Add(flight))}
}
