package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// intent takes what a publisher is about to do: one per epoch, naming the newest claim.
func (c *Core) intent(ctx context.Context, who *caller, in api.Envelope) (api.Entry, error) {
	rec, err := c.openFrom(who, in.Envelope, "intent")
	if err != nil {
		return api.Entry{}, err
	}
	body := rec.Body.(*receipt.Intent)
	lock := c.runs.of(body.RunID)
	lock.RLock()
	defer lock.RUnlock()
	row, err := c.held(ctx, who, body.ReceiptID, body.Epoch)
	if err != nil {
		return api.Entry{}, err
	}
	switch {
	case body.RunID != row.Run:
		return api.Entry{}, marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("the claim is of %s", row.Run))
	case body.Operation != row.OpDigest || rec.About() != row.OpDigest || body.Receipt != row.ReceiptDigest:
		return api.Entry{}, marketops.Refuse(marketops.OperationMismatch, "the intent is of another operation or receipt than the claim")
	case body.Claim != row.ClaimRecord:
		return api.Entry{}, marketops.Refuse(marketops.OperationInFlight, "the intent names another claim than the newest")
	}
	if err := c.ensureIndexed(ctx, body.Claim); err != nil {
		return api.Entry{}, err
	}
	return c.freezeAndAppend(ctx, rec)
}

// held returns the claim that the caller holds under this epoch. Code operation-in-flight if
// somebody else does.
func (c *Core) held(ctx context.Context, who *caller, id marketops.ReceiptID, epoch int64) (claims.Claim, error) {
	if !id.Valid() {
		return claims.Claim{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	row, found, err := c.ledger.Get(ctx, id)
	switch {
	case err != nil:
		return claims.Claim{}, err
	case !found:
		return claims.Claim{}, marketops.Refuse(marketops.ReceiptMissing, string(id)+" was not claimed")
	case row.State == claims.Revoked:
		return claims.Claim{}, marketops.Refuse(marketops.Revoked, string(id))
	case row.Owner != who.key || row.Epoch != epoch:
		if err := c.withdrawn(ctx, row, who.key); err != nil {
			return claims.Claim{}, err
		}
		return claims.Claim{}, marketops.RefuseErr(marketops.OperationInFlight, fmt.Sprintf("epoch %d of %s belongs to %s", row.Epoch, id, row.Owner), claims.ErrFenced)
	}
	return row, nil
}

// withdrawn tells a publisher that lost its claim to a revocation what happened: the fence
// alone would say that somebody else has it.
func (c *Core) withdrawn(ctx context.Context, row claims.Claim, key crypto.KeyID) error {
	if row.Outcome != claims.Rejected || row.Owner != key {
		return nil
	}
	history, err := c.ledger.History(ctx, row.Receipt)
	if err != nil {
		return err
	}
	for _, h := range history {
		if h.To == claims.Decided && h.Reason == "revoked" {
			return marketops.Refuse(marketops.Revoked, string(row.Receipt))
		}
	}
	return nil
}

// execute opens the door to GitHub for one epoch: the intent stands in a published checkpoint,
// and receipt, trust and policy still hold.
func (c *Core) execute(ctx context.Context, who *caller, in api.Fence) (api.Lease, error) {
	row, err := c.held(ctx, who, in.Receipt, in.Epoch)
	if err != nil {
		return api.Lease{}, err
	}
	if err := c.published(ctx, row); err != nil {
		return api.Lease{}, err
	}
	i, err := c.receipt(ctx, in.Receipt)
	if err != nil {
		return api.Lease{}, err
	}
	guard := func(claims.Claim) error {
		if err := c.samePolicy(i); err != nil {
			return err
		}
		return c.guard(who, i)
	}
	open, err := c.ledger.Execute(ctx, in.Receipt, in.Epoch, who.key, c.opts.Config.Lease, guard)
	if errors.Is(err, claims.ErrState) && row.State == claims.Executing {
		return c.reenter(ctx, who, row, i)
	}
	return leaseOf(open), err
}

// published demands the intent of this very epoch under a published checkpoint.
func (c *Core) published(ctx context.Context, row claims.Claim) error {
	index, found, err := c.intentIndex(ctx, row.Receipt, row.Epoch)
	if err != nil {
		return err
	}
	if !found {
		return marketops.Refuse(marketops.ReceiptUnlogged, fmt.Sprintf("epoch %d of %s has no intent in the log", row.Epoch, row.Receipt))
	}
	_, err = c.tree.Published(ctx, index)
	return err
}

// guard re-checks at the door what may have been withdrawn since the claim. It runs inside the
// ledger's transaction and does not call the ledger.
func (c *Core) guard(who *caller, i issued) error {
	f := c.active.Load()
	if err := c.sameTrust(i, f.trust.Version()); err != nil {
		return err
	}
	if !f.mayPublish(who.key, c.now()) {
		return marketops.Refuse(marketops.KeyRevoked, "the publisher's key is not valid any more")
	}
	if !slices.Contains(i.body.Audience, who.key) {
		return marketops.Refuse(marketops.AudienceMismatch, string(who.key))
	}
	return nil
}

// reenter lets the epoch that took over an execution through the door that an earlier epoch
// opened. Policy is not asked: GitHub may have changed, and what was begun must come to an end.
// The epoch that opened the door passes no second time: after an unclear answer it takes over.
func (c *Core) reenter(ctx context.Context, who *caller, row claims.Claim, i issued) (api.Lease, error) {
	opened, err := c.openedAt(ctx, row.Receipt)
	if err != nil {
		return api.Lease{}, err
	}
	if opened == 0 || opened >= row.Epoch {
		return api.Lease{}, marketops.RefuseErr(marketops.OperationInFlight, "this epoch has opened the door before; claim again and look first", claims.ErrState)
	}
	if now := c.now(); now+gate.Epsilon >= row.ExpiresAt {
		return api.Lease{}, marketops.Refuse(marketops.Expired, fmt.Sprintf("the receipt expires at %s, it is %s", row.ExpiresAt, now))
	}
	if err := c.guard(who, i); err != nil {
		return api.Lease{}, err
	}
	return leaseAfter(c.ledger.Renew(ctx, row.Receipt, row.Epoch, who.key, c.opts.Config.Lease))
}

func (c *Core) renew(ctx context.Context, who *caller, in api.Fence) (api.Lease, error) {
	if _, err := c.held(ctx, who, in.Receipt, in.Epoch); err != nil {
		return api.Lease{}, err
	}
	return leaseAfter(c.ledger.Renew(ctx, in.Receipt, in.Epoch, who.key, c.opts.Config.Lease))
}

// attempt counts a visible effect; the ledger re-checks expiry and clock.
func (c *Core) attempt(ctx context.Context, who *caller, in api.Fence) (api.Lease, error) {
	row, err := c.held(ctx, who, in.Receipt, in.Epoch)
	if err != nil {
		return api.Lease{}, err
	}
	if !c.active.Load().mayPublish(who.key, c.now()) {
		return api.Lease{}, marketops.Refuse(marketops.KeyRevoked, "the publisher's key is not valid any more")
	}
	n, err := c.ledger.Attempt(ctx, in.Receipt, in.Epoch, who.key)
	return api.Lease{Until: row.LeaseUntil, Attempts: int64(n)}, err
}

func leaseAfter(row claims.Claim, err error) (api.Lease, error) { return leaseOf(row), err }

func leaseOf(row claims.Claim) api.Lease {
	return api.Lease{Until: row.LeaseUntil, Attempts: int64(row.Attempts)}
}
