//go:build mutant_wait

package publisher

import "context"

// awaitIntent, built with the tag mutant_wait, waits for nothing: the tests must notice.
func (p *Publisher) awaitIntent(_ context.Context, s *spending) error {
	tree, err := p.Log.Latest()
	if err != nil {
		return err
	}
	s.seen = tree.Checkpoint()
	return nil
}
