package publisher_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// writes counts the calls that could have changed GitHub.
func (s *stage) writes() (n int) {
	for _, r := range s.hub.Requests() {
		if r.Method != http.MethodGet {
			n++
		}
	}
	return n
}

// blind is a Core whose lists hold no rejection, and whose checks find nothing wrong.
func (s *seat) blind() *atomic.Int64 {
	hidden, core := new(atomic.Int64), s.Core
	s.Core = liar{Core: core, checks: func(cs marketops.Checks) marketops.Checks {
		for i := range cs {
			if cs[i].Status == marketops.Fail {
				hidden.Add(1)
			}
			cs[i] = marketops.Check{Code: cs[i].Code, Status: marketops.Pass}
		}
		return cs
	}}
	for _, j := range s.jobs {
		j.Approvals = slices.DeleteFunc(j.Approvals, func(r publisher.Record) bool {
			a, ok := r.Opened.Body.(*receipt.Approval)
			return ok && a.Verdict == receipt.Reject
		})
	}
	return hidden
}

// TestHiddenVeto: an honest publisher is shown no rejection. Nothing is published, for the Core refuses the claim: nothing
// rests on a list being whole. Controls: the publisher that sees the rejection has its gate refuse, and without a
// rejection both publish.
func TestHiddenVeto(t *testing.T) {
	for name, c := range map[string]struct {
		hides, vetoed bool
		status        receipt.Status
	}{
		"a hidden veto":   {true, true, publisher.Refused},
		"a shown veto":    {false, true, publisher.Refused},
		"nothing to hide": {true, false, receipt.Success},
		"honest":          {false, false, receipt.Success},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r := s.authorised(s.tagOp())
			if c.vetoed {
				s.Tree(r.vote("carol", receipt.Reject).Position.Index)
			}
			p := r.sit("pub", r.folder())
			defer p.leave()
			hidden := new(atomic.Int64)
			if c.hides {
				hidden = p.blind()
			}
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			s.ok(err)
			if results[0].Status != c.status {
				t.Fatalf("%s: %v", results[0].Status, results[0].Err)
			}
			if hid := hidden.Load() > 0; hid != (c.hides && c.vetoed) {
				t.Errorf("%d checks were hidden", hidden.Load())
			}
			if !c.vetoed {
				r.shipped(0)
				return
			}
			world.WantCode(t, results[0].Err, marketops.RejectedByApprover)
			refusals := 1 // of the publisher's gate
			if c.hides {
				refusals = 2 // the Core refuses the claim, and the publisher says that it was refused
			}
			if st := r.told(0); s.writes() != 0 || len(r.visible(r.plan.Ops[0])) != 0 || len(st.claims) != 0 || len(st.refusals) != refusals {
				t.Errorf("%d writes; the log has %q", s.writes(), st.names)
			}
		})
	}
}

// TestVetoOnTheWay: a rejection at any moment before the first visible effect stops the publisher under its own
// code, with nothing visible, and the ledger ends the claim; publishing again says so. One that comes after it
// stops nothing.
func TestVetoOnTheWay(t *testing.T) {
	for path, want := range map[string]receipt.Status{"/v1/claim": publisher.Refused, "/v1/intent": receipt.Rejected, "/v1/execute": receipt.Rejected,
		"/v1/renew": receipt.Rejected, "/v1/attempt": receipt.Rejected, "/v1/outcome": receipt.Success} {
		t.Run(strings.TrimPrefix(path, "/v1/"), func(t *testing.T) {
			s := newStage(t)
			r := s.authorised(s.releaseOp())
			dir := r.folder()
			p := r.sit("pub", dir)
			var veto atomic.Bool
			relay := &relay{stage: s, before: map[string]func(){path: func() {
				if !veto.Swap(true) {
					r.vote("carol", receipt.Reject)
				}
			}}}
			p.through(relay.start())
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			s.ok(err)
			waiting := p.Outbox.Pending()
			p.leave()
			if results[0].Status != want || waiting != 0 || !veto.Load() {
				t.Fatalf("%s: %v; %d records wait", results[0].Status, results[0].Err, waiting)
			}
			if want == receipt.Success {
				r.shipped(0)
				return
			}
			world.WantCode(t, results[0].Err, marketops.RejectedByApprover)
			if seen := r.visible(r.plan.Ops[0]); len(seen) != 0 {
				t.Errorf("visible: %q", seen)
			}
			if want == publisher.Refused {
				return
			}
			if o := r.outcome(0); o.Status != receipt.Rejected || o.Code != marketops.RejectedByApprover {
				t.Errorf("%+v", o)
			}
			again, err := r.publish("pub", dir)
			s.ok(err)
			if again[0].Status != receipt.Rejected || !again[0].Already {
				t.Errorf("the second time: %+v", again[0])
			}
			world.WantCode(t, again[0].Err, marketops.RejectedByApprover)
		})
	}
}
