package trust

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

func untrusted(err error) error {
	return marketops.RefuseErr(marketops.TrustMissing, "the trust file is not usable", err)
}

func (t *Trust) load() error {
	f := &t.file
	if f.Schema != schemaTrust || f.Version < 1 || f.Expires <= 0 {
		return fmt.Errorf("schema %.60q, version and expires must be %s, 1 or more, and a time", f.Schema, schemaTrust)
	}
	if (f.Version == 1) != f.Previous.IsZero() || f.Effective <= 0 || f.Effective >= f.Expires {
		return errors.New("previous is the digest of the version before, which version 1 does not have; effective is a time before expires")
	}
	if err := checkHosts(f.Hosts); err != nil {
		return err
	}
	if f.MaxLifetime < 1 || f.MaxLifetime > int64(receipt.MaxLifetime) {
		return fmt.Errorf("max_lifetime %d is not within 1 to %d seconds", f.MaxLifetime, receipt.MaxLifetime)
	}
	if err := t.loadKeys(); err != nil {
		return err
	}
	if err := t.checkReaders(); err != nil {
		return err
	}
	if err := t.checkRules(); err != nil {
		return err
	}
	var err error
	if t.policy, err = log.ParsePolicy(f.LogPolicy); err != nil {
		return err
	}
	for _, e := range f.LogKeyEnds {
		if err := t.policy.End(e.Vkey, uint64(e.Size)); err != nil {
			return err
		}
	}
	return nil
}

func checkHosts(hosts []marketops.Host) error {
	if len(hosts) == 0 {
		return errors.New("hosts is empty: name each GitHub, such as github.com")
	}
	for i, h := range hosts {
		if slices.Contains(hosts[:i], h) {
			return fmt.Errorf("host %s is there twice", h)
		}
	}
	return nil
}

func (t *Trust) loadKeys() error {
	var ring []crypto.PublicKey
	add := func(h Holder) error {
		k, err := h.Key.public()
		if err != nil {
			return fmt.Errorf("key %.80q: %w", h.Key.ID, err)
		}
		id := k.ID()
		if other, twice := t.holders[id]; twice {
			return fmt.Errorf("key %.80q is also %s %q: one key, one holder, one role", h.Key.ID, other.Role, other.Name)
		}
		t.holders[id] = h
		ring = append(ring, k)
		return nil
	}
	for _, p := range t.file.Persons {
		if err := t.checkPerson(p); err != nil {
			return err
		}
		for _, k := range p.Keys {
			if err := add(Holder{Role: RolePerson, Name: p.ID, Groups: p.Groups, Key: k}); err != nil {
				return err
			}
		}
	}
	for role, keys := range map[Role][]Key{RoleAuthority: t.file.Authorities, RoleAdvisory: t.file.Advisory,
		RolePublisher: t.file.Publishers, RoleLedger: t.file.Ledger} {
		for _, k := range keys {
			if err := add(Holder{Role: role, Name: k.ID, Key: k}); err != nil {
				return err
			}
		}
	}
	for _, r := range t.file.Readers {
		if err := add(Holder{Role: RoleReader, Name: r.ID, Targets: r.targets(), Key: r.Key}); err != nil {
			return err
		}
	}
	var err error
	t.ring, err = crypto.NewKeyring(ring...)
	return err
}

func (t *Trust) checkPerson(p Person) error {
	seen := 0
	for _, q := range t.file.Persons {
		if q.ID == p.ID {
			seen++
		}
	}
	if seen != 1 {
		return fmt.Errorf("person %.80q is there %d times", p.ID, seen)
	}
	return marketops.ValidateID("person id", p.ID)
}

func (k Key) public() (crypto.PublicKey, error) {
	if k.Alg != "ed25519" || marketops.ValidateID("key id", k.ID) != nil || k.NotAfter <= k.NotBefore {
		return crypto.PublicKey{}, errors.New("alg, id or validity window is not usable")
	}
	for _, from := range k.RevokedFrom { // a misspelt origin would revoke nothing
		if err := log.CheckOrigin(from.Origin); err != nil {
			return crypto.PublicKey{}, fmt.Errorf("revoked_from: %w", err)
		}
	}
	der, err := base64.StdEncoding.DecodeString(k.SPKI)
	if err != nil || base64.StdEncoding.EncodeToString(der) != k.SPKI {
		return crypto.PublicKey{}, errors.New("spki is not canonical base64")
	}
	return crypto.ParseSPKI(der)
}

