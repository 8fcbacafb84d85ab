package claims

import (
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
)

const (
	maxLease = time.Hour
	maxOwner = 128 // bytes of a key id

	takeoverReason = "takeover"
)

// granted is what Claim and Takeover hand out.
type granted struct {
	claim  Claim
	record Record
}

// Claim spends a receipt: none → claimed at epoch 1, with the claim record frozen in the same
// transaction. The same owner asking again for the same operation while the claim is open gets
// the stored claim and claim record back; nothing changes, the lease neither.
//
// Codes: trust-rolled-back, clock-unsure, expired, revoked, rejected-by-approver; what n.Guard
// returns; consumed for a receipt that is decided, closed or was claimed for another operation, and for an operation that succeeded before;
// prerequisite-open while an operation of n.After has not succeeded;
// operation-in-flight for an open claim of another owner, naming the end of its lease, and
// while another receipt holds the same resource; log-unavailable while a decided outcome waits
// for its index longer than ten seconds; ledger-unavailable, disk-full.
func (l *Ledger) Claim(ctx context.Context, n NewClaim) (Claim, Record, error) {
	if err := n.validateClaim(); err != nil {
		return Claim{}, Record{}, err
	}
	g, err := do(ctx, l, func(t *tx) (granted, error) { return t.claim(n) })
	return g.claim, g.record, err
}

// Check answers as Takeover would where the receipt has a claim that is not closed, else as Claim
// would, and changes nothing. It needs no Lease and no Build, and asks no Guard.
func (l *Ledger) Check(ctx context.Context, n NewClaim) error {
	if err := n.validate(); err != nil {
		return err
	}
	_, err := do(ctx, l, func(t *tx) (struct{}, error) {
		return struct{}{}, t.check(n)
	})
	return err
}

func (t *tx) check(n NewClaim) error {
	c, found, err := t.load(n.Receipt)
	if err != nil {
		return err
	}
	if found && c.State != Closed && c.State != Revoked {
		return t.mayTakeOver(n, c)
	}
	_, _, err = t.admit(n)
	return err
}

// Takeover continues a claimed or executing claim of the same operation under the next epoch and
// fences out whoever held it: allowed once its lease has ended, or at once to the same owner. The
// state stays; the new claim record names the previous one.
//
// Codes: trust-rolled-back; operation-in-flight while the lease runs; consumed from decided on;
// revoked, rejected-by-approver, what n.Guard returns; ledger-unavailable if there is nothing to take over; disk-full.
func (l *Ledger) Takeover(ctx context.Context, n NewClaim) (Claim, Record, error) {
	if err := n.validateClaim(); err != nil {
		return Claim{}, Record{}, err
	}
	g, err := do(ctx, l, func(t *tx) (granted, error) { return t.takeover(n) })
	return g.claim, g.record, err
}

func (n NewClaim) validate() error {
	switch {
	case !n.Receipt.Valid() || !n.Run.Valid():
		return malformedError("a claim without valid receipt and run ids")
	case n.OpKey.IsZero() || n.OpDigest.IsZero() || n.ReceiptDigest.IsZero():
		return malformedError("a claim without all of its digests")
	case n.Kind == "" || len(n.Kind) > maxKind || n.Owner == "" || len(n.Owner) > maxOwner:
		return malformedError("a claim without kind or owner")
	case n.ExpiresAt <= 0:
		return malformedError("a claim whose receipt never expires")
	case n.Trust < 0:
		return malformedError("a negative trust version")
	}
	return nil
}

func (n NewClaim) validateClaim() error {
	if err := n.validate(); err != nil {
		return err
	}
	if n.Build == nil || n.Guard == nil {
		return malformedError("a claim without a maker of its record or a guard")
	}
	return validLease(n.Lease)
}

func validLease(d time.Duration) error {
	if d < time.Second || d > maxLease || d%time.Second != 0 {
		return malformedError("a lease of %s, not of 1 s to %s in whole seconds", d, maxLease)
	}
	return nil
}

func (t *tx) claim(n NewClaim) (granted, error) {
	c, resumed, err := t.admit(n)
	if err == nil {
		c.Run = n.Run
		err = t.ask(n.Guard, c.Claim)
	}
	if err != nil {
		return granted{}, err
	}
	if resumed {
		return t.answerRepeat(c)
	}
	rec, err := n.build(1, marketops.Digest{})
	if err != nil {
		return granted{}, err
	}
	won, err := t.exec(`INSERT INTO claim(receipt_id, op_key, run_id, kind, op_digest, receipt_digest, state, owner, epoch, lease_until, claim_record, expires_at)
		VALUES(?,?,?,?,?,?,'claimed',?,1,?,?,?) ON CONFLICT DO NOTHING`,
		string(n.Receipt), n.OpKey[:], string(n.Run), string(n.Kind), n.OpDigest[:], n.ReceiptDigest[:],
		string(n.Owner), int64(t.now.Add(n.Lease)), rec.Digest[:], int64(n.ExpiresAt))
	if err != nil {
		return granted{}, err
	}
	if won != 1 {
		return granted{}, marketops.Refuse(marketops.OperationInFlight, "another claim was first")
	}
	if err := t.writeTransition(n.Receipt, "", Claimed, 1, n.Owner, ""); err != nil {
		return granted{}, err
	}
	if err := t.raise(clockMark, int64(t.now)); err != nil {
		return granted{}, err
	}
	return t.grant(n, rec)
}

