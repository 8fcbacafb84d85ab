package federation

import (
	"crypto/rand"
	"encoding/base64"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

const now = marketops.Time(1_790_000_000)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bench is a run that waits for a decision, and everybody's keys.
type bench struct {
	t     *testing.T
	rules Rules
	run   Run
	keys  map[string]*crypto.PrivateKey
}

func newBench(t *testing.T, policies string, ops ...marketops.Operation) *bench {
	t.Helper()
	b := &bench{t: t, keys: map[string]*crypto.PrivateKey{}}
	for _, name := range []string{"bob", "alice", "carol", "mallory", "authority", "checkpoint"} {
		seed := make([]byte, 32)
		rand.Read(seed)
		k, err := crypto.NewPrivateKey(seed)
		must(t, err)
		b.keys[name] = k
	}
	b.rules = Rules{Trust: b.trust(nil), Policy: bundle(t, policies), Limits: Limits{ReceiptsPerRepository: 5, SubmissionsPerDay: 5, OperationsPerPlan: 5}}
	b.submit(ops)
	return b
}

// bundle is the starter policy, or other policies under the starter's schema.
func bundle(t *testing.T, policies string) *policy.Bundle {
	t.Helper()
	fsys := policy.Starter()
	if policies != "" {
		schema, err := fs.ReadFile(fsys, "schema.cedarschema")
		must(t, err)
		fsys = fstest.MapFS{"schema.cedarschema": {Data: schema}, "10.cedar": {Data: []byte(policies)}}
	}
	p, err := policy.Load(fsys)
	must(t, err)
	return p
}

func (b *bench) trust(change func(*trust.File)) *trust.Trust {
	b.t.Helper()
	key := func(name string) trust.Key {
		return trust.Key{ID: name + "-1", Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(b.keys[name].Public().SPKI()), NotBefore: 1, NotAfter: now * 2}
	}
	all := []string{"*"}
	f := trust.File{Schema: "marketops.trust/v2", Version: 1, Effective: now - 60, Expires: now + 86400, Hosts: []marketops.Host{"github.com"}, MaxLifetime: 86400,
		Persons: []trust.Person{
			{ID: "bob", Groups: []string{"requesters", "approvers"}, Keys: []trust.Key{key("bob")}},
			{ID: "alice", Groups: []string{"approvers"}, Keys: []trust.Key{key("alice")}},
			{ID: "carol", Groups: []string{"approvers"}, Keys: []trust.Key{key("carol")}},
			{ID: "mallory", Groups: []string{}, Keys: []trust.Key{key("mallory")}},
		},
		Authorities: []trust.Key{key("authority")}, AuthorityRules: []trust.Rule{{Kinds: all, Targets: all, Threshold: 1}},
		Approvals: []trust.Rule{{Kinds: all, Targets: all, Group: "approvers", Threshold: 1}},
		LogPolicy: "log " + log.Vkey("log.test", b.keys["checkpoint"].Public()) + "\nquorum none\n",
	}
	if change != nil {
		change(&f)
	}
	data, err := json.Marshal(f)
	must(b.t, err)
	t, err := trust.Parse(data)
	must(b.t, err)
	return t
}

func tagOp(name string) marketops.Operation {
	op := marketops.NewOperation(marketops.TagRepo, marketops.Target{Type: "github", Host: "github.com", RepositoryID: 7, FullName: "octo-org/widgets"})
	op.Tag = &marketops.Tag{Name: name, Commit: strings.Repeat("a", 40), Tree: strings.Repeat("b", 40), Message: name,
		Tagger: marketops.Person{Name: "Bot", Email: "bot@example.com", Date: now - 3600}}
	return op
}

func releaseOp() marketops.Operation {
	op := tagOp("v1.0.0")
	op.Kind, op.Release = marketops.PublishRelease, &marketops.Release{Name: "1.0.0", MakeLatest: "true", Assets: []marketops.Asset{}}
	return op
}

var existingObject = strings.Repeat("4", 40)

// existingOp is a release for a tag object that is there, or for "after" one that another operation makes.
func existingOp(of string) marketops.Operation {
	op := releaseOp()
	if of == "after" {
		digest, _ := op.MakerOfTag().Digest()
		op.Tag.Existing = &marketops.Existing{After: digest}
		return op
	}
	op.Tag.Message, op.Tag.Tagger, op.Tag.Existing = "", marketops.Person{}, &marketops.Existing{Object: existingObject, Type: of}
	return op
}

func pullOp() marketops.Operation {
	op := tagOp("x")
	op.Kind, op.Tag = marketops.OpenPR, nil
	op.PullRequest = &marketops.PullRequest{Base: marketops.Ref{Branch: "main", SHA: strings.Repeat("a", 40)},
		Head: marketops.Ref{Branch: "next", SHA: strings.Repeat("c", 40)}, Title: "Next"}
	return op
}

func (b *bench) submit(ops []marketops.Operation) {
	b.t.Helper()
	head, err := receipt.NewHeader(rand.Reader, now)
	must(b.t, err)
	b.run = Run{ID: marketops.NewRunID([16]byte{1}), Digest: marketops.Digest{1}, Now: now,
		Submission: receipt.Submission{Header: head, RunID: marketops.NewRunID([16]byte{1}), Requester: "bob", Plan: marketops.Digest{2}},
		Requester:  trust.Holder{Role: trust.RolePerson, Name: "bob", Groups: []string{"requesters", "approvers"}, Key: trust.Key{NotBefore: now - 60, NotAfter: now + 10*86400}}}
	for _, op := range ops {
		d, err := op.Digest()
		must(b.t, err)
		b.run.Submission.Operations = append(b.run.Submission.Operations, receipt.RefTo(&op, d))
		b.run.Operations = append(b.run.Operations, OperationState{Op: op, Digest: d, Spent: map[marketops.Digest]string{}})
	}
}

func (b *bench) vote(name string, change func(*receipt.Approval)) gate.Vote {
	b.t.Helper()
	head, err := receipt.NewHeader(rand.Reader, now)
	must(b.t, err)
	a := &receipt.Approval{Header: head, Verdict: "approve", RunID: b.run.ID, Submission: b.run.Digest, Requester: "bob", Plan: b.run.Submission.Plan,
		Operations: b.run.Submission.Operations, Policy: b.rules.Policy.Digest(), NotBefore: now, ExpiresAt: now + 3600}
	if change != nil {
		change(a)
	}
	rec, err := receipt.Seal(a, b.keys[name])
	must(b.t, err)
	v, err := gate.OpenVote(b.rules.Trust, rec.Envelope, now, nil)
	must(b.t, err)
	return v
}

func (b *bench) approve(names ...string) *bench {
	b.t.Helper()
	for _, name := range names {
		b.run.Votes = append(b.run.Votes, b.vote(name, nil))
	}
	return b
}

const (
	two      = `@id("two") permit(principal, action, resource) when { context.common.approvals >= 2 };`
	observes = `@id("seen") @needs("observed") permit(principal, action, resource) when { context.common has observed && !context.common.observed.archived };`
)

func TestDecide(t *testing.T) {
	cases := []struct {
		name     string
		policies string
		op       marketops.Operation
		code     marketops.Code
		missing  string
		set      func(*bench)
	}{
		{"nobody", "", tagOp("v1.0.0"), marketops.ApprovalMissing, "from alice, carol: marketops approve r-01", nil},
		{"enough", "", tagOp("v1.0.0"), "", "", func(b *bench) { b.approve("alice") }},
		{"only the requester", "", tagOp("v1.0.0"), marketops.ApprovalMissing, "1 more", func(b *bench) { b.approve("bob") }},
		{"veto", "", tagOp("v1.0.0"), marketops.RejectedByApprover, "", func(b *bench) {
			b.approve("carol").run.Votes = append(b.run.Votes, b.vote("alice", func(a *receipt.Approval) { a.Verdict = "reject" }))
		}},
		{"rejection by somebody without a say", "", tagOp("v1.0.0"), "", "", func(b *bench) {
			b.approve("carol").run.Votes = append(b.run.Votes, b.vote("mallory", func(a *receipt.Approval) { a.Verdict = "reject" }))
		}},
		{"spent", "", tagOp("v1.0.0"), marketops.ApprovalSpent, "1 more", func(b *bench) {
			b.approve("alice")
			b.run.Operations[0].Spent[b.run.Votes[0].Record.Digest] = "another receipt"
		}},
		{"spent, and approved again", "", tagOp("v1.0.0"), "", "", func(b *bench) {
			b.approve("alice", "alice")
			b.run.Operations[0].Spent[b.run.Votes[0].Record.Digest] = "another receipt"
		}},
		{"approval is over", "", tagOp("v1.0.0"), marketops.ApprovalMissing, "1 more", func(b *bench) { b.approve("alice").run.Now = now + 3600 }},
		{"approval under another policy", "", tagOp("v1.0.0"), marketops.ApprovalMissing, "1 more", func(b *bench) {
			b.run.Votes = append(b.run.Votes, b.vote("alice", func(a *receipt.Approval) { a.Policy = marketops.Digest{9} }))
		}},
		{"policy wants more", two, tagOp("v1.0.0"), marketops.ApprovalMissing, "policy wants more approvals than 1", func(b *bench) { b.approve("alice") }},
		{"one person twice is one", two, tagOp("v1.0.0"), marketops.ApprovalMissing, "policy wants more approvals than 1", func(b *bench) { b.approve("alice", "alice") }},
		{"policy has more", two, tagOp("v1.0.0"), "", "", func(b *bench) { b.approve("alice", "carol") }},
		{"policy says no", "", tagOp("v1.0.0"), marketops.PolicyDenied, "", func(b *bench) { b.approve("alice").run.Requester.Groups = []string{"others"} }},
		{"not observed", observes, tagOp("v1.0.0"), marketops.FactUnobserved, "", func(b *bench) { b.approve("alice") }},
		{"observed", observes, tagOp("v1.0.0"), "", "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main", TagAbsent: true}}
		}},
		{"tag is there by now", "", tagOp("v1.0.0"), marketops.PlanStale, "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main"}}
		}},
		{"existing tag where it was", "", existingOp("tag"), "", "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main"}, TagAt: existingObject}
		}},
		{"existing tag moved", "", existingOp("tag"), marketops.PlanStale, "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main"}, TagAt: strings.Repeat("5", 40)}
		}},
		{"existing tag gone", "", existingOp("tag"), marketops.PlanStale, "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main", TagAbsent: true}}
		}},
		{"existing tag not made yet", "", existingOp("after"), "", "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main", TagAbsent: true}}
		}},
		{"policy against existing tags", `permit (principal, action, resource); forbid (principal, action == Marketops::Action::"publish_release", resource) when { context.existing_tag };`,
			existingOp("tag"), marketops.PolicyDenied, "", func(b *bench) { b.approve("alice") }},
		{"policy against existing tags, and a new one", `permit (principal, action, resource); forbid (principal, action == Marketops::Action::"publish_release", resource) when { context.existing_tag };`,
			releaseOp(), "", "", func(b *bench) { b.approve("alice") }},
		{"archived by now", "", tagOp("v1.0.0"), marketops.PlanStale, "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main", TagAbsent: true, Archived: true}}
		}},
		{"head moved", "", pullOp(), marketops.PlanStale, "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main", HeadSHA: strings.Repeat("d", 40)}}
		}},
		{"head where it was", "", pullOp(), "", "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Facts: policy.Observed{DefaultBranch: "main", HeadSHA: strings.Repeat("c", 40)}}
		}},
		{"repository is another by now", "", tagOp("v1.0.0"), marketops.PlanStale, "", func(b *bench) {
			b.approve("alice").run.Operations[0].Seen = &Seen{Stale: "it is repository 8"}
		}},
		{"submitted long ago", "", tagOp("v1.0.0"), marketops.PlanStale, "", func(b *bench) { b.approve("alice").run.Submission.IssuedAt -= MaxSubmission + 1 }},
		{"no room", "", tagOp("v1.0.0"), marketops.LimitReached, "", func(b *bench) { b.approve("alice").run.Operations[0].Live = 5 }},
		{"no limits", "", tagOp("v1.0.0"), marketops.LimitReached, "", func(b *bench) { b.approve("alice").rules.Limits = Limits{} }},
		{"trust is over", "", tagOp("v1.0.0"), marketops.TrustExpired, "", func(b *bench) {
			b.approve("alice").rules.Trust = b.trust(func(f *trust.File) { f.Expires = now })
		}},
		{"no authority rule", "", tagOp("v1.0.0"), marketops.ThresholdUnmet, "", func(b *bench) {
			b.approve("alice").rules.Trust = b.trust(func(f *trust.File) { f.AuthorityRules = nil })
		}},
		{"no floor", "", tagOp("v1.0.0"), marketops.ApprovalMissing, "no approvals rule", func(b *bench) {
			b.approve("alice").rules.Trust = b.trust(func(f *trust.File) { f.Approvals = nil })
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.policies, c.op)
			if c.set != nil {
				c.set(b)
			}
			v := b.rules.Decide(b.run)[0]
			if v.Code != c.code || (v.Leave() != nil) != (c.code == "") {
				t.Fatalf("code %q (leave %v), want %q: missing %q, why not %q", v.Code, v.Leave() != nil, c.code, v.Missing, v.WhyNot)
			}
			if c.missing != "" && !strings.Contains(strings.Join(v.Missing, "\n"), c.missing) {
				t.Errorf("missing %q does not say %q", v.Missing, c.missing)
			}
			if g, ok := v.Leave().Grant(); ok && (len(g.Approvals) == 0 || g.Operation != b.run.Operations[0].Digest || g.Run != b.run.ID) {
				t.Errorf("grant %+v", g)
			}
		})
	}
}

