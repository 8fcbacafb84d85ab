package core

import (
	"context"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// conditions judges what a claim rests on beside the ledger.
type conditions struct{ *parts }

// forClaim lists what must hold for a claim; old is the claim as it stands. At first
// everything must hold. What is claimed must still be allowed, or it could not be executed. What
// is executing must come to an end whatever has changed since: there Core and publisher need only
// use one version of trust.
func (c conditions) forClaim(ctx context.Context, i issued, old claims.Claim, version int64) []func() error {
	policy := func() error { return c.samePolicy(i) }
	trust := func() error { return c.sameTrust(i, version) }
	switch old.State {
	case claims.Claimed:
		return []func() error{policy, trust}
	case claims.Executing, claims.Decided:
		return []func() error{func() error { return c.sameVersion(i, version) }}
	}
	newest := func() error { return c.requireNewest(ctx, i) }
	return []func() error{policy, trust, newest, c.requireClock, c.requireDisk}
}

func (c conditions) samePolicy(i issued) error {
	if now := c.rules.active.Load().policy.Digest(); i.body.Policy != now {
		return marketops.Refuse(marketops.PolicySuperseded, fmt.Sprintf("issued under %s, active is %s", i.body.Policy.Short(), now.Short()))
	}
	return nil
}

// sameVersion demands that Core and publisher use one version of trust. A higher one would
// otherwise raise the ledger's mark above what this Core itself can judge by.
func (c conditions) sameVersion(i issued, version int64) error {
	switch now := c.rules.active.Load().trust.Version(); {
	case version < now:
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("the publisher uses version %d of trust.json, active is %d", version, now))
	case version > now || i.body.Trust.Version > now:
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("this Core uses version %d of trust.json, there is a version %d", now, max(version, i.body.Trust.Version)))
	}
	return nil
}

// sameTrust also asks whether the receipt's key still holds.
func (c conditions) sameTrust(i issued, version int64) error {
	if err := c.sameVersion(i, version); err != nil {
		return err
	}
	f := c.rules.active.Load()
	if f.trust.Expired(c.now()) {
		return marketops.Refuse(marketops.TrustExpired, "")
	}
	_, err := f.trust.Admit(i.rec, c.now(), c.records.Place(i.row))
	return err
}

// forExecution re-checks before the first effect what may have been withdrawn since the claim. It
// runs inside the ledger's transaction and does not call the ledger.
func (c conditions) forExecution(who *federation.Caller, i issued) error {
	f := c.rules.active.Load()
	if err := c.sameTrust(i, f.trust.Version()); err != nil {
		return err
	}
	if !f.mayPublish(who.Key, c.now()) {
		return marketops.Refuse(marketops.KeyRevoked, "the publisher's key is no longer valid")
	}
	if !slices.Contains(i.body.Audience, who.Key) {
		return marketops.Refuse(marketops.AudienceMismatch, string(who.Key))
	}
	return nil
}

// requireNewest refuses a receipt after which another one was issued for its operation: it had lapsed, and only a clock
// that went back makes it look good again.
func (c conditions) requireNewest(ctx context.Context, i issued) error {
	rows, err := c.records.Run(ctx, i.body.RunID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if receipt.Kind(row.Kind) != receipt.KindReceipt || row.Seq <= i.row.Seq || row.Receipt == i.body.ReceiptID {
			continue
		}
		later, err := runs(c).openReceipt(c.rules.active.Load(), row)
		if err != nil {
			return err
		}
		if later.body.Operation == i.body.Operation {
			return marketops.Refuse(marketops.Consumed, fmt.Sprintf("%s took the place of %s", later.body.ReceiptID, i.body.ReceiptID))
		}
	}
	return nil
}

// requireClock refuses to begin anything before a time at which a quorum of witnesses has cosigned.
// The ledger compares with the claims that it granted.
func (c conditions) requireClock() error {
	at, ok, err := c.records.CosignedAt()
	if now := c.now(); err == nil && ok && now+gate.Epsilon < at {
		return marketops.Refuse(marketops.ClockUnsure, fmt.Sprintf("it is %s here, but witnesses cosigned at %s", now, at))
	}
	return err
}

// requireDisk refuses to begin anything while what runs might not find space to finish.
func (c conditions) requireDisk() error {
	free, err := c.opts.Free(c.opts.State)
	if err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: "cannot determine free disk space", Err: err}
	}
	if free < Reserve {
		return marketops.Refuse(marketops.DiskFull, fmt.Sprintf("%d MiB are free, the reserve is %d MiB", free>>20, Reserve>>20))
	}
	return nil
}
