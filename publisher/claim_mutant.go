//go:build mutant_claim

package publisher

import (
	"context"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
)

// claim, built with the tag mutant_claim, spends no receipt: the tests must notice.
func (p *Publisher) claim(_ context.Context, s *spending) error {
	s.claim = api.ClaimState{Receipt: s.receipt.ReceiptID, Epoch: 1, Owner: p.Signer.Public().ID(),
		LeaseUntil: marketops.TimeOf(time.Now().Add(time.Minute))}
	return nil
}
