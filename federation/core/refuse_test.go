package core_test

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
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

func TestSubmissionRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		code marketops.Code
		by   string
		edit func(*world.Run, *receipt.Submission, *api.Submit)
	}{
		{"edited document", marketops.PlanMismatch, "bob", func(s *world.Run, _ *receipt.Submission, in *api.Submit) {
			in.Operations = [][]byte{[]byte(strings.Replace(string(s.Docs[0]), "widgets", "gadgets", 1))}
		}},
		{"document missing", marketops.PlanMismatch, "bob", func(_ *world.Run, _ *receipt.Submission, in *api.Submit) { in.Operations = nil }},
		{"another plan", marketops.PlanMismatch, "bob", func(s *world.Run, _ *receipt.Submission, in *api.Submit) { in.Plan = s.NewRun().Plan }},
		{"not a plan", marketops.PlanMismatch, "bob", func(_ *world.Run, _ *receipt.Submission, in *api.Submit) { in.Plan = []byte("{}") }},
		{"other operations", marketops.PlanMismatch, "bob", func(_ *world.Run, sub *receipt.Submission, _ *api.Submit) {
			sub.Operations[0].Operation = marketops.Digest{1}
		}},
		{"somebody else's name", marketops.PlanMismatch, "mallory", func(_ *world.Run, sub *receipt.Submission, _ *api.Submit) { sub.Requester = "bob" }},
		{"evidence that is not named", marketops.PlanMismatch, "bob", func(_ *world.Run, _ *receipt.Submission, in *api.Submit) {
			in.Evidence[0].Text = []byte("something else")
		}},
		{"too old", marketops.PlanStale, "bob", func(_ *world.Run, sub *receipt.Submission, _ *api.Submit) { sub.IssuedAt -= 8 * 86400 }},
		{"from the future", marketops.NotYetValid, "bob", func(_ *world.Run, sub *receipt.Submission, _ *api.Submit) { sub.IssuedAt += 3600 }},
		{"another kind of record", marketops.PredicateTypeWrong, "bob", func(s *world.Run, _ *receipt.Submission, in *api.Submit) {
			s.Submission = &receipt.Record{Digest: marketops.Digest{1}}
			in.Envelope = s.Vote("bob", nil).Envelope
		}},
		{"control", "", "bob", func(*world.Run, *receipt.Submission, *api.Submit) {}},
	}
	w := world.New(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := w.NewRun()
			_, err := s.SubmitAs(c.by, func(sub *receipt.Submission, in *api.Submit) { c.edit(s, sub, in) })
			if c.code == "" {
				must(t, err)
				return
			}
			wantCode(t, err, c.code)
			if _, err := w.Client("bob").Authorize(context.Background(), s.ID); marketops.CodeOf(err) != marketops.StateMissing {
				t.Errorf("the run is there all the same: %v", err)
			}
		})
	}
}

