package core

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// conditions judges what a step rests on beside the ledger.
type conditions struct{ *parts }

// standing is the one list of what must hold, besides votes and what the ledger itself knows, for a claim, an intent, an
// execution and the first attempt: what was asked when the receipt was issued and may have changed since. What it
// returns is asked in this order. Expiry is the ledger's to ask.
func (c conditions) standing(publisher crypto.KeyID, i issued, version int64) []func() error {
	return []func() error{
		func() error { return c.samePolicy(i) },
		func() error { return c.sameTrust(i, version) },
		func() error { return c.mayPublish(publisher, i) },
		func() error { return c.stillAllowed(i) },
	}
}

// forClaim lists what must hold for a claim; old is the claim as it stands. At first
// everything must hold. What is claimed must still be allowed, or it could not be executed. What
// is executing must come to an end whatever has changed since: there Core and publisher need only
// use one version of trust, and the next effect is judged when it is counted.
func (c conditions) forClaim(ctx context.Context, publisher crypto.KeyID, i issued, old claims.Claim, version int64) []func() error {
	standing := c.standing(publisher, i, version)
	switch old.State {
	case claims.Claimed:
		return standing
	case claims.Executing, claims.Decided:
		return []func() error{func() error { return c.sameVersion(i, version) }}
	}
	newest := func() error { return c.requireNewest(ctx, i) }
	return append(standing, newest, c.requireClock, c.requireDisk)
}

// guard asks the votes and the list inside the ledger's transaction, as long as no attempt was counted. It does not call
// the ledger.
func (c conditions) guard(publisher crypto.KeyID, i issued) claims.Guard {
	vetoed := c.vetoes.guard(i.op)
	return func(row claims.Claim, votes []claims.Record) error {
		if err := vetoed(row, votes); err != nil {
			return err
		}
		return all(c.standing(publisher, i, c.rules.active.Load().trust.Version()))
	}
}

func all(conditions []func() error) error {
	for _, holds := range conditions {
		if err := holds(); err != nil {
			return err
		}
	}
	return nil
}

// forNextEffect is what still stops an effect after the first attempt: keys that were revoked or ended, and a trust file that
// expired. The ledger asks for expiry.
func (c conditions) forNextEffect(publisher crypto.KeyID, i issued) error {
	if err := c.sameTrust(i, c.rules.active.Load().trust.Version()); err != nil {
		return err
	}
	return c.mayPublish(publisher, i)
}

func (c conditions) mayPublish(publisher crypto.KeyID, i issued) error {
	if !c.rules.active.Load().mayPublish(publisher, c.now()) {
		return marketops.Refuse(marketops.KeyRevoked, "the publisher's key is no longer valid")
	}
	if !slices.Contains(i.body.Audience, publisher) {
		return marketops.Refuse(marketops.AudienceMismatch, string(publisher))
	}
	return nil
}

// stillAllowed asks policy again about the facts that it judged when the receipt was issued, at the time that it is now: a
// freeze can have begun since.
func (c conditions) stillAllowed(i issued) error {
	if i.facts == nil {
		return marketops.Refuse(marketops.FactUnobserved, "what policy judged before "+string(i.body.ReceiptID)+" was issued cannot be read; authorize again")
	}
	facts := *i.facts
	facts.Now = c.now()
	d := c.rules.active.Load().policy.Decide(facts)
	if d.Allow {
		return nil
	}
	code := d.Code
	if code == "" {
		code = marketops.PolicyDenied
	}
	return &marketops.Refusal{Code: code, What: fmt.Sprintf("policy does not allow it now: %.500s", strings.Join(d.WhyNot, "; ")),
		State: "nothing was sent", Next: "wait until it is allowed, or authorize again"}
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
