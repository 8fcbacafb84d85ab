package publisher

import (
	"context"
	"errors"

	"github.com/omega/marketops/log/view"
)

// awaitIntent is S3: one checkpoint, verified by this publisher, covers claim and intent.
// GitHub is not called and its credential is not read before this has returned nil.
func (p *Publisher) awaitIntent(ctx context.Context, s *spending) error {
	tree, err := p.Log.Covering(ctx, max(s.claimEntry.Position.Index, s.intent.Position.Index))
	if err != nil {
		return err
	}
	s.seen = tree.Checkpoint()
	_, claimed := view.ProveIn(tree, s.claimEntry.Leaf, s.claimEntry.Position)
	_, intended := view.ProveIn(tree, s.intent.Leaf, s.intent.Position)
	return errors.Join(claimed, intended)
}
