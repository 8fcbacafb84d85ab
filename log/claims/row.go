package claims

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

const claimColumns = `receipt_id, op_key, run_id, kind, op_digest, receipt_digest, state, outcome, owner, epoch,
	lease_until, attempts, claim_record, expires_at, outcome_leaf, revocation, rejection, resolution`

// row is a claim with what only the ledger needs to know.
type row struct {
	Claim
	outcomeLeaf                       [32]byte
	revocation, rejection, resolution marketops.Digest
}

func (c *row) fields() []any {
	return []any{&c.Receipt, (*bytes32)(&c.OpKey), &c.Run, &c.Kind, (*bytes32)(&c.OpDigest), (*bytes32)(&c.ReceiptDigest),
		&c.State, &c.Outcome, &c.Owner, &c.Epoch, &c.LeaseUntil, &c.Attempts, (*bytes32)(&c.ClaimRecord), &c.ExpiresAt,
		(*bytes32)(&c.outcomeLeaf), (*bytes32)(&c.revocation), (*bytes32)(&c.rejection), (*bytes32)(&c.resolution)}
}

func (t *tx) load(receipt marketops.ReceiptID) (row, bool, error) {
	return t.find(`receipt_id = ?`, string(receipt))
}

func (t *tx) find(where string, args ...any) (row, bool, error) {
	var c row
	found, err := t.get(`SELECT `+claimColumns+` FROM claim WHERE `+where, args, c.fields()...)
	return c, found, err
}

// loadHeld loads the claim for a step of (epoch, owner) that is legal in the given states. The
// fence comes first: who lost the claim learns that, whatever became of it since.
func (t *tx) loadHeld(step string, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, in ...State) (row, error) {
	c, found, err := t.load(receipt)
	switch {
	case err != nil:
		return row{}, err
	case !found:
		return row{}, unavailable("cannot "+step+" "+string(receipt), errNoClaim)
	case c.State == Revoked:
		return row{}, c.stateError(step)
	case c.Epoch != epoch || c.Owner != owner:
		return row{}, c.fenceError()
	}
	for _, s := range in {
		if c.State == s {
			return c, nil
		}
	}
	return row{}, c.stateError(step)
}

func (c row) fenceError() error {
	code := marketops.OperationInFlight
	if why := c.code(); why == marketops.Revoked || why == marketops.RejectedByApprover { // the publisher must learn why it lost the claim
		code = why
	}
	return marketops.RefuseErr(code, fmt.Sprintf("epoch %d of %s belongs to %s", c.Epoch, c.Receipt, c.Owner), ErrFenced)
}

// stateError answers a step that the claim's state does not allow.
func (c row) stateError(step string) error {
	what := fmt.Sprintf("cannot %s: %s is %s", step, c.Receipt, c.State)
	if c.Outcome != "" {
		what += " as " + string(c.Outcome)
	}
	return marketops.RefuseErr(c.code(), what, ErrState)
}

// code says why this receipt cannot be had.
func (c row) code() marketops.Code {
	switch {
	case c.State == Revoked || !c.revocation.IsZero():
		return marketops.Revoked
	case !c.rejection.IsZero():
		return marketops.RejectedByApprover
	case c.State == Claimed || c.State == Executing:
		return marketops.OperationInFlight
	}
	return marketops.Consumed
}

// writeTransition writes one line of history; it belongs to every change of state or epoch.
func (t *tx) writeTransition(receipt marketops.ReceiptID, from, to State, epoch int64, actor crypto.KeyID, reason string) error {
	return t.one(`INSERT INTO transition(receipt_id, seq, from_state, to_state, epoch, actor, at, reason)
		SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM transition WHERE receipt_id = ?1`,
		string(receipt), string(from), string(to), epoch, string(actor), int64(t.now), reason)
}

// Get returns the claim of a receipt, and false for one that is unspent.
func (l *Ledger) Get(ctx context.Context, receipt marketops.ReceiptID) (Claim, bool, error) {
	type answer struct {
		row
		found bool
	}
	a, err := do(ctx, l, func(t *tx) (a answer, err error) {
		a.row, a.found, err = t.load(receipt)
		return a, err
	})
	return a.Claim, a.found, err
}

// Live returns every claim that is claimed, executing or decided, by receipt id.
func (l *Ledger) Live(ctx context.Context) ([]Claim, error) {
	return l.claims(ctx, `state IN('claimed','executing','decided') ORDER BY receipt_id`)
}

func (l *Ledger) claims(ctx context.Context, where string, args ...any) ([]Claim, error) {
	return do(ctx, l, func(t *tx) (out []Claim, err error) {
		rows, err := t.findAll(where, args...)
		for _, c := range rows {
			out = append(out, c.Claim)
		}
		return out, err
	})
}

// Claims returns the claims of one operation of a run, by receipt id.
func (l *Ledger) Claims(ctx context.Context, run marketops.RunID, operation marketops.Digest) ([]Claim, error) {
	return l.claims(ctx, `run_id = ? AND op_digest = ? ORDER BY receipt_id`, string(run), operation[:])
}

// untried returns the open claims of a run under which no attempt was counted.
func (t *tx) untried(run marketops.RunID) ([]row, error) {
	return t.findAll(`state IN('claimed','executing','decided') AND state <> 'decided' AND run_id = ? AND attempts = 0 ORDER BY receipt_id`, string(run))
}

func (t *tx) findAll(where string, args ...any) (out []row, err error) {
	err = t.list(`SELECT `+claimColumns+` FROM claim WHERE `+where, args, func(rows *sql.Rows) error {
		out = append(out, row{})
		return rows.Scan(out[len(out)-1].fields()...)
	})
	return out, err
}

// History returns what happened to a receipt, oldest first; of "" the moves of the clock mark.
func (l *Ledger) History(ctx context.Context, receipt marketops.ReceiptID) ([]Transition, error) {
	return do(ctx, l, func(t *tx) (out []Transition, err error) {
		err = t.list(`SELECT seq, from_state, to_state, epoch, actor, at, reason FROM transition WHERE receipt_id = ? ORDER BY seq`,
			[]any{string(receipt)}, func(rows *sql.Rows) error {
				var x Transition
				err := rows.Scan(&x.Seq, &x.From, &x.To, &x.Epoch, &x.Actor, &x.At, &x.Reason)
				out = append(out, x)
				return err
			})
		return out, err
	})
}
