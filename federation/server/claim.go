package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// claimRequest is a claim that was asked for, looked up and found to fit its receipt.
type claimRequest struct {
	issued
	owner crypto.KeyID
}

func (i issued) spending() issue.ReceiptHistory {
	return issue.ReceiptHistory{Run: i.body.RunID, Receipt: i.body.ReceiptID, Digest: i.rec.Digest, Kind: i.body.OperationKind, Operation: i.body.Operation}
}

// binding finds the receipt and checks what a publisher's own gate would have checked: run,
// operation, audience and the authority's key. A publisher that asks all the same is recorded.
func (c *Core) binding(ctx context.Context, who *caller, in api.ClaimWanted) (claimRequest, error) {
	if !in.Receipt.Valid() {
		return claimRequest{}, marketops.Refuse(marketops.ReceiptMissing, "no receipt is named")
	}
	i, err := c.receipt(ctx, in.Receipt)
	if err != nil {
		return claimRequest{}, err
	}
	switch {
	case in.Publisher != who.key:
		return claimRequest{}, marketops.Refuse(marketops.AudienceMismatch, "the call is signed by another key than the one it names")
	case !slices.Contains(i.body.Audience, who.key):
		return claimRequest{}, marketops.Refuse(marketops.AudienceMismatch, fmt.Sprintf("%s is not in the audience of %s", who.key, in.Receipt))
	case in.Run != i.body.RunID:
		return claimRequest{}, marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("%s belongs to %s", in.Receipt, i.body.RunID))
	case in.Operation != i.body.Operation:
		return claimRequest{}, marketops.Refuse(marketops.OperationMismatch, fmt.Sprintf("%s is for operation %s", in.Receipt, i.body.Operation))
	}
	return claimRequest{i, who.key}, nil
}

// conditions are what a claim rests on beside the ledger; old is the claim as it stands. At first
// everything must hold. What is claimed must still be allowed, or the door would refuse it. What
// is executing must come to an end whatever has changed since: there Core and publisher need only
// go by one version of trust.
func (c *Core) conditions(w claimRequest, old claims.Claim, version int64) []func() error {
	policy := func() error { return c.samePolicy(w.issued) }
	trust := func() error { return c.sameTrust(w.issued, version) }
	switch old.State {
	case claims.Claimed:
		return []func() error{policy, trust}
	case claims.Executing, claims.Decided:
		return []func() error{func() error { return c.sameVersion(w.issued, version) }}
	}
	return []func() error{policy, trust, c.clock, c.requireDisk}
}

func (c *Core) samePolicy(i issued) error {
	if now := c.active.Load().policy.Digest(); i.body.Policy != now {
		return marketops.Refuse(marketops.PolicySuperseded, fmt.Sprintf("issued under %s, in force is %s", i.body.Policy.Short(), now.Short()))
	}
	return nil
}

// sameVersion demands that Core and publisher go by one version of trust. A higher one would
// otherwise raise the ledger's mark above what this Core itself can judge by.
func (c *Core) sameVersion(i issued, version int64) error {
	switch now := c.active.Load().trust.Version(); {
	case version < now:
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("the publisher goes by version %d of trust.json, in force is %d", version, now))
	case version > now || i.body.Trust.Version > now:
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("this Core goes by version %d of trust.json, there is a version %d", now, max(version, i.body.Trust.Version)))
	}
	return nil
}

// sameTrust also asks whether the receipt's key still holds.
func (c *Core) sameTrust(i issued, version int64) error {
	if err := c.sameVersion(i, version); err != nil {
		return err
	}
	f := c.active.Load()
	if f.trust.Expired(c.now()) {
		return marketops.Refuse(marketops.TrustExpired, "")
	}
	_, err := f.trust.Admit(i.rec, c.now(), c.place(i.row))
	return err
}

func (c *Core) newClaim(w claimRequest) claims.NewClaim {
	return claims.NewClaim{
		Receipt: w.body.ReceiptID, OpKey: w.opKey, Run: w.body.RunID, Kind: w.body.OperationKind, OpDigest: w.body.Operation,
		ReceiptDigest: w.rec.Digest, Owner: w.owner, ExpiresAt: w.body.ExpiresAt, Lease: c.opts.Config.Lease,
		Trust: c.active.Load().trust.Version(),
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
	if err := c.ensureIndexed(ctx, w.rec.Digest); err != nil {
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

func (c *Core) spendReceipt(ctx context.Context, w claimRequest, in api.ClaimWanted) (claims.Claim, built, error) {
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
	old, _, err := c.ledger.Get(ctx, n.Receipt)
	if err != nil {
		return claims.Claim{}, built{}, err
	}
	for _, holds := range c.conditions(w, old, in.Trust) {
		if err := holds(); err != nil {
			return claims.Claim{}, built{}, err
		}
	}
	row, rec, err := c.grant(ctx, n, old)
	if err != nil {
		return claims.Claim{}, built{}, err
	}
	if made != nil && made.Digest != rec.Digest {
		made = nil
	}
	return row, built{rec, made}, nil
}

// clock refuses to begin anything before a time at which a quorum of witnesses has cosigned. The
// ledger compares with the claims that it granted.
func (c *Core) clock() error {
	p := c.active.Load().trust.Log()
	if !p.Witnessed() {
		return nil
	}
	raw, err := c.tree.Checkpoint()
	if err != nil {
		return err
	}
	at, ok := p.CosignedAt(raw)
	if now := c.now(); ok && now+gate.Epsilon < at {
		return marketops.Refuse(marketops.ClockUnsure, fmt.Sprintf("it is %s here, but witnesses cosigned at %s", now, at))
	}
	return nil
}

// grant gives the first epoch, or continues an open claim. A repeated call of the same owner gets
// the same epoch as long as that has no intent; after that only a new epoch tells the one who comes
// back from the one who may still be at work.
func (c *Core) grant(ctx context.Context, n claims.NewClaim, old claims.Claim) (claims.Claim, claims.Record, error) {
	switch old.State {
	case "", claims.Closed, claims.Revoked:
		return c.ledger.Claim(ctx, n)
	case claims.Claimed:
		intent, err := c.intentOf(ctx, n.Receipt, old.Epoch)
		if err != nil {
			return claims.Claim{}, claims.Record{}, err
		}
		if old.Owner == n.Owner && intent == nil {
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

// intentIndex returns where the intent of an epoch stands in the log, if it does.
func (c *Core) intentIndex(ctx context.Context, id marketops.ReceiptID, epoch int64) (uint64, bool, error) {
	if index, ok := c.memos.intents.get(epochOf{id, epoch}); ok {
		return index, true, nil
	}
	row, err := c.intentOf(ctx, id, epoch)
	if err != nil || row == nil || row.Index == nil {
		return 0, false, err
	}
	return *row.Index, true, nil
}

// newestIntent is the intent of the claim's own epoch, else the newest of an earlier one: who
// took over only to read has announced nothing.
func (c *Core) newestIntent(ctx context.Context, row claims.Claim) (uint64, bool, error) {
	index, found, err := c.intentIndex(ctx, row.Receipt, row.Epoch)
	if found || err != nil {
		return index, found, err
	}
	return c.intentIndex(ctx, row.Receipt, 0)
}

// appendClaims brings the claims of the epochs before this one into the log.
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
