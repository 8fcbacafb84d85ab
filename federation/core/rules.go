package core

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync/atomic"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/federation/versions"
	"github.com/omega/marketops/internal/cache"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// activeRules is the trust file and the policy that are active, always replaced together.
type activeRules struct {
	trust    *trust.Trust
	policy   *policy.Bundle
	stamp    string                                   // of the files, to see whether they changed
	receipts cache.Cache[marketops.ReceiptID, issued] // indexed ones, opened under this trust file
	votes    cache.Cache[log.Hash, gate.Vote]         // the same: who said what
}

// rules keeps the active rules and replaces them when the files change: at start, and in a sweep.
type rules struct {
	*parts
	active      atomic.Pointer[activeRules]
	course      *trust.Course // which version was in force where in this log
	failedStamp string        // stamp of files that could not be loaded
	waiting     string        // stamp of files with a version that is not effective yet
	effective   marketops.Time
	warned      marketops.Time
}

func (r *rules) forDecision() federation.Rules {
	f, l := r.active.Load(), r.config.Limits
	return federation.Rules{Trust: f.trust, Policy: f.policy, Observe: r.config.Observe != config.ObserveNone, Limits: federation.Limits{
		ReceiptsPerRepository: l.MaxReceiptsPerRepository, SubmissionsPerDay: l.MaxSubmissionsPerDay, SubmissionsPerPerson: l.MaxSubmissionsPerPerson, OperationsPerPlan: l.MaxOperationsPerPlan,
	}}
}

// reload reads trust file and policy and activates them if they may be. A later version of the trust file is
// taken into force; at the start, [rules.enterForce] does that.
func (r *rules) reload(ctx context.Context) error {
	f, err := r.read()
	if err != nil {
		return err
	}
	_, seen, err := r.ledger.Marks(ctx)
	if err != nil {
		return err
	}
	if old := r.active.Load(); old != nil {
		seen = max(seen, old.trust.Version())
		if old.trust.Version() == f.trust.Version() && old.trust.Digest() != f.trust.Digest() {
			return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("another trust file of version %d is active; raise the version", old.trust.Version()))
		}
	}
	if f.trust.Version() < seen {
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("trust.json has version %d, version %d was active", f.trust.Version(), seen))
	}
	if old := r.active.Load(); old != nil && old.trust.Digest() != f.trust.Digest() {
		return r.replace(ctx, f)
	}
	r.active.Store(f)
	return nil
}

func (r *rules) read() (*activeRules, error) {
	stamp, err := r.stamp()
	if err != nil {
		return nil, err
	}
	t, err := versions.Load(r.opts.State, r.config)
	if err != nil {
		return nil, err
	}
	p, err := loadPolicy(r.config.Policy)
	if err != nil {
		return nil, err
	}
	if p.Digest().IsZero() {
		return nil, marketops.Refuse(marketops.ConfigInvalid, "the policy has no digest")
	}
	return &activeRules{trust: t, policy: p, stamp: stamp}, r.requireRoles(t)
}

// requireRoles refuses to start with keys whose records the trust file does not admit.
func (r *rules) requireRoles(t *trust.Trust) error {
	for role, s := range r.ownKeys() {
		h, ok := t.Holder(s.Public().ID())
		if !ok || h.Role != role {
			return marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("trust.json does not list the Core's key %s as %s", s.Public().ID(), role))
		}
		if now := r.now(); now < h.Key.NotBefore || now+gate.Epsilon >= h.Key.NotAfter {
			return &marketops.Refusal{Code: marketops.KeyOutsideValidity, What: fmt.Sprintf("the Core's %s key is valid from %s to %s", role, h.Key.NotBefore, h.Key.NotAfter),
				State: "the Core does not serve under this trust file", Next: "list a new key, or a later not_after, in trust.json and raise its version"}
		}
	}
	want := log.Vkey(r.config.Origin, r.opts.Checkpoint.Public())
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

func (r *rules) ownKeys() map[trust.Role]crypto.Signer {
	return map[trust.Role]crypto.Signer{trust.RoleAuthority: r.opts.Keys.Authority, trust.RoleAdvisory: r.opts.Keys.Advisory, trust.RoleLedger: r.opts.Keys.Ledger}
}

