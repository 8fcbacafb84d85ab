package receipt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
)

// MaxTrust is the size of the largest trust file, in bytes.
const MaxTrust = 1 << 20

const schemaTrust = "marketops.trust/v1"

// Role is what a key may sign. Every key has exactly one.
type Role string

// The roles.
const (
	RolePerson    Role = "person"
	RoleAuthority Role = "authority"
	RoleAdvisory  Role = "advisory"
	RolePublisher Role = "publisher"
	RoleLedger    Role = "ledger"
)

// signers says which role signs which record.
var signers = map[string][]Role{
	"submission": {RolePerson}, "approval": {RolePerson}, "resolution": {RolePerson},
	"receipt": {RoleAuthority}, "revocation": {RoleAuthority}, "advisory": {RoleAdvisory},
	"claim": {RoleLedger}, "run-closed": {RoleLedger}, "intent": {RolePublisher},
	"outcome": {RolePublisher, RoleLedger}, "refusal": {RolePublisher, RoleLedger},
	"request": {RolePerson, RolePublisher},
}

// TrustFile is the document behind [Trust]: whom to believe, and the one input of a verifier
// that nothing proves. Members are as in docs/formats.md.
type TrustFile struct {
	Schema           string         `json:"schema"`
	Version          int64          `json:"version"` // grows with every change
	Expires          marketops.Time `json:"expires"` // binds new use, not old evidence
	Persons          []TrustPerson  `json:"persons"`
	Authorities      []TrustKey     `json:"authorities"`
	AuthorityRules   []Rule         `json:"authority_rules"` // threshold counts authorities
	Advisory         []TrustKey     `json:"advisory"`
	Publishers       []TrustKey     `json:"publishers"`
	Ledger           []TrustKey     `json:"ledger"`
	Resolvers        []Rule         `json:"resolvers"`
	Revokers         []Rule         `json:"revokers"`
	Approvals        []Rule         `json:"approvals"`    // the floor; threshold counts persons of group
	LogPolicy        string         `json:"log_policy"`   // C2SP tlog-policy text
	MaxLifetime      int64          `json:"max_lifetime"` // seconds that a receipt may live, at most 86400
	KnownCheckpoints []Seen         `json:"known_checkpoints"`
}

// TrustPerson is a human being with a stable id that is not an e-mail address.
type TrustPerson struct {
	ID     string     `json:"id"`
	Groups []string   `json:"groups"`
	Keys   []TrustKey `json:"keys"`
}

// TrustKey is a key with an opaque id and the times in which it may sign.
type TrustKey struct {
	ID          string         `json:"id"`
	Alg         string         `json:"alg"`  // "ed25519"
	SPKI        string         `json:"spki"` // base64 of DER
	NotBefore   marketops.Time `json:"not_before"`
	NotAfter    marketops.Time `json:"not_after"`
	RevokedFrom []log.Position `json:"revoked_from,omitzero"` // per origin: nothing at or above this index
}

// Rule applies to kinds and targets: "*" or a kind, "*" or "host#id"; never a name.
type Rule struct {
	Kinds     []string `json:"kinds"`
	Targets   []string `json:"targets"`
	Group     string   `json:"group,omitzero"`
	Threshold int      `json:"threshold,omitzero"`
}

// Holder is who a key belongs to.
type Holder struct {
	Role   Role
	Name   string // person id, or the key's opaque id
	Groups []string
	Key    TrustKey
}

// Trust is a trust file that [ParseTrust] accepted. The zero value trusts nobody.
type Trust struct {
	file    TrustFile
	digest  marketops.Digest
	ring    *crypto.Keyring
	holders map[crypto.KeyID]Holder
	policy  *log.Policy
}

var idRE = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func personID(s string) error {
	if !idRE.MatchString(s) {
		return fmt.Errorf("person id %.80q is not of the form %s", s, idRE)
	}
	return nil
}

// ParseTrust reads a trust file. It refuses weak keys, one key under two ids or in two roles,
// thresholds that cannot be met, and everything it does not know. The code is
// [marketops.TrustMissing].
func ParseTrust(data []byte) (*Trust, error) {
	t := &Trust{digest: marketops.DigestOf(data), holders: map[crypto.KeyID]Holder{}}
	if err := canon.DecodeLoose(data, MaxTrust, &t.file); err != nil {
		return nil, untrusted(err)
	}
	if err := t.load(); err != nil {
		return nil, untrusted(err)
	}
	return t, nil
}

func untrusted(err error) error {
	return marketops.RefuseErr(marketops.TrustMissing, "the trust file is not usable", err)
}