func (t *tx) takeover(n NewClaim) (granted, error) {
	c, found, err := t.load(n.Receipt)
	switch {
	case err != nil:
		return granted{}, err
	case !found:
		return granted{}, unavailable("nothing to take over", errNoClaim)
	}
	if err := t.mayTakeOver(n, c); err != nil {
		return granted{}, err
	}
	if err := t.ask(n.Guard, c.Claim); err != nil {
		return granted{}, err
	}
	rec, err := n.build(c.Epoch+1, c.ClaimRecord)
	if err != nil {
		return granted{}, err
	}
	if err := t.one(`UPDATE claim SET epoch = epoch + 1, owner = ?, lease_until = ?, claim_record = ? WHERE receipt_id = ? AND epoch = ? AND state = ?`,
		string(n.Owner), int64(t.now.Add(n.Lease)), rec.Digest[:], string(n.Receipt), c.Epoch, string(c.State)); err != nil {
		return granted{}, err
	}
	if err := t.writeTransition(n.Receipt, c.State, c.State, c.Epoch+1, n.Owner, takeoverReason); err != nil {
		return granted{}, err
	}
	return t.grant(n, rec)
}

func (t *tx) mayTakeOver(n NewClaim, c row) error {
	if err := t.requireTrust(n.Trust); err != nil {
		return err
	}
	switch {
	case !c.open():
		return c.stateError("take over")
	case !n.same(c.Claim):
		return otherOperation(c)
	case c.Owner != n.Owner && c.LeaseUntil > t.now:
		return t.inFlight(c)
	}
	return nil
}

// grant finishes what Claim and Takeover have in common, and reads back what now stands.
func (t *tx) grant(n NewClaim, rec Record) (granted, error) {
	if err := t.raise(trustMark, n.Trust); err != nil {
		return granted{}, err
	}
	rec, err := t.freeze(rec)
	if err != nil {
		return granted{}, err
	}
	c, _, err := t.load(n.Receipt)
	return granted{c.Claim, rec}, err
}

// answerRepeat is the answer to a repeated claim.
func (t *tx) answerRepeat(c row) (granted, error) {
	rec, found, err := t.record(`receipt_id = ? AND kind = 'claim' AND epoch = ?`, string(c.Receipt), c.Epoch)
	if err == nil && (!found || rec.Digest != c.ClaimRecord) {
		err = unavailable("the claim's own record is missing", errNoRecord)
	}
	return granted{c.Claim, rec}, err
}

// build calls the maker of the claim record and refuses a record of anything else.
func (n NewClaim) build(epoch int64, prev marketops.Digest) (Record, error) {
	rec, err := n.Build(epoch, prev)
	if err != nil {
		return Record{}, err
	}
	if err := rec.fits(KindClaim, n.Receipt, n.Run); err != nil {
		return Record{}, err
	}
	if rec.Epoch != epoch {
		return Record{}, malformedError("a claim record of epoch %d for epoch %d", rec.Epoch, epoch)
	}
	return rec, nil
}

// fits checks that a record made for a change is about this receipt and not yet in the log.
func (r Record) fits(kind string, receipt marketops.ReceiptID, run marketops.RunID) error {
	if r.Kind != kind || r.Receipt != receipt || r.Run != run || r.Index != nil {
		return malformedError("not a new %s record of receipt %s and run %s", kind, receipt, run)
	}
	return r.validate()
}

// same reports whether n is about the very operation that c was claimed for.
func (n NewClaim) same(c Claim) bool {
	return n.Receipt == c.Receipt && n.OpKey == c.OpKey && n.Run == c.Run && n.Kind == c.Kind &&
		n.OpDigest == c.OpDigest && n.ReceiptDigest == c.ReceiptDigest && n.ExpiresAt == c.ExpiresAt
}

func otherOperation(c row) error {
	return marketops.RefuseErr(c.claimedCode(), fmt.Sprintf("%s was claimed for another operation, by %s", c.Receipt, c.Owner), ErrState)
}

func (c row) claimedCode() marketops.Code {
	if c.code() == marketops.Revoked {
		return marketops.Revoked
	}
	return marketops.Consumed
}

func (t *tx) inFlight(c row) error {
	tense := "until"
	if c.LeaseUntil <= t.now {
		tense = "and may be taken over since"
	}
	return marketops.Refuse(marketops.OperationInFlight, fmt.Sprintf("%s is %s by %s at epoch %d, held %s %s", c.Receipt, c.State, c.Owner, c.Epoch, tense, c.LeaseUntil))
}
