package server

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/receipt/trust"
)

// activeRules is the trust file and the policy that are in force, always replaced together.
type activeRules struct {
	trust  *trust.Trust
	policy *policy.Bundle
	stamp  string // of the files, to see whether they changed
}

func (c *Core) rules() (*activeRules, federation.Rules) {
	f := c.active.Load()
	l := c.opts.Config.Limits
	return f, federation.Rules{Trust: f.trust, Policy: f.policy, Limits: federation.Limits{
		ReceiptsPerRepository: l.MaxReceiptsPerRepository, SubmissionsPerDay: l.MaxSubmissionsPerDay, OperationsPerPlan: l.MaxOperationsPerPlan,
	}}
}

// reload reads trust file and policy and puts them in force if they may be.
func (c *Core) reload(ctx context.Context) error {
	c.reloadMu.Lock()
	defer c.reloadMu.Unlock()
	f, err := c.readForce()
	if err != nil {
		return err
	}
	_, seen, err := c.ledger.Marks(ctx)
	if err != nil {
		return err
	}
	if old := c.active.Load(); old != nil {
		seen = max(seen, old.trust.Version())
		if old.trust.Version() == f.trust.Version() && old.trust.Digest() != f.trust.Digest() {
			return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("another trust file of version %d is in force; raise the version", old.trust.Version()))
		}
	}
	if f.trust.Version() < seen {
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("trust.json has version %d, version %d was in force", f.trust.Version(), seen))
	}
	if err := c.ledger.SeeTrust(ctx, f.trust.Version()); err != nil {
		return err
	}
	c.active.Store(f)
	c.memos.receipts.clear()
	return nil
}

func (c *Core) readForce() (*activeRules, error) {
	stamp, err := c.stamp()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(c.opts.Config.Trust)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.TrustMissing, What: "trust file", Err: err}
	}
	t, err := trust.Parse(data)
	if err != nil {
		return nil, err
	}
	p, err := policy.Load(os.DirFS(c.opts.Config.Policy))
	if err != nil {
		return nil, err
	}
	if p.Digest().IsZero() {
		return nil, marketops.Refuse(marketops.ConfigInvalid, "the policy has no digest")
	}
	return &activeRules{t, p, stamp}, c.inRole(t)
}

// inRole refuses to start with keys whose records nobody would believe.
func (c *Core) inRole(t *trust.Trust) error {
	for role, s := range map[trust.Role]crypto.Signer{
		trust.RoleAuthority: c.opts.Keys.Authority, trust.RoleAdvisory: c.opts.Keys.Advisory, trust.RoleLedger: c.opts.Keys.Ledger,
	} {
		if h, ok := t.Holder(s.Public().ID()); !ok || h.Role != role {
			return marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("trust.json does not list the Core's key %s as %s", s.Public().ID(), role))
		}
	}
	want := c.vkey()
	if t.Log().Ended(want) {
		return marketops.Refuse(marketops.KeyRevoked, "log_key_ends of trust.json says that the checkpoint key "+want+" signs nothing more")
	}
	for _, l := range t.Log().Logs() {
		if l.Vkey == want {
			return nil
		}
	}
	return marketops.Refuse(marketops.KeyUnknown, "log_policy of trust.json does not list "+want)
}

// stamp changes when a file of trust or policy does.
func (c *Core) stamp() (string, error) {
	paths, err := filepath.Glob(filepath.Join(c.opts.Config.Policy, "*"))
	if err != nil {
		return "", &marketops.Failure{Code: marketops.StateMissing, What: "policy", Err: err}
	}
	s := ""
	for _, p := range append(paths, c.opts.Config.Trust) {
		i, err := os.Stat(p)
		if err != nil {
			return "", &marketops.Failure{Code: marketops.StateMissing, What: "trust or policy", Err: err}
		}
		s += fmt.Sprintf("%s %d %d\n", p, i.Size(), i.ModTime().UnixNano())
	}
	return s, nil
}

// lookForChange takes up files that changed since; what cannot be taken up leaves the old in force.
func (c *Core) lookForChange(ctx context.Context) {
	stamp, err := c.stamp()
	old := c.active.Load()
	if err == nil && stamp == old.stamp {
		return
	}
	if err == nil {
		err = c.reload(ctx)
	}
	if err != nil {
		if c.failedStamp != stamp { // say it once for each change
			c.log.Error("the changed trust file or policy is not taken up", "error", err)
		}
		c.failedStamp = stamp
		return
	}
	f := c.active.Load()
	c.log.Info("in force", "trust", f.trust.Version(), "policy", f.policy.Digest().String())
}

// audience lists the publishers' keys that are valid now.
func (f *activeRules) audience(now marketops.Time) (out []crypto.KeyID) {
	for _, k := range f.trust.File().Publishers {
		der, err := base64.StdEncoding.DecodeString(k.SPKI)
		if err != nil {
			continue
		}
		if key, err := crypto.ParseSPKI(der); err == nil && f.mayPublish(key.ID(), now) {
			out = append(out, key.ID())
		}
	}
	return out
}

// mayPublish reports whether a key is a publisher's, within its window and not revoked.
func (f *activeRules) mayPublish(id crypto.KeyID, now marketops.Time) bool {
	h, ok := f.trust.Holder(id)
	return ok && h.Role == trust.RolePublisher && now >= h.Key.NotBefore && now < h.Key.NotAfter && len(h.Key.RevokedFrom) == 0
}