func TestSubmissionOnce(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	again := got(s.Client("bob").Submit(context.Background(), api.Submit{Envelope: s.Submission.Envelope, Plan: s.Plan, Operations: s.Docs}))(t)
	if again.Digest != s.Submission.Digest {
		t.Error("the same submission again is another record")
	}
	if signed := got(s.SubmitAs("bob", nil))(t); signed.Leaf != again.Leaf || signed.Position != again.Position || string(signed.Envelope) != string(again.Envelope) {
		t.Error("the same plan, signed anew, is another record")
	}
	if _, names := w.Records(s.ID); len(names) != 1 {
		t.Errorf("records %q", names)
	}
	other := w.NewRun()
	other.ID = s.ID
	for name, submit := range map[string]func() (api.Entry, error){
		"another plan":      func() (api.Entry, error) { return other.SubmitAs("bob", nil) },
		"another requester": func() (api.Entry, error) { return s.SubmitAs("carol", nil) },
		"other findings": func() (api.Entry, error) {
			return s.SubmitAs("bob", func(sub *receipt.Submission, in *api.Submit) {
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
	if _, names := w.Records(s.ID); !slices.Equal(names, []string{"submission", "refusal", "refusal", "refusal"}) {
		t.Errorf("records %q", names)
	}
}

func TestSubmissionLimits(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.Stop()
	w.Options.Config.Limits.MaxOperationsPerPlan, w.Options.Config.Limits.MaxSubmissionsPerDay = 1, 2
	w.Start()
	_, err := w.NewRun(world.TagOp("v1.0.0"), world.TagOp("v2.0.0")).SubmitAs("bob", nil)
	wantCode(t, err, marketops.LimitReached)
	w.NewRun().Submit()
	w.NewRun().Submit()
	_, err = w.NewRun().SubmitAs("bob", nil)
	wantCode(t, err, marketops.LimitReached)
	w.Restart()
	_, err = w.NewRun().SubmitAs("bob", nil)
	wantCode(t, err, marketops.LimitReached)
	w.Pass(25 * time.Hour)
	w.NewRun().Submit()
}

func TestVoteRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		by   string
		code marketops.Code
		edit func(*world.Run, *receipt.Approval)
	}{
		{"unknown key", "stranger", marketops.ApproverUnknown, nil},
		{"person without a group", "mallory", marketops.ApproverUnknown, nil},
		{"requester", "bob", marketops.SelfApproval, nil},
		{"twice by one person", "carol", marketops.DuplicatePerson, nil},
		{"another run", "alice", marketops.StateMissing, func(s *world.Run, a *receipt.Approval) { a.RunID = s.NewRun().ID }},
		{"another submission", "alice", marketops.PlanMismatch, func(_ *world.Run, a *receipt.Approval) { a.Submission = marketops.Digest{1} }},
		{"another plan", "alice", marketops.PlanMismatch, func(_ *world.Run, a *receipt.Approval) { a.Plan = marketops.Digest{1} }},
		{"fewer operations", "alice", marketops.PlanMismatch, func(s *world.Run, a *receipt.Approval) { a.Operations = a.Operations[:1] }},
		{"another requester", "alice", marketops.PlanMismatch, func(_ *world.Run, a *receipt.Approval) { a.Requester = "carol" }},
		{"another policy", "alice", marketops.PolicySuperseded, func(_ *world.Run, a *receipt.Approval) { a.Policy = marketops.Digest{1} }},
		{"too long", "alice", marketops.LifetimeExcessive, func(_ *world.Run, a *receipt.Approval) { a.ExpiresAt = a.NotBefore + 86401 }},
		{"over", "alice", marketops.Expired, func(_ *world.Run, a *receipt.Approval) { a.NotBefore -= 7200; a.ExpiresAt = a.NotBefore + 3600 }},
		{"future", "alice", marketops.NotYetValid, func(_ *world.Run, a *receipt.Approval) { a.IssuedAt += 3600 }},
		{"control", "alice", "", nil},
	}
	w := world.New(t)
	s := w.NewRun(world.TagOp("v1.0.0"), world.TagOp("v2.0.0")).Submit().Approve("carol")
	before, _ := w.Records(s.ID)
	for _, c := range cases {
		_, err := s.VoteAs(c.by, func(a *receipt.Approval) {
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
	entries, names := w.Records(s.ID)
	if n := count(names, "approval"); n != 2 {
		t.Errorf("%d approvals are recorded, want carol's and alice's", n)
	}
	if count(names, "refusal") != len(cases)-3 {
		t.Errorf("%d refusals are recorded, want %d: all but the stranger's, the other run's and the control", count(names, "refusal"), len(cases)-3)
	}
	tree := w.Tree(entries[len(entries)-1].Position.Index)
	for _, e := range entries[len(before):] {
		if rec := w.Proved(tree, e); e.Name == "refusal" && rec.By != w.Keys["ledger"].Public().ID() {
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
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit().Approve("carol")
	_, err := s.VoteAs("alice", func(a *receipt.Approval) { a.Verdict = "reject"; a.Reason = "not on a Friday" })
	must(t, err)
	s.Approve("dora")
	d := s.Decide()
	if d.Authorized || d.Decisions[0].Code != marketops.RejectedByApprover || len(d.Decisions[0].Receipts) != 0 || d.Decisions[0].Advisory == nil {
		t.Fatalf("alice's veto was outvoted: %+v", d)
	}
	_, err = s.VoteAs("alice", nil)
	wantCode(t, err, marketops.RejectedByApprover)
	if !w.NewRun().Submit().Approve("carol").Decide().Authorized {
		t.Error("control: without the veto it is not authorised")
	}
}

// TestWaiting: who is missing is named with the command, and the same denial is recorded once.
func TestWaiting(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun(world.TagOp("v1.0.0"), world.ReleaseOp("v2.0.0")).Submit()
	d := s.Decide()
	if d.Authorized || len(d.Decisions) != 2 {
		t.Fatalf("%+v", d)
	}
	for i, dec := range d.Decisions {
		if dec.Operation != s.Digests[i] || dec.Code != marketops.ApprovalMissing || len(dec.Missing) != 1 || dec.Advisory == nil {
			t.Fatalf("decision %+v", dec)
		}
		for _, want := range []string{`1 more of group "approvers"`, "alice, carol, dora", "marketops approve " + string(s.ID)} {
			if !strings.Contains(dec.Missing[0], want) {
				t.Errorf("%q does not say %q", dec.Missing[0], want)
			}
		}
	}
	if again := s.Decide(); again.Decisions[0].Advisory.Digest != d.Decisions[0].Advisory.Digest {
		t.Error("the same denial is recorded twice")
	}
	rec := w.Proved(w.Tree(d.Decisions[1].Advisory.Position.Index), *d.Decisions[1].Advisory)
	a := rec.Body.(*receipt.Advisory)
	if a.Enforceable || a.Decision != "denied" || !slices.Equal(a.Codes, []marketops.Code{marketops.ApprovalMissing}) || rec.By != w.Keys["advisory"].Public().ID() {
		t.Errorf("advisory %+v by %s", a, rec.By)
	}
	why := got(w.Client("bob").Evidence(context.Background(), a.WhyNot))(t)
	if a.Header.Salted(why) != a.WhyNot || !strings.Contains(string(why), "approvers") {
		t.Errorf("why not: %s", why)
	}
	if !s.Approve("alice").Decide().Authorized {
		t.Error("control: not authorised with the approval")
	}
}

// TestPolicyReplaced: an approval is bound to the policy that it was given under, and the denial
// says so.
func TestPolicyReplaced(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit().Approve("alice", "carol")
	must(t, os.WriteFile(filepath.Join(w.Dir, "policy", "99-more.cedar"), []byte("// nothing\n"), 0o600))
	w.Core.Sweep(context.Background())
	d := s.Decide()
	want := "2 approvals were given under another policy; approve again: marketops approve " + string(s.ID) + " --key KEY"
	if d.Authorized || d.Decisions[0].Code != marketops.ApprovalMissing || !slices.Contains(d.Decisions[0].WhyNot, want) {
		t.Errorf("%+v", d.Decisions[0])
	}
	if !s.Approve("alice").Decide().Authorized {
		t.Error("control: not authorised after approving again")
	}
}

// TestLifetimeOfNoUse: a receipt that would live no longer than clocks may differ is not issued. Control: a second more.
func TestLifetimeOfNoUse(t *testing.T) {
	t.Parallel()
	for seconds, code := range map[int64]marketops.Code{60: marketops.ConfigInvalid, 61: ""} {
		w := world.New(t)
		w.Stop()
		w.WriteTrust(1, func(f *trust.File) { f.MaxLifetime = seconds })
		w.Start()
		s := w.NewRun().Submit().Approve("alice")
		_, err := w.Client("bob").Authorize(context.Background(), s.ID)
		if marketops.CodeOf(err) != code {
			t.Errorf("%d s: %v", seconds, err)
		}
	}
}

func TestAuthorizeDenied(t *testing.T) {
	t.Parallel()
	deny := func(t *testing.T, s *world.Run, code marketops.Code) {
		t.Helper()
		d := s.Decide()
		if d.Authorized || d.Decisions[0].Code != code {
			t.Errorf("got %+v, want %s", d.Decisions[0], code)
		}
		if _, names := s.Records(s.ID); slices.Contains(names, "receipt") {
			t.Error("a receipt was issued")
		}
	}
	t.Run("policy-denied", func(t *testing.T) {
		t.Parallel()
		w := world.New(t)
		s := w.NewRun()
		got(s.SubmitAs("mallory", nil))(t)
		got(s.VoteAs("alice", func(a *receipt.Approval) { a.Requester = "mallory" }))(t)
		deny(t, s, marketops.PolicyDenied)
	})
	t.Run("limit-reached", func(t *testing.T) {
		t.Parallel()
		w := world.New(t)
		w.Stop()
		w.Options.Config.Limits.MaxReceiptsPerRepository = 1
		w.Start()
		first := w.Ready()
		s := w.NewRun().Submit().Approve("alice")
		deny(t, s, marketops.LimitReached)
		w.Restart()
		deny(t, s, marketops.LimitReached)
		first.Publish(0, "pub")
		if !s.Decide().Authorized {
			t.Error("control: the spent receipt still counts")
		}
	})
	t.Run("plan-stale", func(t *testing.T) {
		t.Parallel()
		w := world.New(t)
		op := world.TagOp("v1.0.0")
		op.Tag.Tagger.Date = w.Now() + 86400
		deny(t, w.NewRun(op).Submit().Approve("alice"), marketops.PlanStale)
	})
	t.Run("threshold-unmet", func(t *testing.T) {
		t.Parallel()
		w := world.New(t)
		w.WriteTrust(2, func(f *trust.File) { f.AuthorityRules = []trust.Rule{} })
		w.Core.Sweep(context.Background())
		deny(t, w.NewRun().Submit().Approve("alice"), marketops.ThresholdUnmet)
	})
	t.Run("no floor", func(t *testing.T) {
		t.Parallel()
		w := world.New(t)
		w.WriteTrust(2, func(f *trust.File) { f.Approvals = []trust.Rule{} })
		w.Core.Sweep(context.Background())
		deny(t, w.NewRun().Submit(), marketops.ApprovalMissing)
	})
	t.Run("trust expired", func(t *testing.T) {
		t.Parallel()
		w := world.New(t)
		s := w.NewRun().Submit()
		w.WriteTrust(2, func(f *trust.File) { f.Expires = w.Now() + 1 })
		w.Core.Sweep(context.Background())
		s.Approve("alice")
		w.Pass(10 * time.Second)
		deny(t, s, marketops.TrustExpired)
	})
}

// TestLapsed: when a receipt expired unused, its approvals serve another one.
func TestLapsed(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	first := s.Receipts[0].Digest
	w.Pass(w.Options.Config.ReceiptLifetime)
	s.Authorize()
	if s.Receipts[0].Digest == first {
		t.Error("the expired receipt was answered again")
	}
	s.Publish(0, "pub")
}

func TestClaimRefused(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s, other := w.Ready(), w.Ready()
	ctx := context.Background()
	cases := []struct {
		name string
		by   string
		code marketops.Code
		edit func(*api.ClaimWanted)
	}{
		{"no such receipt", "pub", marketops.ReceiptMissing, func(c *api.ClaimWanted) { c.Receipt = marketops.NewReceiptID([16]byte{1}) }},
		{"another run", "pub", marketops.RunMismatch, func(c *api.ClaimWanted) { c.Run = other.ID }},
		{"another operation", "pub", marketops.OperationMismatch, func(c *api.ClaimWanted) { c.Operation = other.Digests[0] }},
		{"another key than the one that signs", "pub", marketops.AudienceMismatch, func(c *api.ClaimWanted) { c.Publisher = w.Keys["pub2"].Public().ID() }},
		{"older trust", "pub", marketops.TrustRolledBack, func(c *api.ClaimWanted) { c.Trust = 0 }},
		{"trust that is not there", "pub", marketops.TrustRolledBack, func(c *api.ClaimWanted) { c.Trust = 9 }},
		{"a person", "bob", marketops.KeyUnknown, func(*api.ClaimWanted) {}},
		{"a stranger", "stranger", marketops.KeyUnknown, func(*api.ClaimWanted) {}},
	}
	for _, c := range cases {
		wanted := s.Wanted(0, "pub")
		c.edit(&wanted)
		_, err := w.Client(c.by).Claim(ctx, wanted)
		if marketops.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	if state := got(w.Client("bob").ClaimState(ctx, s.Receipt(0).ReceiptID))(t); state.State != "none" {
		t.Errorf("the receipt was touched: %+v", state)
	}
	got(s.Claim(0, "pub"))(t)
	_, err := s.Claim(0, "pub2")
	wantCode(t, err, marketops.OperationInFlight)
}

// TestClaimConditions changes the world between authorisation and claim.
func TestClaimConditions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		code   marketops.Code
		change func(*world.World, *world.Run)
	}{
		{"expired", marketops.Expired, func(w *world.World, _ *world.Run) { w.Pass(w.Options.Config.ReceiptLifetime) }},
		{"disk full", marketops.DiskFull, func(w *world.World, _ *world.Run) { w.SetFree(core.Reserve - 1) }},
		{"policy changed", marketops.PolicySuperseded, func(w *world.World, _ *world.Run) {
			must(w, os.WriteFile(filepath.Join(w.Dir, "policy", "99-more.cedar"), []byte("// nothing\n"), 0o600))
			w.Core.Sweep(context.Background())
		}},
		{"authority revoked", marketops.KeyRevoked, func(w *world.World, s *world.Run) {
			w.WriteTrust(2, func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Origin: world.Origin, Index: 0}} })
			w.Core.Sweep(context.Background())
		}},
		{"revoked", marketops.Revoked, func(w *world.World, s *world.Run) {
			got(w.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "second thoughts"}))(w)
		}},
		{"consumed", marketops.Consumed, func(_ *world.World, s *world.Run) { s.Publish(0, "pub") }},
		{"same tag in flight", marketops.OperationInFlight, func(w *world.World, s *world.Run) {
			op := s.Ops[0]
			tag := *op.Tag
			tag.Message = "another message"
			op.Tag = &tag
			got(w.Ready(op).Claim(0, "pub2"))(w)
		}},
		{"control", "", func(*world.World, *world.Run) {}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			s := w.Ready()
			c.change(w, s)
			_, err := s.Claim(0, "pub")
			if c.code == "" {
				must(t, err)
				return
			}
			wantCode(t, err, c.code)
			if !slices.Contains(gate.CoreCodes, c.code) {
				return
			}
			for _, check := range got(w.Client("pub").Check(context.Background(), s.Wanted(0, "pub")))(t) {
				if (check.Code == c.code) != (check.Status == marketops.Fail) {
					t.Errorf("check says %+v", check)
				}
			}
		})
	}
}