// foretold is for how long the end of a key of the Core is said beforehand, once a day.
const foretold = 30 * day

func (r *rules) warnOfEnds() {
	now := r.now()
	if now < r.warned+day {
		return
	}
	r.warned = now
	for role, s := range r.ownKeys() {
		if h, _ := r.active.Load().trust.Holder(s.Public().ID()); h.Key.NotAfter-now < foretold {
			r.log.Warn("a key of the Core ends soon: list a new one, or a later not_after, in trust.json; nothing can be authorised or claimed afterwards",
				"role", role, "not_after", h.Key.NotAfter.String())
		}
	}
}

// stamp changes when a file of trust or policy does.
func (r *rules) stamp() (string, error) {
	found, err := regular.OwnFiles(r.config.Policy, maxPolicyFiles)
	if err != nil {
		return "", &marketops.Failure{Code: regular.CodeOf(err, marketops.ConfigInvalid), What: "policy", Err: err}
	}
	f, info, err := regular.OpenPath(r.config.Trust)
	if err != nil {
		return "", &marketops.Failure{Code: regular.CodeOf(err, marketops.StateMissing), What: "trust file", Err: err}
	}
	f.Close()
	s := fmt.Sprintf("%d %d\n", info.Size(), info.ModTime().UnixNano())
	for _, name := range slices.Sorted(maps.Keys(found)) {
		s += fmt.Sprintf("%q %d %d\n", name, found[name].Size(), found[name].ModTime().UnixNano())
	}
	return s, nil
}

// maxPolicyFiles is how many names the policy's folder may have, those that are passed over included.
const maxPolicyFiles = 10_000

// loadPolicy loads a policy of whose files [rules.stamp] knows that they are the operator's own.
func loadPolicy(dir string) (*policy.Bundle, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "policy", Err: err}
	}
	defer root.Close()
	return policy.Load(root.FS())
}

// reloadChanged loads files that changed since; where they cannot be loaded the old stay active.
func (r *rules) reloadChanged(ctx context.Context) {
	stamp, err := r.stamp()
	old := r.active.Load()
	if err == nil && (stamp == old.stamp || stamp == r.waiting && r.now() < r.effective) {
		return
	}
	if err == nil {
		err = r.reload(ctx)
	}
	if err != nil {
		if r.failedStamp != stamp { // say it once for each change
			r.log.Error("the changed trust file or policy was not loaded", "error", err)
		}
		r.failedStamp = stamp
		return
	}
	f := r.active.Load()
	r.log.Info("trust and policy reloaded", "trust", f.trust.Version(), "policy", f.policy.Digest().String())
}

// openFrom opens an envelope that is handed in, at now, and demands that it is a record of kind B
// and signed by the holder who makes the call.
func openFrom[B receipt.Body](r *rules, who *federation.Caller, envelope []byte) (*receipt.Record, B, error) {
	var body B
	rec, holder, err := r.active.Load().trust.Open(envelope, r.now(), nil)
	if err != nil {
		return nil, body, err
	}
	body, ok := rec.Body.(B)
	switch {
	case !ok:
		err = marketops.Refuse(marketops.PredicateTypeWrong, fmt.Sprintf("a %s where a %s belongs", rec.Body.Kind(), body.Kind()))
	case holder.Role != who.Role || holder.Name != who.Name:
		err = marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("the record is signed by %q, the call by %q", holder.Name, who.Name))
	case who.Role == trust.RolePublisher && rec.By != who.Key:
		err = marketops.Refuse(marketops.KeyUnknown, "record and call are signed by different keys")
	default:
		err = requireTight(rec)
	}
	return rec, body, err
}

// requireTight refuses an envelope that is much larger than what it carries. No signature covers its spelling, so that
// spaces alone could make a small record a large one.
func requireTight(rec *receipt.Record) error {
	if n, most := len(rec.Envelope), base64.StdEncoding.EncodedLen(len(rec.Opened.Payload))+federation.EnvelopeBytes; n > most {
		return marketops.Refuse(marketops.ReceiptMalformed, fmt.Sprintf("an envelope of %d bytes around a payload of %d, at most %d are taken", n, len(rec.Opened.Payload), most))
	}
	return nil
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
