package server

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// wish is a claim that was asked for, looked up and found to fit its receipt.
type wish struct {
	issued
	owner crypto.KeyID
}

func (i issued) spending() issue.Spending {
	return issue.Spending{Run: i.body.RunID, Receipt: i.body.ReceiptID, Digest: i.rec.Digest, Kind: i.body.OperationKind, Operation: i.body.Operation}
}

// binding finds the receipt and checks what a publisher's own gate would have checked: run,
// operation, audience and the authority's key. A publisher that asks all the same is recorded.
func (c *Core) binding(ctx context.Context, who *caller, in api.ClaimWanted) (wish, error) {
	if !in.Receipt.Valid() {
		return wish{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	i, err := c.receipt(ctx, in.Receipt)
	if err != nil {
		return wish{}, err
	}
	switch {
	case in.Publisher != who.key:
		return wish{}, marketops.Refuse(marketops.AudienceMismatch, "the call is signed by another key than the one it names")
	case !slices.Contains(i.body.Audience, who.key):
		return wish{}, marketops.Refuse(marketops.AudienceMismatch, fmt.Sprintf("%s is not in the audience of %s", who.key, in.Receipt))
	case in.Run != i.body.RunID:
		return wish{}, marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("%s belongs to %s", in.Receipt, i.body.RunID))
	case in.Operation != i.body.Operation:
		return wish{}, marketops.Refuse(marketops.OperationMismatch, fmt.Sprintf("%s is for operation %s", in.Receipt, i.body.Operation))
	}
	return wish{i, who.key}, nil
}

// inForce checks what may have changed since the receipt was issued.
func (c *Core) inForce(w wish, version int64) error {
	if err := c.samePolicy(w.issued); err != nil {
		return err
	}
	return c.sameTrust(w.issued, version)
}

func (c *Core) samePolicy(i issued) error {
	if now := c.force.Load().policy.Digest(); i.body.Policy != now {
		return marketops.Refuse(marketops.PolicySuperseded, fmt.Sprintf("issued under %s, in force is %s", i.body.Policy.Short(), now.Short()))
	}
	return nil
}

// sameTrust demands that Core and publisher go by one version. A higher one would otherwise
// raise the ledger's mark above what this Core itself can judge by.
func (c *Core) sameTrust(i issued, version int64) error {
	f := c.force.Load()
	switch now := f.trust.Version(); {
	case version < now:
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("the publisher goes by version %d of trust.json, in force is %d", version, now))
	case version > now || i.body.Trust.Version > now:
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("this Core goes by version %d of trust.json, there is a version %d", now, max(version, i.body.Trust.Version)))
	}
	if f.trust.Expired(c.now()) {
		return marketops.Refuse(marketops.TrustMissing, "trust.json has expired")
	}
	_, err := f.trust.Admit(i.rec, c.now(), c.place(i.row))
	return err
}

func (c *Core) newClaim(w wish) claims.NewClaim {
	return claims.NewClaim{
		Receipt: w.body.ReceiptID, OpKey: w.opKey, Run: w.body.RunID, Kind: w.body.OperationKind, OpDigest: w.body.Operation,
		ReceiptDigest: w.rec.Digest, Owner: w.owner, ExpiresAt: w.body.ExpiresAt, Lease: c.opts.Config.Lease,
		Trust: c.force.Load().trust.Version(),
	}
}

// claim grants epoch 1, or the next one to whoever may take over.
func (c *Core) claim(ctx context.Context, who *caller, in api.ClaimWanted) (api.Claimed, error) {
	w, err := c.binding(ctx, who, in)
	if err != nil {
		return api.Claimed{}, c.refused(ctx, who, issue.Refused{Run: in.Run, Receipt: in.Receipt, Operation: in.Operation}, err)
	}
	lock := c.runs.of(w.body.RunID)
	lock.RLock()
	defer lock.RUnlock()
	row, rec, err := c.spendReceipt(ctx, w, in)
	if err != nil {
		return api.Claimed{}, err
	}
	if err := c.settled(ctx, w.rec.Digest); err != nil {
		return api.Claimed{}, err
	}
	if err := c.appendClaims(ctx, w.body.ReceiptID, row.Epoch); err != nil {
		return api.Claimed{}, err
	}
	e, err := c.append(ctx, rec.row, rec.rec)
	if err != nil {
		return api.Claimed{}, err
	}
	state, err := c.claimState(ctx, row)
	return api.Claimed{Claim: state, Entry: e}, err
}

// built is a claim record on its way into the ledger.
type built struct {
	row claims.Record
	rec *receipt.Record // nil where an earlier call made it
}

