// Package trust reads the trust file: whose keys may sign which records, when, and how many
// persons or authorities each rule asks for. It is the only unproved input of a verifier.
//
// A [Trust] opens an envelope and admits it ([Trust.Open]): the key is known, its role may sign
// such a record, the time is inside the key's window, and the key is not revoked at that position
// of the log. The file itself is described in docs/formats.md.
package trust

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/textfile"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// MaxTrust is the size of the largest trust file, in bytes.
const MaxTrust = 1 << 20

const schemaTrust = "marketops.trust/v2"

// Role is what a key may sign. Every key has exactly one.
type Role string

// The roles.
const (
	RolePerson    Role = "person"
	RoleAuthority Role = "authority"
	RoleAdvisory  Role = "advisory"
	RolePublisher Role = "publisher"
	RoleLedger    Role = "ledger"
	RoleReader    Role = "reader"
)

// signers says which role signs which record.
var signers = map[receipt.Kind][]Role{
	receipt.KindSubmission: {RolePerson}, receipt.KindApproval: {RolePerson}, receipt.KindResolution: {RolePerson},
	receipt.KindReceipt: {RoleAuthority}, receipt.KindRevocation: {RoleAuthority}, receipt.KindAdvisory: {RoleAdvisory},
	receipt.KindClaim: {RoleLedger}, receipt.KindRunClosed: {RoleLedger}, receipt.KindTrustAdopted: {RoleLedger}, receipt.KindIntent: {RolePublisher},
	receipt.KindOutcome: {RolePublisher, RoleLedger}, receipt.KindRefusal: {RolePublisher, RoleLedger},
	receipt.KindShardSealed: {RoleLedger}, receipt.KindShardGenesis: {RoleLedger},
	receipt.KindRequest: {RolePerson, RolePublisher, RoleLedger, RoleReader}, receipt.KindAnswer: {RoleLedger},
}

// Holder is who a key belongs to.
type Holder struct {
	Role    Role
	Name    string   // person id, or the key's opaque id
	Groups  []string // of a person
	Targets []string // of a reader: what it may read about, "*" for everything
	Key     Key
}

// MayJudge reports whether a person is in a group of the approval rules for this kind and target.
func (t *Trust) MayJudge(person Holder, k marketops.Kind, target marketops.Target) bool {
	return inGroup(t.Minimum(k, target), person)
}

// Trust is a trust file that [Parse] accepted. The zero value trusts no key.
type Trust struct {
	file    File
	text    []byte
	digest  marketops.Digest
	ring    *crypto.Keyring
	holders map[crypto.KeyID]Holder
	policy  *log.Policy

	versions *versions // nil: no other is at hand
}

// Parse reads a trust file. It refuses weak keys, one key under two ids or in two roles,
// thresholds that cannot be met, and everything it does not know. The code is
// [marketops.TrustMissing].
func Parse(data []byte) (*Trust, error) {
	if err := textfile.CheckEncoding(data); err != nil {
		return nil, untrusted(err)
	}
	t := &Trust{text: bytes.Clone(data), digest: marketops.DigestOf(data), holders: map[crypto.KeyID]Holder{}}
	if err := canon.DecodeLoose(data, MaxTrust, &t.file); err != nil {
		return nil, untrusted(err)
	}
	if err := t.load(); err != nil {
		return nil, untrusted(err)
	}
	return t, nil
}

// matches reports whether the rule speaks of this kind on this target, whose host the file names.
func (r Rule) matches(k marketops.Kind, target marketops.Target) bool {
	return (slices.Contains(r.Kinds, "*") || slices.Contains(r.Kinds, string(k))) &&
		(slices.Contains(r.Targets, "*") || slices.Contains(r.Targets, target.ID()))
}

// Version returns the file's version.
func (t *Trust) Version() int64 { return t.file.Version }

// Digest returns the SHA-256 of the file's bytes.
func (t *Trust) Digest() marketops.Digest { return t.digest }

// Text returns the file's bytes.
func (t *Trust) Text() []byte { return bytes.Clone(t.text) }

// Ref names the file in receipts.
func (t *Trust) Ref() receipt.TrustRef {
	return receipt.TrustRef{Version: t.file.Version, Digest: t.digest}
}

// File returns the document, for showing.
func (t *Trust) File() File { return t.file }

// Next returns the document of the version that follows, to be changed: the same but for version, previous
// and the time from which on it is effective.
func (t *Trust) Next(effective marketops.Time) File {
	f := t.file
	f.Version, f.Previous, f.Effective = f.Version+1, t.digest, effective
	return f
}

// Log returns the policy that says which logs and witnesses to believe.
func (t *Trust) Log() *log.Policy { return t.policy }

// Ring returns the keys of all roles in all versions at hand. A key's role is checked by [Trust.Admit].
func (t *Trust) Ring() *crypto.Keyring {
	if t.versions != nil {
		return t.versions.ring
	}
	return t.ring
}

// Holder returns whom a key belongs to.
func (t *Trust) Holder(id crypto.KeyID) (h Holder, ok bool) {
	if t != nil {
		h, ok = t.holders[id]
	}
	return h, ok
}

// Person returns a person by id, without a key.
func (t *Trust) Person(id string) (Holder, bool) {
	i := slices.IndexFunc(t.file.Persons, func(p Person) bool { return p.ID == id })
	if i < 0 {
		return Holder{}, false
	}
	return Holder{Role: RolePerson, Name: id, Groups: t.file.Persons[i].Groups}, true
}

