package publisher_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
)

// lingering lets time pass once a draft is noted.
type lingering struct {
	publisher.Core
	pass func()
}

func (l lingering) NoteDraft(ctx context.Context, r api.Renewal) (api.Lease, error) {
	lease, err := l.Core.NoteDraft(ctx, r)
	l.pass()
	return lease, err
}

// TestExpiryBetweenWrites: a receipt ends while a release is prepared. Nothing more is written under it, no approval is used
// up, and the next receipt continues the draft. The control is the same delay under a receipt that is still good.
func TestExpiryBetweenWrites(t *testing.T) {
	for name, late := range map[string]bool{"ended": true, "good": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r := s.authorised(s.releaseOp())
			dir := r.folder()
			p := r.sit("pub", dir)
			p.Core = lingering{p.Core, func() {
				if late {
					s.Pass(time.Duration(r.plan.Receipt(0).ExpiresAt-s.World.Now()-30) * time.Second)
				}
			}}
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			p.leave()
			s.ok(err)
			if !late {
				if results[0].Status != "success" {
					t.Errorf("%+v", results[0])
				}
				return
			}
			if results[0].Status != "rejected" || s.uploads() != 0 {
				t.Fatalf("%+v, and %d uploads", results[0], s.uploads())
			}
			world.WantCode(t, results[0].Err, marketops.Expired)
			r.authorize()
			results, err = r.publish("pub", dir)
			s.ok(err)
			if drafts := s.kinds(githubtest.DraftCreated); results[0].Status != "success" || s.uploads() != len(assets) || drafts != 1 {
				t.Errorf("%+v, %d uploads, %d drafts", results[0], s.uploads(), drafts)
			}
			s.lawful()
		})
	}
}

func (s *stage) uploads() int { return s.kinds(githubtest.AssetUploaded) }

// kinds is how many effects of a kind GitHub saw.
func (s *stage) kinds(kind githubtest.Kind) int {
	return len(slices.DeleteFunc(s.hub.Effects(), func(e githubtest.Effect) bool { return e.Kind != kind }))
}
