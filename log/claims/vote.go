package claims

import (
	"context"

	"github.com/omega/marketops/crypto"
)

// Reasons in the history of a claim that the ledger ended before anything was sent.
const (
	ReasonRevoked  = "revoked"
	ReasonRejected = "rejected by an approver"
	ReasonSettled  = "settled"
)

// End makes the outcome record (Kind [KindOutcome], the given epoch) of a claim that a verdict stops, or the
// zero Record where it does not stop this one. It runs inside the transaction and must not call the ledger.
type End func(c Claim, epoch int64) (Record, error)

// Vote freezes a verdict on a run (Kind [KindApproval], a run), and in the same transaction decides as
// rejected, under the next epoch, which fences out the publisher, each claim of the run that end has an
// outcome for: claimed, or executing without an attempt. It returns these claims. by is the key that
// decides. A verdict that is frozen already is left as it is, and end is asked again: what a trust file of
// that time did not let it stop, it may stop now.
//
// Codes: consumed for other content under its leaf; ledger-unavailable, disk-full.
func (l *Ledger) Vote(ctx context.Context, vote Record, by crypto.KeyID, end End) ([]Claim, error) {
	if end == nil || by == "" || len(by) > maxOwner || vote.Kind != KindApproval || !vote.Run.Valid() {
		return nil, malformedError("a vote without a run, an actor or a maker of outcomes")
	}
	return do(ctx, l, func(t *tx) ([]Claim, error) {
		if err := t.freezeVote(vote); err != nil {
			return nil, err
		}
		return t.endClaims(vote, by, end)
	})
}

// freezeVote asks for no bytes of a verdict that is frozen: with its index they left the ledger.
func (t *tx) freezeVote(vote Record) error {
	if _, found, err := t.record(`leaf = ? AND kind = 'approval'`, vote.Leaf[:]); err != nil || found {
		return err
	}
	_, err := t.freeze(vote)
	return err
}

func (t *tx) endClaims(vote Record, by crypto.KeyID, end End) (out []Claim, err error) {
	rows, err := t.untried(vote.Run)
	if err != nil {
		return nil, err
	}
	for _, c := range rows {
		ended, err := t.endClaim(c, vote, by, end)
		if err != nil {
			return nil, err
		}
		if ended != nil {
			out = append(out, *ended)
		}
	}
	return out, nil
}

// endClaim returns nil for a claim that the vote does not stop.
func (t *tx) endClaim(c row, vote Record, by crypto.KeyID, end End) (*Claim, error) {
	outcome, err := end(c.Claim, c.Epoch+1)
	if err != nil || outcome.Leaf == [32]byte{} {
		return nil, err
	}
	if err := outcome.fits(KindOutcome, c.Receipt, c.Run); err != nil {
		return nil, err
	}
	ended, err := t.decide(c, c.Epoch+1, by, Rejected, outcome, ReasonRejected)
	if err != nil {
		return nil, err
	}
	return &ended, t.one(`UPDATE claim SET rejection = ? WHERE receipt_id = ? AND epoch = ? AND state = 'decided' AND rejection IS NULL`,
		vote.Digest[:], string(c.Receipt), ended.Epoch)
}

// ask asks a guard, as long as no attempt was counted.
func (t *tx) ask(g Guard, c Claim) error {
	if c.Attempts > 0 {
		return nil
	}
	votes, err := t.records(`run_id = ? AND run_id <> '' AND kind = 'approval' ORDER BY seq`, string(c.Run))
	if err != nil {
		return err
	}
	return g(c, votes)
}
