package core_test

import (
	"context"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt/trust"
)

// TestOldReceipt: a receipt that would not be issued today on the same approvals is not answered again, unless
// its operation was begun under it. The control of each row is the same call before the change.
func TestOldReceipt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	newTrust := func(change func(*trust.File)) func(*world.Run) {
		return func(s *world.Run) {
			s.WriteTrust(2, change)
			s.Core.Sweep(ctx)
		}
	}
	for name, c := range map[string]struct {
		change func(*world.Run)
		code   marketops.Code
	}{
		"a veto":             {func(s *world.Run) { got(s.VoteAs("carol", rejection))(s) }, marketops.RejectedByApprover},
		"a raised minimum":   {newTrust(func(f *trust.File) { f.Approvals[0].Threshold = 2 }), marketops.ApprovalSpent},
		"a lowered lifetime": {newTrust(func(f *trust.File) { f.MaxLifetime = 61 }), marketops.ApprovalSpent},
		"an approver who left the group": {newTrust(func(f *trust.File) {
			f.Persons[1].Groups = []string{}
		}), marketops.ApprovalSpent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			s, begun := w.Ready(), w.Ready()
			begun.Execute(0, "pub")
			got(w.Client("pub").Attempt(ctx, begun.Effect(0, 1)))(t)
			first := s.Decided.Decisions[0].Receipts[0].Digest
			if d := s.Decide(); !d.Authorized || d.Decisions[0].Receipts[0].Digest != first {
				t.Fatalf("control: %+v", d)
			}
			c.change(s)
			if d := s.Decide(); d.Authorized || len(d.Decisions[0].Receipts) != 0 || d.Decisions[0].Code != c.code {
				t.Errorf("authorised %v: %+v, want %s", d.Authorized, d.Decisions[0], c.code)
			}
			if d := begun.Decide(); !d.Authorized || d.Decisions[0].Receipts[0].Digest != begun.Decided.Decisions[0].Receipts[0].Digest {
				t.Errorf("begun: %+v", d)
			}
		})
	}
}

// TestVetoedReceipt: authorize after a claim that a veto ended denies, and does not answer the used receipt.
func TestVetoedReceipt(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	got(s.Claim(0, "pub"))(t)
	got(s.VoteAs("carol", rejection))(t)
	if d := s.Decide(); d.Authorized || d.Decisions[0].Code != marketops.RejectedByApprover {
		t.Errorf("%+v", d)
	}
}