// targets returns what the reader may read about.
func (r Reader) targets() []string {
	if r.Targets == nil {
		return []string{"*"}
	}
	return r.Targets
}

func (t *Trust) checkReaders() error {
	for _, r := range t.file.Readers {
		if len(r.targets()) == 0 {
			return fmt.Errorf("reader %.80q: targets is empty; leave it out if the reader may read everything", r.ID)
		}
		for _, tg := range r.Targets {
			if err := t.checkTarget(tg); err != nil {
				return fmt.Errorf("reader %.80q: %w", r.ID, err)
			}
		}
	}
	return nil
}

func (t *Trust) checkRules() error {
	authorities := map[string]bool{}
	for _, k := range t.file.Authorities {
		authorities[k.ID] = true
	}
	for _, r := range t.file.AuthorityRules {
		if r.Group != "" { // it would be taken for a restriction and be none
			return fmt.Errorf("authority_rules: authorities have no groups, so %.80q means nothing", r.Group)
		}
		if err := t.check(r, len(authorities)); err != nil {
			return fmt.Errorf("authority_rules: %w", err)
		}
	}
	for _, r := range t.file.Approvals {
		if err := t.check(r, t.groupSize(r.Group)); err != nil {
			return fmt.Errorf("approvals: %w", err)
		}
	}
	for _, r := range slices.Concat(t.file.Resolvers, t.file.Revokers) {
		if r.Threshold > 1 {
			return fmt.Errorf("resolvers and revokers: one person acts alone, so threshold %d would promise too much", r.Threshold)
		}
		r.Threshold = 1
		if err := t.check(r, t.groupSize(r.Group)); err != nil {
			return fmt.Errorf("resolvers and revokers: %w", err)
		}
	}
	return nil
}

// groupSize counts the persons of a group who have a key; a group without a name has no members.
func (t *Trust) groupSize(group string) (n int) {
	for _, p := range t.file.Persons {
		if group != "" && slices.Contains(p.Groups, group) && len(p.Keys) > 0 {
			n++
		}
	}
	return n
}

// checkTarget refuses a selector that no repository could ever match.
func (t *Trust) checkTarget(s string) error {
	if s == "*" {
		return nil
	}
	host, number, _ := strings.Cut(s, "#")
	h, err := marketops.ParseHost(host)
	if err != nil {
		return fmt.Errorf("target %.80q: %w", s, err)
	}
	if err := t.CheckHost(h); err != nil {
		return fmt.Errorf("target %.80q: %w", s, err)
	}
	id, err := strconv.ParseInt(number, 10, 64)
	repository := marketops.Target{Type: "github", Host: h, RepositoryID: id, FullName: "any/name"}
	if err != nil || repository.ID() != s || repository.Validate() != nil {
		return fmt.Errorf("target %.80q is neither * nor host#id", s)
	}
	return nil
}

// check refuses a rule that cannot be met or cannot match.
func (t *Trust) check(r Rule, available int) error {
	if r.Threshold < 1 || r.Threshold > available {
		return fmt.Errorf("threshold %d of group %.80q cannot be met by %d", r.Threshold, r.Group, available)
	}
	if len(r.Kinds) == 0 || len(r.Targets) == 0 {
		return errors.New("a rule names kinds and targets, or *")
	}
	for _, k := range r.Kinds {
		if !slices.Contains([]string{"*", string(marketops.TagRepo), string(marketops.PublishRelease), string(marketops.OpenPR)}, k) {
			return fmt.Errorf("kind %.40q is neither * nor a kind of operation", k)
		}
	}
	for _, tg := range r.Targets {
		if err := t.checkTarget(tg); err != nil {
			return err
		}
	}
	return nil
}
