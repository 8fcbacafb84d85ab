package server

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

func TestSubmissionRefused(t *testing.T) {
	cases := []struct {
		name string
		code marketops.Code
		by   string
		edit func(*story, *receipt.Submission, *api.Submit)
	}{
		{"edited document", marketops.PlanMismatch, "bob", func(s *story, _ *receipt.Submission, in *api.Submit) {
			in.Operations = [][]byte{[]byte(strings.Replace(string(s.docs[0]), "widgets", "gadgets", 1))}
		}},
		{"document missing", marketops.PlanMismatch, "bob", func(_ *story, _ *receipt.Submission, in *api.Submit) { in.Operations = nil }},
		{"another plan", marketops.PlanMismatch, "bob", func(s *story, _ *receipt.Submission, in *api.Submit) { in.Plan = s.newStory().plan }},
		{"not a plan", marketops.PlanMismatch, "bob", func(_ *story, _ *receipt.Submission, in *api.Submit) { in.Plan = []byte("{}") }},
		{"other operations", marketops.PlanMismatch, "bob", func(_ *story, sub *receipt.Submission, _ *api.Submit) {
			sub.Operations = []marketops.Digest{{1}}
		}},
		{"somebody else's name", marketops.PlanMismatch, "mallory", func(_ *story, sub *receipt.Submission, _ *api.Submit) { sub.Requester = "bob" }},
		{"evidence that is not named", marketops.PlanMismatch, "bob", func(_ *story, _ *receipt.Submission, in *api.Submit) {
			in.Evidence[0].Text = []byte("something else")
		}},
		{"too old", marketops.PlanStale, "bob", func(_ *story, sub *receipt.Submission, _ *api.Submit) { sub.IssuedAt -= 8 * 86400 }},
		{"from the future", marketops.NotYetValid, "bob", func(_ *story, sub *receipt.Submission, _ *api.Submit) { sub.IssuedAt += 3600 }},
		{"another kind of record", marketops.PredicateTypeWrong, "bob", func(s *story, _ *receipt.Submission, in *api.Submit) {
			s.submission = &receipt.Record{Digest: marketops.Digest{1}}
			in.Envelope = s.vote("bob", nil).Envelope
		}},
		{"control", "", "bob", func(*story, *receipt.Submission, *api.Submit) {}},
	}
	w := newWorld(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := w.newStory()
			_, err := s.submitAs(c.by, func(sub *receipt.Submission, in *api.Submit) { c.edit(s, sub, in) })
			if c.code == "" {
				must(t, err)
				return
			}
			wantCode(t, err, c.code)
			s.t = t
			if _, err := w.client("bob").Authorize(context.Background(), s.run); marketops.CodeOf(err) != marketops.StateMissing {
				t.Errorf("the run is there all the same: %v", err)
			}
		})
	}
}

func TestSubmissionOnce(t *testing.T) {
	w := newWorld(t)
	s := w.newStory().submit()
	again := got(s.client("bob").Submit(context.Background(), api.Submit{Envelope: s.submission.Envelope, Plan: s.plan, Operations: s.docs}))(t)
	if again.Digest != s.submission.Digest {
		t.Error("the same submission again is another record")
	}
	if signed := got(s.submitAs("bob", nil))(t); signed.Leaf != again.Leaf || signed.Position != again.Position || string(signed.Envelope) != string(again.Envelope) {
		t.Error("the same plan, signed anew, is another record")
	}
	if _, names := w.records(s.run); len(names) != 1 {
		t.Errorf("records %q", names)
	}
	other := w.newStory()
	other.run = s.run
	for name, submit := range map[string]func() (api.Entry, error){
		"another plan":      func() (api.Entry, error) { return other.submitAs("bob", nil) },
		"another requester": func() (api.Entry, error) { return s.submitAs("carol", nil) },
		"other findings": func() (api.Entry, error) {
			return s.submitAs("bob", func(sub *receipt.Submission, in *api.Submit) {
				in.Evidence[0].Text = []byte("[]")
				sub.Findings = sub.Header.Salted(in.Evidence[0].Text)
				in.Evidence[0].Digest = sub.Findings
			})
		},
	} {
		if _, err := submit(); marketops.CodeOf(err) != marketops.RunMismatch {
			t.Errorf("%s under the same run: %v", name, err)
		}
	}
	if _, names := w.records(s.run); !slices.Equal(names, []string{"submission", "refusal", "refusal", "refusal"}) {
		t.Errorf("records %q", names)
	}
}