// TestOutdatedApprovals: who approved under a policy that was replaced is counted and told to
// approve again; who has done so is not.
func TestOutdatedApprovals(t *testing.T) {
	for want, set := range map[string]func(*bench){
		"": func(*bench) {},
		"1 approval was given under another policy; approve again: marketops approve r-01": func(b *bench) {
			b.outdated("alice", "alice")
		},
		"2 approvals were given under another policy": func(b *bench) { b.outdated("alice", "carol") },
		"1 approval was given under":                  func(b *bench) { b.outdated("alice", "carol").approve("alice") },
	} {
		b := newBench(t, two, tagOp("v1.0.0"))
		set(b)
		v := b.rules.Decide(b.run)[0]
		why := strings.Join(v.WhyNot, "\n")
		if v.Code != marketops.ApprovalMissing || !strings.Contains(why, want) || strings.Contains(why, "another policy") != (want != "") {
			t.Errorf("%s: %q, want %q", v.Code, why, want)
		}
	}
	b := newBench(t, "", tagOp("v1.0.0"))
	b.outdated("alice").run.Now = now + 3600
	if v := b.rules.Decide(b.run)[0]; len(v.WhyNot) != 0 && strings.Contains(strings.Join(v.WhyNot, ""), "another policy") {
		t.Errorf("an approval that is over as well: %q", v.WhyNot)
	}
	b = newBench(t, "", tagOp("v1.0.0"))
	if v := b.outdated("alice").approve("alice").rules.Decide(b.run)[0]; v.Leave() == nil {
		t.Errorf("control: approved again, and %s: %q", v.Code, v.WhyNot)
	}
}

