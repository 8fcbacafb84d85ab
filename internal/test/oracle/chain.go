package oracle

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// version is one version of a trust file.
type version struct {
	trust.File
	digest marketops.Digest
}

// chain holds the versions at hand, the newest first. Each names the next by its digest.
type chain []*version

// readChain returns nil where the newest version is no trust file.
func readChain(texts [][]byte) (out chain) {
	for _, text := range texts {
		t, err := trust.Parse(text)
		if err != nil {
			return out
		}
		v := &version{t.File(), t.Digest()}
		if len(out) > 0 && !leadsTo(out[len(out)-1], v) {
			return out
		}
		out = append(out, v)
	}
	return out
}

// leadsTo: a version names the one before, has a higher number, and is not effective earlier.
func leadsTo(v, before *version) bool {
	return v.Previous == before.digest && v.Version > before.Version && v.Effective >= before.Effective
}

// first returns version 1, or nil if it is not at hand.
func (c chain) first() *version {
	if last := c[len(c)-1]; last.Version == 1 {
		return last
	}
	return nil
}

// named returns the version that a record names, or the code that says why there is none.
func (c chain) named(ref receipt.TrustRef) (*version, marketops.Code) {
	for _, v := range c {
		if v.digest == ref.Digest && v.Version == ref.Version {
			return v, ""
		}
	}
	if ref.Version > c[0].Version || c.first() == nil && ref.Version < c[len(c)-1].Version {
		return nil, marketops.TrustUnavailable
	}
	return nil, marketops.TrustRolledBack
}

// tooLate: the version after this one had been effective for more than 10 minutes.
func (c chain) tooLate(v *version, at marketops.Time) bool {
	for i, other := range c {
		if other == v && i > 0 {
			return at-c[i-1].Effective > 600
		}
	}
	return false
}

// holder is whose key it is, in one version.
type holder struct {
	role trust.Role // empty: of no list
	name string     // of a person, or the id of the key
	key  trust.Key
}

// lists: one of the versions lists a key.
func (c chain) lists(id crypto.KeyID) bool {
	return slices.ContainsFunc(c, func(v *version) bool { return v.holder(id).role != "" })
}

// holder looks through all lists of a version.
func (v *version) holder(id crypto.KeyID) holder {
	for _, p := range v.Persons {
		for _, k := range p.Keys {
			if keyID(k) == id {
				return holder{trust.RolePerson, p.ID, k}
			}
		}
	}
	for role, keys := range map[trust.Role][]trust.Key{trust.RoleAuthority: v.Authorities, trust.RoleAdvisory: v.Advisory,
		trust.RolePublisher: v.Publishers, trust.RoleLedger: v.Ledger} {
		for _, k := range keys {
			if keyID(k) == id {
				return holder{role, k.ID, k}
			}
		}
	}
	return holder{}
}

func keyID(k trust.Key) crypto.KeyID {
	der, _ := base64.StdEncoding.DecodeString(k.SPKI)
	key, err := crypto.ParseSPKI(der)
	if err != nil {
		return ""
	}
	return key.ID()
}

// revoked asks the newest version that lists the key.
func (c chain) revoked(id crypto.KeyID, p log.Position) bool {
	for _, v := range c {
		if h := v.holder(id); h.role != "" {
			return slices.ContainsFunc(h.key.RevokedFrom, func(from log.Position) bool { return c.reaches(from, p) })
		}
	}
	return false
}

// reaches: a place is at or above another one of its log, or in a later log.
func (c chain) reaches(from, p log.Position) bool {
	if from.Origin == p.Origin {
		return p.Index >= from.Index
	}
	return c.rank(p.Origin) > c.rank(from.Origin)
}

// rank is the place of a log in the policy of the newest version. A log that is not listed came before all.
func (c chain) rank(origin string) int {
	rank := -1
	for i, line := range strings.Split(c[0].LogPolicy, "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "log" && strings.HasPrefix(words[1], origin+"+") {
			rank = i
		}
	}
	return rank
}

// mayBe is the code of a key that may not play a role at a time and place under a version, or empty.
func (c chain) mayBe(v *version, id crypto.KeyID, roles []trust.Role, at marketops.Time, p log.Position) marketops.Code {
	h := v.holder(id)
	switch {
	case !slices.Contains(roles, h.role):
		return marketops.KeyUnknown
	case at < h.key.NotBefore || at >= h.key.NotAfter:
		return marketops.KeyOutsideValidity
	case c.revoked(id, p):
		return marketops.KeyRevoked
	}
	return ""
}

// signers are the roles that may sign a kind of record.
var signers = map[receipt.Kind][]trust.Role{
	receipt.KindSubmission: {trust.RolePerson}, receipt.KindApproval: {trust.RolePerson}, receipt.KindResolution: {trust.RolePerson},
	receipt.KindRequest: {trust.RolePerson, trust.RolePublisher, trust.RoleLedger}, receipt.KindAnswer: {trust.RoleLedger},
	receipt.KindReceipt: {trust.RoleAuthority}, receipt.KindRevocation: {trust.RoleAuthority},
	receipt.KindAdvisory: {trust.RoleAdvisory}, receipt.KindIntent: {trust.RolePublisher},
	receipt.KindOutcome: {trust.RolePublisher, trust.RoleLedger}, receipt.KindRefusal: {trust.RolePublisher, trust.RoleLedger},
	receipt.KindClaim: {trust.RoleLedger}, receipt.KindRunClosed: {trust.RoleLedger}, receipt.KindTrustAdopted: {trust.RoleLedger},
	receipt.KindShardSealed: {trust.RoleLedger}, receipt.KindShardGenesis: {trust.RoleLedger},
}

// matching returns the rules that speak of a kind and a target.
func (v *version) matching(rules []trust.Rule, k marketops.Kind, t marketops.Target) (out []trust.Rule) {
	for _, r := range rules {
		kind := slices.Contains(r.Kinds, "*") || slices.Contains(r.Kinds, string(k))
		every := slices.Contains(r.Targets, "*") && slices.Contains(v.Hosts, t.Host)
		if kind && (every || slices.Contains(r.Targets, fmt.Sprintf("%s#%d", t.Host, t.RepositoryID))) {
			out = append(out, r)
		}
	}
	return out
}

// groups are those of a person in a version.
func (v *version) groups(person string) []string {
	for _, p := range v.Persons {
		if p.ID == person {
			return p.Groups
		}
	}
	return nil
}

// mayAlone: a person is of the group of one rule that matches.
func (v *version) mayAlone(rules []trust.Rule, person string, k marketops.Kind, t marketops.Target) bool {
	return slices.ContainsFunc(v.matching(rules, k, t), func(r trust.Rule) bool { return slices.Contains(v.groups(person), r.Group) })
}

// eligible: a person is of a group of the minimum.
func (v *version) eligible(person string, r *receipt.Receipt) bool {
	return v.mayAlone(v.Approvals, person, r.OperationKind, r.Target)
}
