package publisher_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// forged is the receipt of the first operation with changes, signed by the key of that name. It
// keeps the position of the true one.
func (s *seat) forged(key string, change func(*receipt.Receipt)) api.Entry {
	s.Helper()
	true1 := s.receipts[0][0]
	rec := must(receipt.Open(true1.Envelope, s.World.Trust.Ring()))
	body := *rec.Body.(*receipt.Receipt)
	body.Audience = slices.Clone(body.Audience)
	if change != nil {
		change(&body)
	}
	forged := must(receipt.Seal(&body, s.Keys[key], rec.Subject[1:]...))
	true1.Envelope = forged.Envelope
	return true1
}

// present replaces the receipts of the first operation.
func (s *seat) present(e ...api.Entry) {
	s.jobs[0].Receipts = publisher.OpenRecords(s.Publisher.Trust, e...)
}

func (s *seat) presentForged(change func(*receipt.Receipt)) {
	s.present(s.forged("authority", change))
}

func (s *seat) sealed(envelope []byte) {
	e := s.receipts[0][0]
	e.Envelope = envelope
	s.present(e)
}

// trusting replaces what this publisher believes, and presents a receipt that rests on it.
func (s *seat) trusting(change func(*trust.File)) {
	s.Publisher.Trust, _ = s.ParseTrust(s.File.Version, change)
	s.presentForged(func(r *receipt.Receipt) { r.Trust = s.Publisher.Trust.Ref() })
}

// later moves this publisher's clock alone.
func (s *seat) later(seconds marketops.Time) {
	s.Now = func() marketops.Time { return s.World.Now() + seconds }
}