// TestClockBackwards: after a claim at one time no claim is granted an hour before it.
func TestClockBackwards(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s, later := w.Ready(), w.Ready()
	w.Pass(10 * time.Minute)
	got(later.Claim(0, "pub"))(t)
	w.Pass(-10 * time.Minute)
	_, err := s.Claim(0, "pub")
	wantCode(t, err, marketops.ClockUnsure)
	w.Pass(10 * time.Minute)
	got(s.Claim(0, "pub"))(t)
}

func TestCheckAnswersAll(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	checks := got(w.Client("pub").Check(context.Background(), s.Wanted(0, "pub")))(t)
	var codes []marketops.Code
	for _, c := range checks {
		codes = append(codes, c.Code)
		if c.Status != marketops.Pass {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(codes, slices.Concat(gate.CoreCodes, gate.SharedCodes)) {
		t.Errorf("codes %v", codes)
	}
	s.Publish(0, "pub")
	checks = got(w.Client("pub").Check(context.Background(), s.Wanted(0, "pub")))(t)
	if c, failed := checks.FirstFailure(); !failed || c.Code != marketops.Consumed {
		t.Errorf("after the publication: %+v", c)
	}
}

// TestNothingAnAuditRefuses: what every later audit would refuse is not recorded. The control of each is the
// same record as it should be.
func TestNothingAnAuditRefuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.NewRun().Submit()
	if _, err := s.VoteAs("alice", func(a *receipt.Approval) { a.IssuedAt -= 600 }); marketops.CodeOf(err) != marketops.ClockUnsure {
		t.Errorf("an approval dated before the submission: %v", err)
	}
	s.Approve("alice").Authorize()
	c := got(s.Claim(0, "pub"))(t)
	for name, change := range map[string]func(*receipt.Intent){
		"an intent dated before the claim": func(n *receipt.Intent) { n.IssuedAt -= 600 },
		"an intent from the future":        func(n *receipt.Intent) { n.IssuedAt += 600 },
	} {
		body := s.Receipt(0)
		n := &receipt.Intent{Header: s.Head(), RunID: body.RunID, ReceiptID: body.ReceiptID, Claim: c.Entry.Digest, Receipt: s.Receipts[0].Digest, Operation: body.Operation, Epoch: 1}
		change(n)
		if _, err := w.Client("pub").Intent(ctx, got(receipt.Seal(n, w.Keys["pub"]))(t).Envelope); marketops.CodeOf(err) != marketops.ClockUnsure && marketops.CodeOf(err) != marketops.NotYetValid {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := got(s.Intend(0, "pub", c))(t)
	got(w.Client("pub").Execute(ctx, s.Fence(0, 1)))(t)
	got(w.Client("pub").Attempt(ctx, s.Effect(0, 1)))(t)
	early := func(o *receipt.Outcome) { o.IssuedAt -= 600 }
	if _, err := w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 1, n.Position, early)); marketops.CodeOf(err) != marketops.ClockUnsure {
		t.Errorf("an outcome dated before the intent: %v", err)
	}
	refusal := &receipt.Refusal{Header: s.Head(), RunID: string(s.ID), Request: s.Digests[0], Code: marketops.Expired}
	refusal.IssuedAt += 5 * 365 * 86400
	if _, err := w.Client("pub").Refuse(ctx, api.Decided{Envelope: got(receipt.Seal(refusal, w.Keys["pub"]))(t).Envelope}); marketops.CodeOf(err) != marketops.NotYetValid {
		t.Errorf("a refusal from the future: %v", err)
	}
	got(w.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", 1, n.Position, nil)))(t)
}

// TestKeysThatEnd: an approval under a key that ends before the receipt is issued does not count for it.
func TestKeysThatEnd(t *testing.T) {
	t.Parallel()
	w := world.New(t, func(w *world.World) {
		w.Edit = func(f *trust.File) { f.Persons[1].Keys[0].NotAfter = w.Now() + 600 }
	})
	s := w.NewRun().Submit().Approve("alice")
	w.Pass(11 * time.Minute)
	if d, err := w.Client("bob").Authorize(context.Background(), s.ID); err != nil || d.Authorized {
		t.Errorf("an approval under a key that has ended counts: %+v, %v", d, err)
	}
	s.Approve("carol").Authorize()
	checkGate(s, 0) // to which alice's approval is shown too
	got(s.Claim(0, "pub"))(t)
	audited(w)
}

// TestRequesterKeyThatEnds: no receipt is issued for a submission whose key has ended.
func TestRequesterKeyThatEnds(t *testing.T) {
	t.Parallel()
	w := world.New(t, func(w *world.World) {
		w.Edit = func(f *trust.File) {
			for i, p := range f.Persons {
				if p.ID == "bob" {
					f.Persons[i].Keys[0].NotAfter = w.Now() + 600
				}
			}
		}
	})
	s, early := w.NewRun().Submit().Approve("alice"), w.NewRun().Submit().Approve("alice")
	if d := got(w.Client("alice").Authorize(context.Background(), early.ID))(t); !d.Authorized {
		t.Errorf("control: %+v", d)
	}
	w.Pass(11 * time.Minute)
	if d, err := w.Client("alice").Authorize(context.Background(), s.ID); err == nil && d.Authorized {
		t.Errorf("a receipt for a submission under a key that has ended: %+v", d)
	}
}

// TestCoreKeyThatEnds: a Core signs nothing with a key that ends, and does not start with one that has ended.
func TestCoreKeyThatEnds(t *testing.T) {
	t.Parallel()
	w := world.New(t, func(w *world.World) {
		w.Edit = func(f *trust.File) { f.Ledger[0].NotAfter = w.Now() + 600 }
	})
	s := w.NewRun().Submit().Approve("alice").Authorize()
	size := w.Core.Trust().Version()
	w.Pass(10*time.Minute - time.Second)
	if _, err := s.Claim(0, "pub"); marketops.CodeOf(err) != marketops.KeyOutsideValidity {
		t.Errorf("a claim by a key that ends: %v", err)
	}
	w.Stop()
	if _, err := core.Open(context.Background(), w.Options); marketops.CodeOf(err) != marketops.KeyOutsideValidity {
		t.Errorf("started with a key that has ended: %v", err)
	}
	w.WriteTrust(size+1, func(f *trust.File) { f.Ledger[0].NotAfter += 86400 })
	w.Start()
	got(s.Claim(0, "pub"))(t)
}