func (t *Trust) load() error {
	f := &t.file
	if f.Schema != schemaTrust || f.Version < 1 || f.Expires <= 0 {
		return fmt.Errorf("schema %.60q, version and expires must be %s, 1 or more, and a time", f.Schema, schemaTrust)
	}
	if f.MaxLifetime < 1 || f.MaxLifetime > int64(MaxLifetime) {
		return fmt.Errorf("max_lifetime %d is not within 1 to %d seconds", f.MaxLifetime, MaxLifetime)
	}
	if err := t.loadKeys(); err != nil {
		return err
	}
	if err := t.checkRules(); err != nil {
		return err
	}
	var err error
	t.policy, err = log.ParsePolicy(f.LogPolicy)
	return err
}

func (t *Trust) loadKeys() error {
	var ring []crypto.PublicKey
	add := func(h Holder) error {
		k, err := h.Key.public()
		if err != nil {
			return fmt.Errorf("key %.80q: %w", h.Key.ID, err)
		}
		if other, twice := t.holders[k.ID()]; twice {
			return fmt.Errorf("key %.80q is also %s %q: one key, one holder, one role", h.Key.ID, other.Role, other.Name)
		}
		t.holders[k.ID()] = h
		ring = append(ring, k)
		return nil
	}
	for _, p := range t.file.Persons {
		if err := t.checkPerson(p); err != nil {
			return err
		}
		for _, k := range p.Keys {
			if err := add(Holder{RolePerson, p.ID, p.Groups, k}); err != nil {
				return err
			}
		}
	}
	for role, keys := range map[Role][]TrustKey{RoleAuthority: t.file.Authorities, RoleAdvisory: t.file.Advisory,
		RolePublisher: t.file.Publishers, RoleLedger: t.file.Ledger} {
		for _, k := range keys {
			if err := add(Holder{role, k.ID, nil, k}); err != nil {
				return err
			}
		}
	}
	var err error
	t.ring, err = crypto.NewKeyring(ring...)
	return err
}

func (t *Trust) checkPerson(p TrustPerson) error {
	seen := 0
	for _, q := range t.file.Persons {
		if q.ID == p.ID {
			seen++
		}
	}
	if seen != 1 {
		return fmt.Errorf("person %.80q is there %d times", p.ID, seen)
	}
	return personID(p.ID)
}

