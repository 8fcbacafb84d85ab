package publisher

import (
	"context"
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
)

// claimNote is the journal's memory that this run directory won a claim of a receipt.
const claimNote = "claim"

// attempt is one epoch of one receipt on its way from S1 to S8.
type attempt struct {
	*Publisher
	job     *Job
	record  *receipt.Record
	receipt *receipt.Receipt
	claim   api.ClaimState

	claimEntry api.Entry
	intent     api.Entry
	announced  marketops.Time  // the date of the intent
	seen       *log.Checkpoint // at S3

	interrupt         context.Context // ends when a person wants to stop
	unlessInterrupted func() bool     // lets the work go on through an interrupt; false if one came before
	finishing         bool            // something may be visible: it is brought to its end
	silence           func() bool     // no interrupt is spoken of any more
}

func (p *Publisher) newAttempt(j *Job, record *receipt.Record) *attempt {
	return &attempt{Publisher: p, job: j, record: record, receipt: record.Body.(*receipt.Receipt)}
}

func (a *attempt) fence() api.Fence {
	return api.Fence{Receipt: a.receipt.ReceiptID, Epoch: a.claim.Epoch}
}

// prepare is S1 to S3. If it fails nothing was sent to GitHub by this epoch.
func (a *attempt) prepare(ctx context.Context) error {
	if err := a.claimReceipt(ctx); err != nil {
		return err
	}
	if err := a.job.Journal.Record(claimNote, string(a.receipt.ReceiptID)); err != nil {
		return err
	}
	a.tell(a.job, "S2 intent", fmt.Sprintf("epoch %d", a.claim.Epoch))
	if err := a.declare(ctx); err != nil {
		return err
	}
	if known := a.Trust.Log(); known.Witnessed() {
		a.tell(a.job, "S3 waiting", "for a checkpoint that "+known.Quorum()+" witnesses cosigned")
	}
	if err := a.awaitIntent(ctx); err != nil {
		return err
	}
	a.tell(a.job, "S3 published", fmt.Sprintf("claim and intent are in the log, intent is leaf %d", a.intent.Position.Index))
	return nil
}

// claimReceipt is S1: one signed request, and the ledger's primary key decides every race.
func (a *attempt) claimReceipt(ctx context.Context) error {
	a.tell(a.job, "S1 claim", string(a.receipt.ReceiptID))
	claimed, err := a.Core.Claim(ctx, a.claimRequest(a.job, a.receipt))
	if err != nil {
		return err
	}
	a.claim, a.claimEntry = claimed.Claim, claimed.Entry
	if a.claim.State != api.StateClaimed && a.claim.State != api.StateExecuting {
		return marketops.Refuse(marketops.Consumed, fmt.Sprintf("the claim is %.20q: its outcome is for the Core to bring into the log", a.claim.State))
	}
	if a.claim.Owner != a.Signer.Public().ID() {
		return marketops.Refuse(marketops.OperationInFlight, "the claim belongs to another publisher")
	}
	return nil
}

// declare is S2: the intent names the claim, so the claim is in the log before it.
func (a *attempt) declare(ctx context.Context) error {
	claim, err := a.openClaim()
	if err != nil {
		return err
	}
	head, err := receipt.NewHeaderAfter(a.Random, a.Now(), claim.Body.Issued())
	if err != nil {
		return err
	}
	a.announced = head.IssuedAt
	body := &receipt.Intent{Header: head, RunID: a.job.Run, ReceiptID: a.receipt.ReceiptID, Claim: claim.Digest,
		Receipt: a.record.Digest, Operation: a.receipt.Operation, Epoch: a.claim.Epoch}
	rec, err := receipt.Seal(body, a.Signer)
	if err != nil {
		return err
	}
	a.intent, err = a.Core.Intent(ctx, rec.Envelope)
	if err == nil && a.intent.Leaf != rec.LeafHash() {
		err = marketops.Refuse(marketops.LeafMismatch, "the Core answered for another intent")
	}
	return err
}

// openClaim opens the ledger's claim record and checks that it is about this epoch of this receipt.
func (a *attempt) openClaim() (*receipt.Record, error) {
	rec, _, err := a.Trust.Open(a.claimEntry.Envelope, a.Now(), &a.claimEntry.Position)
	if err != nil {
		return nil, err
	}
	c, ok := rec.Body.(*receipt.Claim)
	if !ok || c.Receipt != a.record.Digest || c.Operation != a.receipt.Operation || c.Epoch != a.claim.Epoch ||
		c.Publisher != a.Signer.Public().ID() || rec.LeafHash() != a.claimEntry.Leaf {
		return nil, marketops.Refuse(marketops.LeafMismatch, "the ledger's claim record is not about this receipt, epoch and publisher")
	}
	return rec, nil
}

// awaitIntent is S3: one checkpoint, verified by this publisher, covers claim and intent.
// GitHub is not called and its credential is not read before this has returned nil.
func (a *attempt) awaitIntent(ctx context.Context) error {
	tree, err := a.Log.Covering(ctx, max(a.claimEntry.Position.Index, a.intent.Position.Index))
	if err != nil {
		return err
	}
	a.seen = tree.Checkpoint()
	_, claimed := view.ProveIn(tree, a.claimEntry.Leaf, a.claimEntry.Position)
	_, intended := view.ProveIn(tree, a.intent.Leaf, a.intent.Position)
	return errors.Join(claimed, intended)
}
