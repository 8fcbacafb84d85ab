package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// staleOp is a tag that is dated so late that it is not authorised for a day.
func staleOp(w *world.World) marketops.Operation {
	op := world.TagOp("v2.0.0")
	op.Tag.Tagger.Date = w.Now() + 86400
	return op
}

// TestEachByItself: an operation that is denied gets an advisory, the others get receipts that can be used.
func TestEachByItself(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun(staleOp(w), world.TagOp("v1.0.0"), world.TagOp("v3.0.0")).Submit().Approve("alice")
	d := s.Decide()
	if d.Authorized || d.Decisions[0].Code != marketops.PlanStale || d.Decisions[0].Advisory == nil || len(d.Decisions[0].Receipts) != 0 {
		t.Errorf("the denied one: %+v", d.Decisions[0])
	}
	s.Receipts = make([]*receipt.Record, 3)
	for i := 1; i < 3; i++ {
		dec := d.Decisions[i]
		if dec.Operation != s.Digests[i] || len(dec.Receipts) != 1 || dec.Code != "" || dec.Advisory != nil || len(dec.Missing)+len(dec.WhyNot) != 0 {
			t.Fatalf("operation %d: %+v", i+1, dec)
		}
		s.Receipts[i] = got(receipt.Open(dec.Receipts[0].Envelope, w.Core.Trust().Ring()))(t)
		checkGate(s, i)
		got(s.Claim(i, "pub"))(t)
	}
	_, names := w.Records(s.ID)
	if again := s.Decide(); again.Decisions[0].Advisory.Digest != d.Decisions[0].Advisory.Digest || again.Decisions[1].Receipts[0].Digest != d.Decisions[1].Receipts[0].Digest {
		t.Errorf("asked again: %+v", again)
	}
	if _, now := w.Records(s.ID); !slices.Equal(now, names) {
		t.Errorf("asking again recorded more: %q", now)
	}
	w.Pass(25 * time.Hour)
	if d := s.Approve("alice").Decide(); !d.Authorized {
		t.Errorf("control: a day later: %+v", d.Decisions[0])
	}
	audited(w)
}

// TestSettledMeanwhile: two calls find one claim that has to end. The one that comes second finds the outcome, and no error.
func TestSettledMeanwhile(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.Core.Quiet()
	s := w.Ready()
	got(s.Claim(0, "pub"))(t)
	late := w.Core.Late(context.Background(), s.Receipt(0).ReceiptID)
	w.Pass(25 * time.Hour)
	w.Core.Sweep(context.Background())
	if err := late(); err != nil || s.State(0).Outcome != receipt.Rejected {
		t.Errorf("%v, %+v", err, s.State(0))
	}
	audited(w)
}

// TestLimitWithinOneCall: receipts that one call issues count among the live ones of their repository.
func TestLimitWithinOneCall(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.Stop()
	w.Options.Config.Limits.MaxReceiptsPerRepository = 2
	w.Start()
	w.Ready()
	s := w.NewRun(world.TagOp("v1.0.0"), world.TagOp("v2.0.0")).Submit().Approve("alice")
	for range 2 {
		d := s.Decide()
		if d.Authorized || len(d.Decisions[0].Receipts) != 1 || d.Decisions[1].Code != marketops.LimitReached || len(d.Decisions[1].Receipts) != 0 {
			t.Fatalf("%+v", d)
		}
	}
}

// TestOthersOfTheRun: after one operation failed or was revoked, the other keeps its receipt, which is good.
func TestOthersOfTheRun(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world.Run){
		"failed": func(s *world.Run) {
			c, e := s.Execute(0, "pub")
			got(s.Client("pub").Attempt(context.Background(), s.Effect(0, c.Claim.Epoch)))(s)
			got(s.Client("pub").Outcome(context.Background(), s.OutcomeOf(0, "pub", c.Claim.Epoch, e.Position, func(o *receipt.Outcome) {
				o.Status, o.Code, o.Effects = receipt.Failed, marketops.GitHubDenied, s.Effects(0, receipt.EffectAbsent)
			})))(s)
		},
		"revoked": func(s *world.Run) {
			got(s.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "wrong"}))(s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			s := w.Ready(world.TagOp("v1.0.0"), world.TagOp("v2.0.0"))
			end(s)
			first, d := s.Decided, s.Decide()
			if len(d.Decisions[1].Receipts) != 1 || d.Decisions[1].Receipts[0].Digest != first.Decisions[1].Receipts[0].Digest {
				t.Errorf("the other: %+v", d.Decisions[1])
			}
			for _, e := range d.Decisions[0].Receipts {
				if e.Digest == first.Decisions[0].Receipts[0].Digest {
					t.Error("an ended receipt was answered")
				}
			}
			s.Publish(1, "pub")
		})
	}
}

// TestRevokedOperation: an operation whose receipt was revoked gets a new one on a new approval; the other keeps its own.
func TestRevokedOperation(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready(world.TagOp("v1.0.0"), world.TagOp("v2.0.0"))
	got(w.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "wrong"}))(t)
	first := s.Decided.Decisions
	if d := s.Decide().Decisions[0]; d.Advisory == nil || len(d.Receipts) != 0 {
		t.Errorf("on the same approval: %+v", d)
	}
	s.Approve("alice").Authorize()
	if d := s.Decided.Decisions; d[0].Receipts[0].Digest == first[0].Receipts[0].Digest || d[1].Receipts[0].Digest != first[1].Receipts[0].Digest {
		t.Errorf("on a new one: %+v", d)
	}
	s.Publish(0, "pub")
	s.Publish(1, "pub")
}