// Expired reports whether the file may still serve new use at now.
func (t *Trust) Expired(now marketops.Time) bool { return now >= t.file.Expires }

// CheckHost refuses a host that the file does not name: no rule speaks of a repository there. The code is
// [marketops.RepositoryMismatch].
func (t *Trust) CheckHost(h marketops.Host) error {
	if slices.Contains(t.file.Hosts, h) {
		return nil
	}
	return &marketops.Refusal{Code: marketops.RepositoryMismatch, What: fmt.Sprintf("trust.json lets nothing be published to %s; its hosts are %s", h, t.file.Hosts),
		Next: "if that GitHub may be published to, add it to hosts in the next version of trust.json"}
}

// Minimum returns the approval rules that apply; none means that nothing may be authorised.
func (t *Trust) Minimum(k marketops.Kind, target marketops.Target) (out []Rule) {
	return t.matchingRules(t.file.Approvals, k, target)
}

// AuthorityThreshold returns how many distinct authorities must sign; 0 means none may.
func (t *Trust) AuthorityThreshold(k marketops.Kind, target marketops.Target) (n int) {
	for _, r := range t.matchingRules(t.file.AuthorityRules, k, target) {
		n = max(n, r.Threshold)
	}
	return n
}

// MayResolve reports whether a person may resolve unknown outcomes of this kind and target.
func (t *Trust) MayResolve(person Holder, k marketops.Kind, target marketops.Target) bool {
	return inGroup(t.matchingRules(t.file.Resolvers, k, target), person)
}

// MayRevoke reports whether a person may withdraw receipts of this kind and target.
func (t *Trust) MayRevoke(person Holder, k marketops.Kind, target marketops.Target) bool {
	return inGroup(t.matchingRules(t.file.Revokers, k, target), person)
}

// MayRevokeBy is [Trust.MayRevoke] of the person with this id.
func (t *Trust) MayRevokeBy(id string, k marketops.Kind, target marketops.Target) bool {
	person, listed := t.Person(id)
	return listed && t.MayRevoke(person, k, target)
}

func inGroup(rules []Rule, person Holder) bool {
	for _, r := range rules {
		if person.Role == RolePerson && slices.Contains(person.Groups, r.Group) {
			return true
		}
	}
	return false
}

// matchingRules returns none for a target at a host that the file does not name.
func (t *Trust) matchingRules(rules []Rule, k marketops.Kind, target marketops.Target) (out []Rule) {
	if t.CheckHost(target.Host) != nil {
		return nil
	}
	for _, r := range rules {
		if r.matches(k, target) {
			out = append(out, r)
		}
	}
	return out
}

// Open opens an envelope against all keys and admits it: see [Trust.Admit].
func (t *Trust) Open(envelope []byte, at marketops.Time, pos *log.Position) (*receipt.Record, Holder, error) {
	if t == nil {
		return nil, Holder{}, marketops.Refuse(marketops.TrustMissing, "no trust file")
	}
	r, err := receipt.Open(envelope, t.ring)
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
func (t *Trust) Admit(r *receipt.Record, at marketops.Time, pos *log.Position) (Holder, error) {
	if t == nil {
		return Holder{}, marketops.Refuse(marketops.TrustMissing, "no trust file")
	}
	h, ok := t.holders[r.By]
	if !ok || !slices.Contains(signers[r.Body.Kind()], h.Role) {
		return Holder{}, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("key %s may not sign a %s", r.By, r.Body.Kind()))
	}
	if err := t.requireValid(h, at, pos); err != nil {
		return Holder{}, err
	}
	return h, nil
}

// Valid reports whether a key of this role could sign something at a time and place; see [Trust.Admit].
func (t *Trust) Valid(id crypto.KeyID, role Role, at marketops.Time, pos *log.Position) bool {
	h, ok := t.holders[id]
	return ok && h.Role == role && t.requireValid(h, at, pos) == nil
}

func (t *Trust) requireValid(h Holder, at marketops.Time, pos *log.Position) error {
	if at < h.Key.NotBefore || at >= h.Key.NotAfter {
		return marketops.Refuse(marketops.KeyOutsideValidity,
			fmt.Sprintf("%s %q is valid from %s to %s, not at %s", h.Role, h.Name, h.Key.NotBefore, h.Key.NotAfter, at))
	}
	if t.revokedAt(h.Key, pos) {
		return marketops.Refuse(marketops.KeyRevoked, fmt.Sprintf("%s %q", h.Role, h.Name))
	}
	return nil
}

// revokedAt reports whether a key signs nothing any more at a place. What was revoked in a log is revoked in
// every log after it.
func (t *Trust) revokedAt(k Key, pos *log.Position) bool {
	for _, from := range k.RevokedFrom {
		if pos == nil || from.Origin == pos.Origin && pos.Index >= from.Index || t.isAfter(pos.Origin, from.Origin) {
			return true
		}
	}
	return false
}

// isAfter reports whether a log came after another one: log_policy lists logs in their order. A log that is not
// listed any more came before all others, and nothing is known to stand in one that was never listed.
func (t *Trust) isAfter(origin, earlier string) bool {
	logs := t.Newest().policy.Logs()
	place := func(o string) int { return slices.IndexFunc(logs, func(l log.Party) bool { return l.Name == o }) }
	return origin != earlier && (place(origin) < 0 || place(origin) > place(earlier))
}