// outdated are approvals under another policy than the one in force.
func (b *bench) outdated(names ...string) *bench {
	for _, name := range names {
		b.run.Votes = append(b.run.Votes, b.vote(name, func(a *receipt.Approval) { a.Policy = marketops.Digest{9} }))
	}
	return b
}

// TestEachByItself: one denial takes nothing from the other operations, wherever it stands.
func TestEachByItself(t *testing.T) {
	for denied := range 3 {
		b := newBench(t, "", tagOp("v1.0.0"), tagOp("v2.0.0"), tagOp("v3.0.0")).approve("alice")
		want := b.rules.Decide(b.run)
		b.run.Operations[denied].Seen = &Seen{Stale: "it is repository 8"}
		for i, v := range b.rules.Decide(b.run) {
			if want[i].Leave() == nil {
				t.Fatalf("control: %+v", want[i])
			}
			if i == denied && (v.Leave() != nil || v.Code != marketops.PlanStale) || i != denied && (v.Leave() == nil || len(v.WhyNot) != 0) {
				t.Errorf("operation %d, denied is %d: %+v", i+1, denied+1, v)
			}
		}
	}
}

// TestGrantsAreLive: what is granted takes its place among the live receipts of the repository at once. What is
// denied takes none.
func TestGrantsAreLive(t *testing.T) {
	other := tagOp("v4.0.0")
	other.Target.RepositoryID++
	b := newBench(t, "", tagOp("v1.0.0"), tagOp("v2.0.0"), tagOp("v3.0.0"), other).approve("alice")
	for i := range 3 {
		b.run.Operations[i].Live = 4 // of 5
	}
	b.run.Operations[0].Seen = &Seen{Stale: "it is repository 8"}
	for i, code := range []marketops.Code{marketops.PlanStale, "", marketops.LimitReached, ""} {
		if v := b.rules.Decide(b.run)[i]; v.Code != code || (v.Leave() != nil) != (code == "") {
			t.Errorf("operation %d: %s, want %q: %q", i+1, v.Code, code, v.WhyNot)
		}
	}
}