func TestSubmissionLimits(t *testing.T) {
	w := newWorld(t)
	w.down()
	w.opts.Config.Limits.MaxOperationsPerPlan, w.opts.Config.Limits.MaxSubmissionsPerDay = 1, 2
	w.start()
	_, err := w.newStory(tagOp("v1.0.0"), tagOp("v2.0.0")).submitAs("bob", nil)
	wantCode(t, err, marketops.LimitReached)
	w.newStory().submit()
	w.newStory().submit()
	_, err = w.newStory().submitAs("bob", nil)
	wantCode(t, err, marketops.LimitReached)
	w.restart()
	_, err = w.newStory().submitAs("bob", nil)
	wantCode(t, err, marketops.LimitReached)
	w.pass(25 * time.Hour)
	w.newStory().submit()
}

func TestVoteRefused(t *testing.T) {
	cases := []struct {
		name string
		by   string
		code marketops.Code
		edit func(*story, *receipt.Approval)
	}{
		{"unknown key", "stranger", marketops.ApproverUnknown, nil},
		{"person without a group", "mallory", marketops.ApproverUnknown, nil},
		{"requester", "bob", marketops.SelfApproval, nil},
		{"twice by one person", "carol", marketops.DuplicatePerson, nil},
		{"another run", "alice", marketops.StateMissing, func(s *story, a *receipt.Approval) { a.RunID = s.newStory().run }},
		{"another submission", "alice", marketops.PlanMismatch, func(_ *story, a *receipt.Approval) { a.Submission = marketops.Digest{1} }},
		{"another plan", "alice", marketops.PlanMismatch, func(_ *story, a *receipt.Approval) { a.Plan = marketops.Digest{1} }},
		{"fewer operations", "alice", marketops.PlanMismatch, func(s *story, a *receipt.Approval) { a.Operations = s.digests[:1] }},
		{"another requester", "alice", marketops.PlanMismatch, func(_ *story, a *receipt.Approval) { a.Requester = "carol" }},
		{"another policy", "alice", marketops.PolicySuperseded, func(_ *story, a *receipt.Approval) { a.Policy = marketops.Digest{1} }},
		{"too long", "alice", marketops.LifetimeExcessive, func(_ *story, a *receipt.Approval) { a.ExpiresAt = a.NotBefore + 86401 }},
		{"over", "alice", marketops.Expired, func(_ *story, a *receipt.Approval) { a.NotBefore -= 7200; a.ExpiresAt = a.NotBefore + 3600 }},
		{"future", "alice", marketops.NotYetValid, func(_ *story, a *receipt.Approval) { a.IssuedAt += 3600 }},
		{"control", "alice", "", nil},
	}
	w := newWorld(t)
	s := w.newStory(tagOp("v1.0.0"), tagOp("v2.0.0")).submit().approve("carol")
	before, _ := w.records(s.run)
	for _, c := range cases {
		_, err := s.voteAs(c.by, func(a *receipt.Approval) {
			if c.edit != nil {
				c.edit(s, a)
			}
		})
		if c.code == "" {
			must(t, err)
		} else if marketops.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	entries, names := w.records(s.run)
	if n := count(names, "approval"); n != 2 {
		t.Errorf("%d approvals are recorded, want carol's and alice's", n)
	}
	if count(names, "refusal") != len(cases)-3 {
		t.Errorf("%d refusals are recorded, want %d: all but the stranger's, the other run's and the control", count(names, "refusal"), len(cases)-3)
	}
	tree := w.tree(entries[len(entries)-1].Position.Index)
	for _, e := range entries[len(before):] {
		if rec := w.proved(tree, e); e.Name == "refusal" && rec.By != w.keys["ledger"].Public().ID() {
			t.Errorf("a refusal is signed by %s", rec.By)
		}
	}
}

func count(names []string, name string) (n int) {
	for _, s := range names {
		if s == name {
			n++
		}
	}
	return n
}

// TestVeto: one rejection outweighs every approval, before or after it, and stays.
func TestVeto(t *testing.T) {
	w := newWorld(t)
	s := w.newStory().submit().approve("carol")
	_, err := s.voteAs("alice", func(a *receipt.Approval) { a.Verdict = "reject"; a.Reason = "not on a Friday" })
	must(t, err)
	s.approve("dora")
	d := s.decide()
	if d.Authorized || d.Decisions[0].Code != marketops.RejectedByApprover || len(d.Decisions[0].Receipts) != 0 || d.Decisions[0].Advisory == nil {
		t.Fatalf("alice's veto was outvoted: %+v", d)
	}
	_, err = s.voteAs("alice", nil)
	wantCode(t, err, marketops.RejectedByApprover)
	if !w.newStory().submit().approve("carol").decide().Authorized {
		t.Error("control: without the veto it is not authorised")
	}
}

// TestWaiting: who is missing is named with the command, and the same denial is recorded once.
func TestWaiting(t *testing.T) {
	w := newWorld(t)
	s := w.newStory(tagOp("v1.0.0"), releaseOp("v2.0.0")).submit()
	d := s.decide()
	if d.Authorized || len(d.Decisions) != 2 {
		t.Fatalf("%+v", d)
	}
	for i, dec := range d.Decisions {
		if dec.Operation != s.digests[i] || dec.Code != marketops.ApprovalMissing || len(dec.Missing) != 1 || dec.Advisory == nil {
			t.Fatalf("decision %+v", dec)
		}
		for _, want := range []string{`1 more of group "approvers"`, "alice, carol, dora", "marketops approve " + string(s.run)} {
			if !strings.Contains(dec.Missing[0], want) {
				t.Errorf("%q does not say %q", dec.Missing[0], want)
			}
		}
	}
	if again := s.decide(); again.Decisions[0].Advisory.Digest != d.Decisions[0].Advisory.Digest {
		t.Error("the same denial is recorded twice")
	}
	rec := w.proved(w.tree(d.Decisions[1].Advisory.Position.Index), *d.Decisions[1].Advisory)
	a := rec.Body.(*receipt.Advisory)
	if a.Enforceable || a.Decision != "denied" || !slices.Equal(a.Codes, []marketops.Code{marketops.ApprovalMissing}) || rec.By != w.keys["advisory"].Public().ID() {
		t.Errorf("advisory %+v by %s", a, rec.By)
	}
	why := got(w.client("bob").Evidence(context.Background(), a.WhyNot))(t)
	if a.Header.Salted(why) != a.WhyNot || !strings.Contains(string(why), "approvers") {
		t.Errorf("why not: %s", why)
	}
	if !s.approve("alice").decide().Authorized {
		t.Error("control: not authorised with the approval")
	}
}

// TestPolicyReplaced: an approval is bound to the policy that it was given under, and the denial
// says so.
func TestPolicyReplaced(t *testing.T) {
	w := newWorld(t)
	s := w.newStory().submit().approve("alice", "carol")
	must(t, os.WriteFile(filepath.Join(w.dir, "policy", "99-more.cedar"), []byte("// nothing\n"), 0o600))
	w.core.Sweep(context.Background())
	d := s.decide()
	want := "2 approvals were given under another policy; approve again: marketops approve " + string(s.run) + " --key KEY"
	if d.Authorized || d.Decisions[0].Code != marketops.ApprovalMissing || !slices.Contains(d.Decisions[0].WhyNot, want) {
		t.Errorf("%+v", d.Decisions[0])
	}
	if !s.approve("alice").decide().Authorized {
		t.Error("control: not authorised after approving again")
	}
}

func TestAuthorizeDenied(t *testing.T) {
	deny := func(t *testing.T, s *story, code marketops.Code) {
		t.Helper()
		d := s.decide()
		if d.Authorized || d.Decisions[0].Code != code {
			t.Errorf("got %+v, want %s", d.Decisions[0], code)
		}
		if _, names := s.records(s.run); slices.Contains(names, "receipt") {
			t.Error("a receipt was issued")
		}
	}
	t.Run("policy-denied", func(t *testing.T) {
		w := newWorld(t)
		s := w.newStory()
		got(s.submitAs("mallory", nil))(t)
		got(s.voteAs("alice", func(a *receipt.Approval) { a.Requester = "mallory" }))(t)
		deny(t, s, marketops.PolicyDenied)
	})
	t.Run("limit-reached", func(t *testing.T) {
		w := newWorld(t)
		w.down()
		w.opts.Config.Limits.MaxReceiptsPerRepository = 1
		w.start()
		first := w.ready()
		s := w.newStory().submit().approve("alice")
		deny(t, s, marketops.LimitReached)
		w.restart()
		deny(t, s, marketops.LimitReached)
		first.publish(0, "pub")
		if !s.decide().Authorized {
			t.Error("control: the spent receipt still counts")
		}
	})
	t.Run("plan-stale", func(t *testing.T) {
		w := newWorld(t)
		op := tagOp("v1.0.0")
		op.Tag.Tagger.Date = w.now() + 86400
		deny(t, w.newStory(op).submit().approve("alice"), marketops.PlanStale)
	})
	t.Run("threshold-unmet", func(t *testing.T) {
		w := newWorld(t)
		w.writeTrust(2, func(f *trust.File) { f.AuthorityRules = []trust.Rule{} })
		w.core.Sweep(context.Background())
		deny(t, w.newStory().submit().approve("alice"), marketops.ThresholdUnmet)
	})
	t.Run("no floor", func(t *testing.T) {
		w := newWorld(t)
		w.writeTrust(2, func(f *trust.File) { f.Approvals = []trust.Rule{} })
		w.core.Sweep(context.Background())
		deny(t, w.newStory().submit(), marketops.ApprovalMissing)
	})
	t.Run("all or none", func(t *testing.T) {
		w := newWorld(t)
		bad := tagOp("v2.0.0")
		bad.Tag.Tagger.Date = w.now() + 86400
		s := w.newStory(tagOp("v1.0.0"), bad).submit().approve("alice")
		deny(t, s, marketops.PlanStale)
		if d := s.decide(); len(d.Decisions[0].Receipts)+len(d.Decisions[1].Receipts) != 0 {
			t.Error("one of two receipts was issued")
		}
	})
	t.Run("trust expired", func(t *testing.T) {
		w := newWorld(t)
		s := w.newStory().submit()
		w.writeTrust(2, func(f *trust.File) { f.Expires = w.now() + 1 })
		w.core.Sweep(context.Background())
		s.approve("alice")
		w.pass(10 * time.Second)
		deny(t, s, marketops.TrustExpired)
	})
}

// TestApprovalSpent: a receipt that expired unspent needs a new approval.
func TestApprovalSpent(t *testing.T) {
	w := newWorld(t)
	s := w.ready()
	first := s.receipts[0].Digest
	w.pass(w.opts.Config.ReceiptLifetime)
	d := s.decide()
	if d.Authorized || d.Decisions[0].Code != marketops.ApprovalSpent {
		t.Fatalf("%+v", d.Decisions[0])
	}
	s.approve("alice").authorize()
	if s.receipts[0].Digest == first {
		t.Error("the expired receipt was answered again")
	}
	s.publish(0, "pub")
}

func TestClaimRefused(t *testing.T) {
	w := newWorld(t)
	s, other := w.ready(), w.ready()
	ctx := context.Background()
	cases := []struct {
		name string
		by   string
		code marketops.Code
		edit func(*api.ClaimWanted)
	}{
		{"no such receipt", "pub", marketops.ReceiptMissing, func(c *api.ClaimWanted) { c.Receipt = marketops.NewReceiptID([16]byte{1}) }},
		{"another run", "pub", marketops.RunMismatch, func(c *api.ClaimWanted) { c.Run = other.run }},
		{"another operation", "pub", marketops.OperationMismatch, func(c *api.ClaimWanted) { c.Operation = other.digests[0] }},
		{"another key than the one that signs", "pub", marketops.AudienceMismatch, func(c *api.ClaimWanted) { c.Publisher = w.keys["pub2"].Public().ID() }},
		{"older trust", "pub", marketops.TrustRolledBack, func(c *api.ClaimWanted) { c.Trust = 0 }},
		{"trust that is not there", "pub", marketops.TrustRolledBack, func(c *api.ClaimWanted) { c.Trust = 9 }},
		{"a person", "bob", marketops.KeyUnknown, func(*api.ClaimWanted) {}},
		{"a stranger", "stranger", marketops.KeyUnknown, func(*api.ClaimWanted) {}},
	}
	for _, c := range cases {
		wanted := s.wanted(0, "pub")
		c.edit(&wanted)
		_, err := w.client(c.by).Claim(ctx, wanted)
		if marketops.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	if state := got(w.client("bob").ClaimState(ctx, s.receipt(0).ReceiptID))(t); state.State != "none" {
		t.Errorf("the receipt was touched: %+v", state)
	}
	got(s.claim(0, "pub"))(t)
	_, err := s.claim(0, "pub2")
	wantCode(t, err, marketops.OperationInFlight)
}

// TestClaimConditions changes the world between authorisation and claim.
func TestClaimConditions(t *testing.T) {
	cases := []struct {
		name   string
		code   marketops.Code
		change func(*world, *story)
	}{
		{"expired", marketops.Expired, func(w *world, _ *story) { w.pass(w.opts.Config.ReceiptLifetime) }},
		{"disk full", marketops.DiskFull, func(w *world, _ *story) { w.free.Store(Reserve - 1) }},
		{"policy changed", marketops.PolicySuperseded, func(w *world, _ *story) {
			must(w.t, os.WriteFile(filepath.Join(w.dir, "policy", "99-more.cedar"), []byte("// nothing\n"), 0o600))
			w.core.Sweep(context.Background())
		}},
		{"authority revoked", marketops.KeyRevoked, func(w *world, s *story) {
			w.writeTrust(2, func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Origin: origin, Index: 0}} })
			w.core.Sweep(context.Background())
		}},
		{"revoked", marketops.Revoked, func(w *world, s *story) {
			got(w.client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.receipt(0).ReceiptID, Reason: "second thoughts"}))(w.t)
		}},
		{"consumed", marketops.Consumed, func(_ *world, s *story) { s.publish(0, "pub") }},
		{"same tag in flight", marketops.OperationInFlight, func(w *world, s *story) {
			op := s.ops[0]
			tag := *op.Tag
			tag.Message = "another message"
			op.Tag = &tag
			got(w.ready(op).claim(0, "pub2"))(w.t)
		}},
		{"control", "", func(*world, *story) {}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := w.ready()
			c.change(w, s)
			_, err := s.claim(0, "pub")
			if c.code == "" {
				must(t, err)
				return
			}
			wantCode(t, err, c.code)
			if !slices.Contains(gate.CoreCodes, c.code) {
				return
			}
			for _, check := range got(w.client("pub").Check(context.Background(), s.wanted(0, "pub")))(t) {
				if (check.Code == c.code) != (check.Status == marketops.Fail) {
					t.Errorf("check says %+v", check)
				}
			}
		})
	}
}

// TestClockBackwards: after a claim at one time no claim is granted an hour before it.
func TestClockBackwards(t *testing.T) {
	w := newWorld(t)
	s, later := w.ready(), w.ready()
	w.pass(10 * time.Minute)
	got(later.claim(0, "pub"))(t)
	w.pass(-10 * time.Minute)
	_, err := s.claim(0, "pub")
	wantCode(t, err, marketops.ClockUnsure)
	w.pass(10 * time.Minute)
	got(s.claim(0, "pub"))(t)
}

func TestCheckAnswersAll(t *testing.T) {
	w := newWorld(t)
	s := w.ready()
	checks := got(w.client("pub").Check(context.Background(), s.wanted(0, "pub")))(t)
	var codes []marketops.Code
	for _, c := range checks {
		codes = append(codes, c.Code)
		if c.Status != marketops.Pass {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(codes, gate.CoreCodes) {
		t.Errorf("codes %v", codes)
	}
	s.publish(0, "pub")
	checks = got(w.client("pub").Check(context.Background(), s.wanted(0, "pub")))(t)
	if c, failed := checks.FirstFailure(); !failed || c.Code != marketops.Consumed {
		t.Errorf("after the publication: %+v", c)
	}
}