func (k TrustKey) public() (crypto.PublicKey, error) {
	if k.Alg != "ed25519" || !idRE.MatchString(k.ID) || k.NotAfter <= k.NotBefore {
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

func (t *Trust) checkRules() error {
	authorities := map[string]bool{}
	for _, k := range t.file.Authorities {
		authorities[k.ID] = true
	}
	for _, r := range t.file.AuthorityRules {
		if r.Group != "" { // it would be taken for a restriction and be none
			return fmt.Errorf("authority_rules: authorities have no groups, so %.80q means nothing", r.Group)
		}
		if err := r.check(len(authorities)); err != nil {
			return fmt.Errorf("authority_rules: %w", err)
		}
	}
	for _, r := range t.file.Approvals {
		if err := r.check(t.groupSize(r.Group)); err != nil {
			return fmt.Errorf("approvals: %w", err)
		}
	}
	for _, r := range slices.Concat(t.file.Resolvers, t.file.Revokers) {
		if r.Threshold > 1 {
			return fmt.Errorf("resolvers and revokers: one person acts alone, so threshold %d would promise too much", r.Threshold)
		}
		r.Threshold = 1
		if err := r.check(t.groupSize(r.Group)); err != nil {
			return fmt.Errorf("resolvers and revokers: %w", err)
		}
	}
	return nil
}

func (t *Trust) groupSize(group string) (n int) {
	for _, p := range t.file.Persons {
		if slices.Contains(p.Groups, group) && len(p.Keys) > 0 {
			n++
		}
	}
	return n
}

var targetRE = regexp.MustCompile(`^(\*|[a-z0-9.:-]+#[0-9]+)$`)

func (r Rule) check(available int) error {
	if r.Threshold < 1 || r.Threshold > available {
		return fmt.Errorf("threshold %d of group %.80q cannot be met by %d", r.Threshold, r.Group, available)
	}
	if len(r.Kinds) == 0 || len(r.Targets) == 0 {
		return errors.New("a rule names kinds and targets, or *")
	}
	for _, k := range r.Kinds {
		if err := oneOf("kind", k, "*", string(marketops.TagRepo), string(marketops.PublishRelease), string(marketops.OpenPR)); err != nil {
			return err
		}
	}
	for _, tg := range r.Targets {
		if !targetRE.MatchString(tg) {
			return fmt.Errorf("target %.80q is neither * nor host#id", tg)
		}
	}
	return nil
}

// Matches reports whether the rule speaks of this kind on this target.
func (r Rule) Matches(k marketops.Kind, target marketops.Target) bool {
	return (slices.Contains(r.Kinds, "*") || slices.Contains(r.Kinds, string(k))) &&
		(slices.Contains(r.Targets, "*") || slices.Contains(r.Targets, target.ID()))
}

// Version returns the file's version.
func (t *Trust) Version() int64 { return t.file.Version }

// Digest returns the SHA-256 of the file's bytes.
func (t *Trust) Digest() marketops.Digest { return t.digest }

// Ref names the file in receipts.
func (t *Trust) Ref() TrustRef { return TrustRef{t.file.Version, t.digest} }

// File returns the document, for showing.
func (t *Trust) File() TrustFile { return t.file }

// Log returns the policy that says which logs and witnesses to believe.
func (t *Trust) Log() *log.Policy { return t.policy }

// Ring returns the keys of all roles. A key's role is checked by [Trust.Admit].
func (t *Trust) Ring() *crypto.Keyring { return t.ring }

// Holder returns whom a key belongs to.
func (t *Trust) Holder(id crypto.KeyID) (Holder, bool) { h, ok := t.holders[id]; return h, ok }

// Expired reports whether the file may still serve new use at now.
func (t *Trust) Expired(now marketops.Time) bool { return now >= t.file.Expires }

// Floor returns the approval rules that apply; none means that nothing may be authorised.
func (t *Trust) Floor(k marketops.Kind, target marketops.Target) (out []Rule) {
	return matching(t.file.Approvals, k, target)
}

// AuthorityThreshold returns how many distinct authorities must sign; 0 means none may.
func (t *Trust) AuthorityThreshold(k marketops.Kind, target marketops.Target) (n int) {
	for _, r := range matching(t.file.AuthorityRules, k, target) {
		n = max(n, r.Threshold)
	}
	return n
}

// MayResolve reports whether a person may resolve unknown outcomes of this kind and target.
func (t *Trust) MayResolve(person Holder, k marketops.Kind, target marketops.Target) bool {
	return inGroup(matching(t.file.Resolvers, k, target), person)
}

// MayRevoke reports whether a person may withdraw receipts of this kind and target.
func (t *Trust) MayRevoke(person Holder, k marketops.Kind, target marketops.Target) bool {
	return inGroup(matching(t.file.Revokers, k, target), person)
}

func inGroup(rules []Rule, person Holder) bool {
	for _, r := range rules {
		if person.Role == RolePerson && slices.Contains(person.Groups, r.Group) {
			return true
		}
	}
	return false
}

func matching(rules []Rule, k marketops.Kind, target marketops.Target) (out []Rule) {
	for _, r := range rules {
		if r.Matches(k, target) {
			out = append(out, r)
		}
	}
	return out
}

// Open opens an envelope against all keys and admits it: see [Trust.Admit].
func (t *Trust) Open(envelope []byte, at marketops.Time, pos *log.Position) (*Record, Holder, error) {
	if t == nil {
		return nil, Holder{}, marketops.Refuse(marketops.TrustMissing, "no trust file")
	}
	r, err := Open(envelope, t.ring)
	if err != nil {
		return nil, Holder{}, err
	}
	h, err := t.Admit(r, at, pos)
	if err != nil {
		return nil, Holder{}, err
	}
	return r, h, nil
}

// Admit returns the holder of the key that signed r if that role signs such records and the key
// was within its window at the given time and not revoked at the given position of the log (nil:
// not in a log yet, which any revocation forbids). Codes: [marketops.KeyUnknown],
// [marketops.KeyOutsideValidity], [marketops.KeyRevoked].
func (t *Trust) Admit(r *Record, at marketops.Time, pos *log.Position) (Holder, error) {
	h, ok := t.holders[r.By]
	if !ok || !slices.Contains(signers[r.Body.Name()], h.Role) {
		return Holder{}, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("key %s may not sign a %s", r.By, r.Body.Name()))
	}
	if at < h.Key.NotBefore || at >= h.Key.NotAfter {
		return Holder{}, marketops.Refuse(marketops.KeyOutsideValidity,
			fmt.Sprintf("%s %q is valid from %s to %s, not at %s", h.Role, h.Name, h.Key.NotBefore, h.Key.NotAfter, at))
	}
	if h.Key.revokedAt(pos) {
		return Holder{}, marketops.Refuse(marketops.KeyRevoked, fmt.Sprintf("%s %q", h.Role, h.Name))
	}
	return h, nil
}

func (k TrustKey) revokedAt(pos *log.Position) bool {
	for _, from := range k.RevokedFrom {
		if pos == nil || from.Origin == pos.Origin && pos.Index >= from.Index {
			return true
		}
	}
	return false
}