func TestZeroLeave(t *testing.T) {
	var none *Authorization
	for _, l := range []*Authorization{none, {}} {
		if _, ok := l.Grant(); ok {
			t.Error("a leave that nothing decided grants something")
		}
	}
	if (&Verdict{}).Leave() != nil {
		t.Error("the zero verdict has leave")
	}
}

func TestBump(t *testing.T) {
	for tag, want := range map[string]string{
		"v1.0.0": "major", "2.0.0": "major", "v1.4.0": "minor", "v1.4.2": "patch", "v0.0.1": "patch", "v1.0.0-rc.1": "prerelease",
		"widgets/v1.2.3": "patch", "v1.2": "none", "latest": "none", "v01.2.3": "none", "": "none", "v1.0.0+build": "major",
	} {
		if got := Bump(tag); got != want {
			t.Errorf("Bump(%q) = %q, want %q", tag, got, want)
		}
	}
}

func TestSubmissionLimits(t *testing.T) {
	l := Limits{OperationsPerPlan: 3}
	for operations, ok := range map[int]bool{1: true, 3: true, 4: false} {
		if err := l.AdmitSubmission(operations); (err == nil) != ok {
			t.Errorf("%d operations: %v", operations, err)
		}
	}
	if (Limits{}).AdmitSubmission(1) == nil {
		t.Error("zero limits allow something")
	}
}

