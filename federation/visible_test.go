package federation_test

import (
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// seen is a trust file in which each person is in a group of their own.
func seenTrust(t *testing.T) *trust.Trust {
	t.Helper()
	f := sample.NewTrust(sample.NewLog())
	f.Version, f.Previous = 1, marketops.Digest{}
	rule := func(group string) []trust.Rule {
		return []trust.Rule{{Kinds: []string{"tag_repo"}, Targets: []string{"github.com#7"}, Group: group}}
	}
	f.Persons = []trust.Person{
		sample.Person("bob", []string{"requesters"}, 71), sample.Person("alice", []string{"approvers"}, 72), sample.Person("carol", []string{"operators"}, 73),
		sample.Person("dora", []string{"revokers"}, 74), sample.Person("mallory", []string{"elsewhere"}, 75),
	}
	f.Approvals = append(rule("approvers"), trust.Rule{Kinds: []string{"*"}, Targets: []string{"github.com#8"}, Group: "elsewhere", Threshold: 1})
	f.Approvals[0].Threshold = 1
	f.Resolvers, f.Revokers = rule("operators"), rule("revokers")
	f.Readers = []trust.Reader{{Key: sample.TrustKey(76, "auditor")}, {Key: sample.TrustKey(77, "monitor"), Targets: []string{"github.com#7"}},
		{Key: sample.TrustKey(78, "other"), Targets: []string{"github.com#8"}}}
	first := sample.TrustText(t, f)
	f.Version, f.Previous = 2, marketops.DigestOf(first)
	f.Persons = append([]trust.Person{}, f.Persons...)
	f.Persons[1].Groups = []string{"elsewhere"}
	f.Persons[4].Groups = []string{"approvers"}
	second, err := trust.Parse(sample.TrustText(t, f))
	if err == nil {
		second, err = second.With(func(marketops.Digest) []byte { return first })
	}
	if err != nil {
		t.Fatal(err)
	}
	return second
}

// TestSees: a run is shown to those whose business it is. In the first version of the trust file alice judges tags of
// repository 7, in the second mallory does.
func TestSees(t *testing.T) {
	second := seenTrust(t)
	first, err := second.First()
	if err != nil {
		t.Fatal(err)
	}
	refs := func(ids ...int64) (out []receipt.OperationRef) {
		for _, id := range ids {
			out = append(out, receipt.OperationRef{Kind: marketops.TagRepo, Target: marketops.Target{Type: "github", Host: "github.com", RepositoryID: id, FullName: "octo-org/widgets"}})
		}
		return out
	}
	release := refs(7)
	release[0].Kind = marketops.PublishRelease
	by := func(key byte) federation.Caller {
		h, listed := second.Holder(sample.ID(key))
		if !listed {
			t.Fatalf("key %d is not listed", key)
		}
		return federation.Caller{Holder: h, Key: sample.ID(key)}
	}
	bob, alice, carol, dora, mallory := by(71), by(72), by(73), by(74), by(75)
	auditor, monitor, other := by(76), by(77), by(78)
	publisher, ledger, authority, advisory := by(sample.KeyPublisher), by(sample.KeyLedger), by(sample.KeyAuthority1), by(sample.KeyAdvisory)
	old := func(c federation.Caller) federation.Caller {
		c.Holder, _ = first.Holder(c.Key)
		return c
	}
	run := federation.Parties{Requester: "bob", Operations: refs(7)}
	with := func(change func(*federation.Parties)) federation.Parties { p := run; change(&p); return p }
	votes := func(keys ...byte) federation.Parties {
		return with(func(p *federation.Parties) {
			for _, k := range keys {
				p.Votes = append(p.Votes, sample.ID(k))
			}
		})
	}
	both := federation.Parties{Requester: "eve", Operations: refs(8, 7)}
	for _, c := range []struct {
		name string
		t    *trust.Trust
		who  federation.Caller
		run  federation.Parties
		want bool
	}{
		{"the operator", first, federation.Operator(), run, true},
		{"the operator, no run", first, federation.Operator(), federation.Parties{}, true},
		{"the ledger", first, ledger, run, true},
		{"the ledger, no run", first, ledger, federation.Parties{}, true},
		{"no caller", first, federation.Caller{}, run, false},
		{"no caller, no run", first, federation.Caller{}, federation.Parties{}, false},
		{"an authority", first, authority, run, false},
		{"an advisory key", first, advisory, run, false},

		{"the requester", first, bob, run, true},
		{"another's run", first, bob, federation.Parties{Requester: "eve", Operations: refs(7)}, false},
		{"a person, no run", first, bob, federation.Parties{}, false},
		{"a person without a name, no run", first, federation.Caller{Holder: trust.Holder{Role: trust.RolePerson}}, federation.Parties{Operations: refs(7)}, false},
		{"a publisher with the requester's name", first, federation.Caller{Holder: trust.Holder{Role: trust.RolePublisher, Name: "bob"}}, run, false},

		{"an approver", first, old(alice), run, true},
		{"an approver of one of two", first, old(alice), both, true},
		{"an approver of another kind", first, old(alice), with(func(p *federation.Parties) { p.Operations = release }), false},
		{"an approver of another repository", first, old(mallory), run, false},
		{"an approver of a host that is not listed", first, old(alice), with(func(p *federation.Parties) {
			p.Operations = refs(7)
			p.Operations[0].Target.Host = "ghe.example.com"
		}), false},
		{"no approver any more", second, alice, run, false},
		{"no approver any more, voted as one", second, alice, votes(72), true},
		{"another voted", second, alice, votes(75), false},
		{"voted without being one", first, old(mallory), with(func(p *federation.Parties) { p.Votes = []crypto.KeyID{sample.ID(71)} }), false},
		{"voted, judges in no version", second, bob, federation.Parties{Requester: "eve", Operations: refs(7), Votes: []crypto.KeyID{sample.ID(71)}}, false},
		{"voted by a key that is not listed", second, alice, votes(sample.KeyStranger), false},
		{"an approver now", second, mallory, run, true},

		{"who resolves", first, carol, run, true},
		{"who revokes", first, dora, run, true},
		{"who resolves another kind", first, carol, with(func(p *federation.Parties) { p.Operations = release }), false},

		{"a publisher in the audience", first, publisher, with(func(p *federation.Parties) { p.Audience = []crypto.KeyID{sample.ID(9), publisher.Key} }), true},
		{"a publisher in no audience", first, publisher, run, false},
		{"a person in the audience", first, old(mallory), with(func(p *federation.Parties) { p.Audience = []crypto.KeyID{mallory.Key} }), false},

		{"a reader of everything", first, auditor, run, true},
		{"a reader of everything, no run", first, auditor, federation.Parties{}, true},
		{"a reader of the repository", first, monitor, run, true},
		{"a reader of one of two", first, monitor, both, false},
		{"a reader of the repository, no run", first, monitor, federation.Parties{}, false},
		{"a reader of another repository", first, other, run, false},
		{"a reader of nothing", first, federation.Caller{Holder: trust.Holder{Role: trust.RoleReader}}, run, false},
		{"a reader of nothing, no run", first, federation.Caller{Holder: trust.Holder{Role: trust.RoleReader}}, federation.Parties{}, false},
	} {
		if got := federation.Sees(c.t, c.who, c.run); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
