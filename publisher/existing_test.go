package publisher_test

import (
	"context"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// existingOp is a release for a lightweight tag that is there.
func (s *stage) existingOp() marketops.Operation {
	op := s.releaseOp()
	s.ok(s.hub.Repo(op.Target.FullName).SetRef("refs/tags/"+op.Tag.Name, s.commit))
	op.Tag = &marketops.Tag{Name: op.Tag.Name, Commit: s.commit, Tree: s.tree,
		Existing: &marketops.Existing{Object: s.commit, Type: "commit"}}
	return op
}

// retag moves the tag of an operation to a tag object of the same commit.
func (s *stage) retag(op marketops.Operation) {
	s.Helper()
	_, err := s.hub.Repo(op.Target.FullName).Tag(op.Tag.Name, s.commit, "another\n")
	s.ok(err)
}

// TestExistingTagMoves: a release whose tag moved right before it was published is failed, whether the publisher sees it or
// only reconcile does. It is on GitHub, and the approvals are used up. The control is a tag that stays.
func TestExistingTagMoves(t *testing.T) {
	s := newStage(t)
	t.Run("control", func(t *testing.T) {
		r := s.authorised(s.existingOp())
		results, err := r.publish("pub", r.folder())
		if err != nil || results[0].Status != receipt.Success {
			t.Fatalf("%+v, %v", results, err)
		}
	})
	t.Run("seen by the publisher", func(t *testing.T) {
		r := s.authorised(s.existingOp())
		p := r.sit("pub", r.folder())
		defer p.leave()
		p.tracked(&track{at: afterAttempt, strike: func() error { s.retag(r.plan.Ops[0]); return nil }})
		results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
		if err != nil || results[0].Status != receipt.Failed || marketops.CodeOf(results[0].Err) != marketops.RefMoved {
			t.Fatalf("%+v, %v", results, err)
		}
		s.failedOnGitHub(r.outcome(0))
	})
	t.Run("seen by reconcile", func(t *testing.T) {
		e := &ending{op: s.existingOp, at: point{"write", 4, true}, how: "killed", key: "pub"}
		e.begin(s)
		if got := s.visible(e.run.plan.Ops[0]); !slices.Contains(got, "release-published") {
			t.Fatalf("killed too early: %v", got)
		}
		s.retag(e.run.plan.Ops[0])
		s.leaseEnds()
		st := e.standing(s, "pub")
		s.failedOnGitHub(e.decided(s, st, receipt.Failed, marketops.RefMoved))
	})
}

func (s *stage) failedOnGitHub(o *receipt.Outcome) {
	s.Helper()
	if o.Status != receipt.Failed || o.Code != marketops.RefMoved || !o.IsComplete() || len(o.Effects) != 1 || o.Effects[0].State != receipt.EffectApplied {
		s.Errorf("%+v", o)
	}
}