// TestUnreadFactsDeny: where the Core observes GitHub, a fact that was not read denies, and the facts that were read are
// said all the same.
func TestUnreadFactsDeny(t *testing.T) {
	all := policy.Observed{DefaultBranch: "main", TagAbsent: true, CommitOnBranch: true}
	there := all
	there.TagAbsent = false
	unread := []Unread{{FactCommitOnBranch, "GitHub answered 404"}}
	for name, c := range map[string]struct {
		seen *Seen
		code marketops.Code
		says string
	}{
		"control":               {&Seen{Facts: all}, "", ""},
		"not looked":            {nil, marketops.FactUnobserved, "GitHub was not read"},
		"one fact":              {&Seen{Facts: all, Unread: unread}, marketops.FactUnobserved, "commit_on_branch of octo-org/widgets could not be read: GitHub answered 404"},
		"one fact, and the tag": {&Seen{Facts: there, Unread: unread}, marketops.PlanStale, "could not be read"},
		"the tag's own fact":    {&Seen{Facts: there, Unread: []Unread{{FactTagAbsent, "no"}}}, marketops.FactUnobserved, "tag_absent"},
		"nothing":               {&Seen{Unread: []Unread{{FactRepository, "no"}}}, marketops.FactUnobserved, "repository of"},
		"another repository":    {&Seen{Facts: all, Stale: "it is repository 8"}, marketops.PlanStale, "nothing was read"},
	} {
		b := newBench(t, "", tagOp("v1.0.0")).approve("alice")
		b.rules.Observe = true
		b.run.Operations[0].Seen = c.seen
		v := b.rules.Decide(b.run)[0]
		if v.Code != c.code || (v.Leave() != nil) != (c.code == "") || !strings.Contains(strings.Join(v.WhyNot, "\n"), c.says) {
			t.Errorf("%s: %s, %q", name, v.Code, v.WhyNot)
		}
	}
}