var refusals = []struct {
	code  marketops.Code
	name  string
	mode  marketops.Mode
	spoil func(*seat)
}{
	{marketops.ModeNotProd, "upper case", "PROD", nil},
	{marketops.ModeNotProd, "title case", "Prod", nil},
	{marketops.ModeNotProd, "space", "prod ", nil},
	{marketops.ModeNotProd, "none", "", nil},
	{marketops.ReceiptMissing, "none", "prod", func(s *seat) { s.present() }},
	{marketops.ReceiptMalformed, "not an envelope", "prod", func(s *seat) { s.sealed([]byte("{}")) }},
	{marketops.ReceiptMalformed, "two different ones", "prod", func(s *seat) {
		s.present(s.receipts[0][0], s.forged("authority2", func(r *receipt.Receipt) { r.ExpiresAt-- }))
	}},
	{marketops.PayloadTypeWrong, "another payload type", "prod", func(s *seat) {
		s.sealed(must(crypto.Sign("text/plain", []byte("yes"), s.Keys["authority"])))
	}},
	{marketops.PredicateTypeWrong, "the submission", "prod", func(s *seat) { s.present(s.submission) }},
	{marketops.PredicateTypeWrong, "an approval", "prod", func(s *seat) { s.present(s.approvals[0]) }},
	{marketops.KeyUnknown, "a stranger's", "prod", func(s *seat) { s.present(s.forged("stranger", nil)) }},
	{marketops.KeyUnknown, "a publisher's own", "prod", func(s *seat) { s.present(s.forged("pub", nil)) }},
	{marketops.KeyOutsideValidity, "the key is over", "prod", func(s *seat) {
		s.trusting(func(f *trust.File) { f.Authorities[0].NotAfter = s.World.Now() })
	}},
	{marketops.KeyRevoked, "the key is revoked", "prod", func(s *seat) {
		s.trusting(func(f *trust.File) {
			f.Authorities[0].RevokedFrom = append(f.Authorities[0].RevokedFrom, s.submission.Position)
		})
	}},
	{marketops.SignatureInvalid, "one bit", "prod", func(s *seat) {
		env := bytes.Clone(s.receipts[0][0].Envelope)
		_, after, _ := bytes.Cut(env, []byte(`"sig":"`))
		sig := must(base64.StdEncoding.DecodeString(string(after[:88])))
		sig[7] ^= 1
		base64.StdEncoding.Encode(after, sig)
		s.sealed(env)
	}},
	{marketops.ThresholdUnmet, "one of two", "prod", func(s *seat) {
		s.trusting(func(f *trust.File) { f.AuthorityRules[0].Threshold = 2 })
	}},
	{marketops.NotEnforceable, "enforceable: false", "prod", func(s *seat) { s.presentForged(func(r *receipt.Receipt) { r.Enforceable = false }) }},
	{marketops.NotEnforceable, "for a dry run", "prod", func(s *seat) { s.presentForged(func(r *receipt.Receipt) { r.Mode = marketops.DryRun }) }},
	{marketops.AudienceMismatch, "another publisher's", "prod", func(s *seat) {
		s.presentForged(func(r *receipt.Receipt) { r.Audience = []crypto.KeyID{s.Keys["pub2"].Public().ID()} })
	}},
	{marketops.RunMismatch, "another run", "prod", func(s *seat) { s.jobs[0].Run = marketops.NewRunID([16]byte{1}) }},
	{marketops.KindMismatch, "another kind", "prod", func(s *seat) { s.jobs[0].Op.Kind = marketops.PublishRelease }},
	{marketops.RepositoryMismatch, "another host", "prod", func(s *seat) { s.Host = "ghe.example.com" }},
	{marketops.RepositoryMismatch, "another repository", "prod", func(s *seat) { s.jobs[0].Op.Target.RepositoryID++ }},
	{marketops.OperationMismatch, "another message", "prod", func(s *seat) {
		tag := *s.jobs[0].Op.Tag
		tag.Message += "!"
		s.jobs[0].Op.Tag = &tag
	}},
	{marketops.ContentMismatch, "nothing measured", "prod", func(s *seat) { s.jobs[0].Measured = nil }},
	{marketops.ContentMismatch, "a file too many", "prod", func(s *seat) { s.jobs[0].Measured = []marketops.Digest{{1}} }},
	{marketops.LifetimeExcessive, "25 hours", "prod", func(s *seat) { s.presentForged(func(r *receipt.Receipt) { r.ExpiresAt = r.IssuedAt + 25*3600 }) }},
	{marketops.NotYetValid, "issued in an hour", "prod", func(s *seat) { s.later(-3600) }},
	{marketops.Expired, "three hours later", "prod", func(s *seat) { s.later(3 * 3600) }},
	{marketops.LifetimeExcessive, "stale as well", "prod", func(s *seat) {
		s.presentForged(func(r *receipt.Receipt) { r.IssuedAt -= 24 * 3600 })
	}},
	{marketops.ApprovalMissing, "none", "prod", func(s *seat) { s.jobs[0].Approvals = nil }},
	{marketops.ReceiptUnlogged, "a forged one", "prod", func(s *seat) {
		s.presentForged(func(r *receipt.Receipt) { r.ReceiptID = marketops.NewReceiptID([16]byte{7}) })
	}},
	{marketops.ReceiptUnlogged, "at no place", "prod", func(s *seat) { s.jobs[0].Receipts[0].Entry.Position.Index = 1 << 40 }},
	{marketops.ReceiptUnlogged, "in another log", "prod", func(s *seat) { s.jobs[0].Receipts[0].Entry.Position.Origin = "log.example.com" }},
	{marketops.ReceiptUnlogged, "the submission is elsewhere", "prod", func(s *seat) { s.jobs[0].Submission.Entry.Position.Index++ }},
	{marketops.TrustExpired, "the trust file expired", "prod", func(s *seat) {
		s.trusting(func(f *trust.File) { f.Expires = s.World.Now() })
	}},
	{marketops.TrustRolledBack, "a receipt of no version", "prod", func(s *seat) { s.presentForged(func(r *receipt.Receipt) { r.Trust.Digest[0] ^= 1 }) }},
	{marketops.TrustRolledBack, "an older trust file", "prod", func(s *seat) {
		s.WriteTrust(s.File.Version+1, nil)
		s.World.Core.Sweep(context.Background())
	}},
}

var allCodes = slices.Concat(gate.GateCodes, gate.CoreCodes)