func (c *Core) spendReceipt(ctx context.Context, w wish, in api.ClaimWanted) (claims.Claim, built, error) {
	var made *receipt.Record
	n := c.newClaim(w)
	n.Build = func(epoch int64, previous marketops.Digest) (claims.Record, error) {
		rec, err := c.mint.Claim(w.spending(), w.owner, epoch, previous)
		if err != nil {
			return claims.Record{}, err
		}
		made = rec
		return frozenForm(rec), nil
	}
	old, found, err := c.ledger.Get(ctx, n.Receipt)
	if err != nil {
		return claims.Claim{}, built{}, err
	}
	var row claims.Claim
	var rec claims.Record
	if found && old.State != claims.Closed && old.State != claims.Revoked {
		row, rec, err = c.resume(ctx, w, n, old, in.Trust)
	} else {
		row, rec, err = c.begin(ctx, w, n, in.Trust)
	}
	if err != nil {
		return claims.Claim{}, built{}, err
	}
	if made != nil && made.Digest != rec.Digest {
		made = nil
	}
	return row, built{rec, made}, nil
}

// begin spends a receipt for the first time: everything must still hold.
func (c *Core) begin(ctx context.Context, w wish, n claims.NewClaim, version int64) (claims.Claim, claims.Record, error) {
	if err := c.inForce(w, version); err != nil {
		return claims.Claim{}, claims.Record{}, err
	}
	if err := c.disk(); err != nil {
		return claims.Claim{}, claims.Record{}, err
	}
	return c.ledger.Claim(ctx, n)
}

// resume continues an open claim. A repeated call of the same owner gets the same epoch as long
// as that has no intent; after that only a new epoch tells the one who comes back from the one
// who may still be at work. Policy is asked at the door, not here: what was begun must be
// brought to an end.
func (c *Core) resume(ctx context.Context, w wish, n claims.NewClaim, old claims.Claim, version int64) (claims.Claim, claims.Record, error) {
	if version != n.Trust {
		return claims.Claim{}, claims.Record{}, c.sameTrust(w.issued, version)
	}
	if old.Owner == n.Owner && old.State == claims.Claimed {
		intent, err := c.intentOf(ctx, n.Receipt, old.Epoch)
		if err != nil {
			return claims.Claim{}, claims.Record{}, err
		}
		if intent == nil {
			return c.ledger.Claim(ctx, n)
		}
	}
	return c.ledger.Takeover(ctx, n)
}

// intentOf returns the intent of an epoch, nil if there is none; of epoch 0, the newest.
func (c *Core) intentOf(ctx context.Context, id marketops.ReceiptID, epoch int64) (*claims.Record, error) {
	rows, err := c.ledger.ByReceipt(ctx, id)
	if err != nil {
		return nil, err
	}
	var newest *claims.Record
	for _, row := range rows {
		if row.Kind == claims.KindIntent && (epoch == 0 || row.Epoch == epoch) && (newest == nil || row.Epoch > newest.Epoch) {
			newest = &row
		}
	}
	return newest, nil
}

// appendClaims brings the claims of earlier epochs into the log before the one of this epoch.
func (c *Core) appendClaims(ctx context.Context, id marketops.ReceiptID, epoch int64) error {
	if epoch == 1 {
		return nil
	}
	rows, err := c.ledger.ByReceipt(ctx, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Kind == claims.KindClaim && row.Epoch < epoch {
			if _, err := c.append(ctx, row, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimState is the wire form of a row.
func (c *Core) claimState(ctx context.Context, row claims.Claim) (api.ClaimState, error) {
	out := api.ClaimState{
		Receipt: row.Receipt, Run: row.Run, Operation: row.OpDigest, State: string(row.State), Outcome: string(row.Outcome),
		Owner: row.Owner, Epoch: row.Epoch, LeaseUntil: row.LeaseUntil, Attempts: int64(row.Attempts),
	}
	if row.Epoch <= 1 {
		return out, nil
	}
	opened, err := c.openedAt(ctx, row.Receipt)
	out.Earlier = opened > 0 && opened < row.Epoch
	return out, err
}

// openedAt returns the epoch that opened the door to GitHub, 0 if none did.
func (c *Core) openedAt(ctx context.Context, id marketops.ReceiptID) (int64, error) {
	history, err := c.ledger.History(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, h := range history {
		if h.From == claims.Claimed && h.To == claims.Executing {
			return h.Epoch, nil
		}
	}
	return 0, nil
}

func (c *Core) getClaim(w http.ResponseWriter, r *http.Request) error {
	id := marketops.ReceiptID(r.PathValue("receipt"))
	if !id.Valid() {
		return fs.ErrNotExist
	}
	row, found, err := c.ledger.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if !found {
		i, err := c.receipt(r.Context(), id)
		if marketops.CodeOf(err) == marketops.ReceiptMissing {
			return fs.ErrNotExist
		}
		if err != nil {
			return err
		}
		answer(w, http.StatusOK, api.ClaimState{Receipt: id, Run: i.body.RunID, Operation: i.body.Operation, State: "none"})
		return nil
	}
	out, err := c.claimState(r.Context(), row)
	if err == nil {
		answer(w, http.StatusOK, out)
	}
	return err
}
