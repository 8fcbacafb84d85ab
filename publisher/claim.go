package publisher

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
)

// claim is S1: one signed request, and the ledger's primary key decides every race.
func (p *Publisher) claim(ctx context.Context, s *spending) error {
	p.tell(s.job, "S1 claim", string(s.receipt.ReceiptID))
	claimed, err := p.Core.Claim(ctx, p.want(s.job, s.receipt.ReceiptID, s.receipt.Operation))
	if err != nil {
		return err
	}
	s.claim, s.claimEntry = claimed.Claim, claimed.Entry
	if s.claim.State != "claimed" && s.claim.State != "executing" {
		return marketops.Refuse(marketops.Consumed, fmt.Sprintf("the claim is %.20q: its outcome is for the Core to bring into the log", s.claim.State))
	}
	if s.claim.Owner != p.Signer.Public().ID() {
		return marketops.Refuse(marketops.OperationInFlight, "the claim belongs to another publisher")
	}
	return nil
}