// TestGate spoils one thing at a time. Each must be refused under its code with every code
// answered once and in order; nothing is asked of GitHub or of the credential; and the refusal
// is signed, logged and says the same. The control at the end publishes.
func TestGate(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	for _, c := range refusals {
		t.Run(string(c.code)+"/"+strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			p := r.sit("pub", r.folder())
			defer p.leave()
			if c.spoil != nil {
				c.spoil(p)
			}
			results, err := p.Run(context.Background(), c.mode, p.jobs)
			if err != nil {
				t.Fatal(err)
			}
			p.refused(t, results[0], c.code)
			// No receipt can be stale and neither expired nor too long-lived: stale is never first.
			if stale := results[0].Checks.Find(marketops.Stale); (stale.Status == marketops.Fail) != strings.HasPrefix(c.name, "stale") {
				t.Errorf("%+v", stale)
			}
		})
	}
	if results, err := r.publish("pub", r.folder()); err != nil || results[0].Status != "success" {
		t.Errorf("control: %+v, %v", results, err)
	}
	r.shipped(0)
}

// refused demands a refusal under a code with all that belongs to it.
func (s *seat) refused(t *testing.T, res publisher.Result, code marketops.Code) {
	t.Helper()
	if res.Status != "refused" || marketops.CodeOf(res.Err) != code {
		t.Fatalf("%s: %v, want %s", res.Status, res.Err, code)
	}
	if len(res.Checks) != len(allCodes) {
		t.Fatalf("%d checks, want %d", len(res.Checks), len(allCodes))
	}
	for i, c := range res.Checks {
		if c.Code != allCodes[i] {
			t.Errorf("check %d is %s, want %s", i, c.Code, allCodes[i])
		}
	}
	if n := len(s.hub.Requests()); n != 0 || s.asked.Load() != 0 || s.ready != 0 {
		t.Errorf("%d requests, the credential was asked for %d times, readiness %d times", n, s.asked.Load(), s.ready)
	}
	s.logged(t, res, code)
}

// logged demands that the refusal stands in the log, signed by this publisher, without its text. One from a
// clock that is far ahead does not: every audit would refuse its date.
func (s *seat) logged(t *testing.T, res publisher.Result, code marketops.Code) {
	t.Helper()
	if s.Now() > s.World.Now()+gate.Epsilon {
		if len(res.Entry.Envelope) != 0 {
			t.Error("a refusal from the future was recorded")
		}
		return
	}
	rec, holder, err := s.World.Trust.Open(res.Entry.Envelope, s.World.Now(), &res.Entry.Position)
	if err != nil {
		t.Fatal(err)
	}
	if holder.Role != trust.RolePublisher || rec.By != s.Signer.Public().ID() {
		t.Errorf("signed by %+v", holder)
	}
	if _, err := view.ProveIn(s.Tree(res.Entry.Position.Index), rec.LeafHash(), res.Entry.Position); err != nil {
		t.Error(err)
	}
	body := rec.Body.(*receipt.Refusal)
	if body.Code != code || body.RunID != string(s.jobs[0].Run) || len(body.Checks) != len(allCodes) || body.OperationKind != s.jobs[0].Op.Kind {
		t.Errorf("recorded: %+v", body)
	}
	for i, c := range body.Checks {
		if c.Code != res.Checks[i].Code || c.Status != res.Checks[i].Status {
			t.Errorf("recorded check %+v, answered %+v", c, res.Checks[i])
		}
	}
	text, err := s.Client("bob").Evidence(context.Background(), body.Evidence)
	if err != nil || body.Salted(text) != body.Evidence || string(text) != res.Err.Error() {
		t.Errorf("evidence %q, %v", text, err)
	}
	if s.Outbox.Pending() != 0 {
		t.Error("the refusal still waits")
	}
}

// TestCoreAnswers: the codes that only the Core can answer, each brought about at the Core. TestAfterAlone is about
// prerequisite-open.
func TestCoreAnswers(t *testing.T) {
	for _, c := range []struct {
		code  marketops.Code
		spoil func(*run)
	}{
		{marketops.PolicySuperseded, func(r *run) {
			path := filepath.Join(r.Dir, "policy", "95-freeze.cedar")
			r.ok(os.WriteFile(path, append(must(os.ReadFile(path)), "// another one\n"...), 0o600))
			r.World.Core.Sweep(context.Background())
		}},
		{marketops.TrustRolledBack, func(r *run) {
			r.WriteTrust(2, nil)
			r.World.Core.Sweep(context.Background())
			r.World.Trust, _ = r.ParseTrust(1, nil)
		}},
		{marketops.ClockUnsure, func(r *run) {
			r.Pass(600e9)
			other := r.authorised(r.tagOp())
			if results, err := other.publish("pub2", other.folder()); err != nil || results[0].Status != "success" {
				r.Fatalf("%+v, %v", results, err)
			}
			r.Stop()
			r.Pass(-400e9)
			r.Start()
		}},
		{marketops.Revoked, func(r *run) {
			_, err := r.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: r.plan.Receipt(0).ReceiptID, Reason: "no"})
			r.ok(err)
		}},
		{marketops.Consumed, func(r *run) {
			if results, err := r.publish("pub2", r.folder()); err != nil || results[0].Status != "success" {
				r.Fatalf("%+v, %v", results, err)
			}
		}},
		{marketops.OperationInFlight, func(r *run) {
			q := r.sit("pub2", r.folder())
			defer q.leave()
			q.tracked(&track{at: point{"intent", 1, true}, strike: cut})
			if results, err := q.Run(context.Background(), marketops.Prod, q.jobs); err != nil || results[0].Status != "not-attempted" {
				r.Fatalf("%+v, %v", results, err)
			}
		}},
	} {
		t.Run(string(c.code), func(t *testing.T) {
			s := newStage(t)
			r := s.authorised(s.tagOp())
			c.spoil(r)
			requests, asked := len(s.hub.Requests()), s.asked.Load()
			p := r.sit("pub", r.folder())
			defer p.leave()
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			s.ok(err)
			res := results[0]
			if res.Status != "refused" || marketops.CodeOf(res.Err) != c.code || len(res.Checks) != len(allCodes) {
				t.Fatalf("%s: %v, want %s", res.Status, res.Err, c.code)
			}
			failing := 0
			for i, check := range res.Checks {
				if check.Code != allCodes[i] {
					t.Errorf("check %d is %s, want %s", i, check.Code, allCodes[i])
				}
				if check.Status != marketops.Pass {
					failing++
				}
			}
			if failing != 1 || len(s.hub.Requests()) != requests || s.asked.Load() != asked || p.ready != 0 {
				t.Errorf("%d checks failed; requests or credential were used: %+v", failing, res.Checks)
			}
			p.logged(t, res, c.code)
		})
	}
}

// TestLateVeto: a rejection after the receipt stops what was authorised.
func TestLateVeto(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	e := r.vote("carol", "reject")
	s.Tree(e.Position.Index)
	p := r.sit("pub", r.folder())
	defer p.leave()
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	p.refused(t, results[0], marketops.RejectedByApprover)
}

// TestOneRefusalStopsAll: of two operations one is refused, so neither is begun.
func TestOneRefusalStopsAll(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp(), s.releaseOp())
	s.ok(os.WriteFile(filepath.Join(r.sources, "b.txt"), []byte("the bytes of c"), 0o600))
	p := r.sit("pub", r.folder())
	defer p.leave()
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status != "not-attempted" || results[0].Err != nil || results[1].Status != "refused" {
		t.Fatalf("%+v", results)
	}
	world.WantCode(t, results[1].Err, marketops.ContentMismatch)
	if len(s.hub.Requests()) != 0 || s.asked.Load() != 0 || p.ready != 0 {
		t.Error("something was sent")
	}
	for i := range r.plan.Ops {
		if st := r.told(i); len(st.claims)+len(st.intents)+len(st.outcomes) != 0 {
			t.Errorf("operation %d: %q", i+1, st.names)
		}
	}
}

// TestNoCredential: the gate passes and the credential is not there: nothing is claimed.
func TestNoCredential(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	p.Ready = func(_ context.Context, lasts time.Duration) error {
		if left := r.plan.Receipt(0).ExpiresAt - s.World.Now(); lasts <= 0 || lasts >= time.Duration(left)*time.Second {
			t.Errorf("a receipt that lasts %s, of %d s", lasts, left)
		}
		return &marketops.Failure{Code: marketops.TokenMissing}
	}
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	world.WantCode(t, err, marketops.TokenMissing)
	state, serr := s.Client("pub").ClaimState(context.Background(), r.plan.Receipt(0).ReceiptID)
	if serr != nil || state.State != "none" || results[0].Status != "not-attempted" || len(s.hub.Requests()) != 0 {
		t.Errorf("%+v %+v %v", results[0], state, serr)
	}
}
