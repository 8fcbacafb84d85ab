package server

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// outcome freezes what became of a claim, appends it and closes the claim. The same outcome
// again is answered with its place.
func (c *Core) outcome(ctx context.Context, who *caller, in api.Decided) (api.Entry, error) {
	rec, err := c.openFrom(who, in.Envelope, "outcome")
	if err != nil {
		return api.Entry{}, err
	}
	body := rec.Body.(*receipt.Outcome)
	if in.Epoch != body.Epoch {
		return api.Entry{}, marketops.Refuse(marketops.OperationInFlight, fmt.Sprintf("the outcome is of epoch %d, the call of %d", body.Epoch, in.Epoch))
	}
	if err := checkTexts(body.Header, in.Evidence, body.Error, body.Response); err != nil {
		return api.Entry{}, err
	}
	return c.decideOutcome(ctx, who, rec, body, in.Evidence)
}

func (c *Core) decideOutcome(ctx context.Context, who *caller, rec *receipt.Record, body *receipt.Outcome, texts []api.Evidence) (api.Entry, error) {
	lock := c.runs.of(body.RunID)
	lock.RLock()
	defer lock.RUnlock()
	row, err := c.held(ctx, who, body.ReceiptID, body.Epoch)
	if err != nil {
		return api.Entry{}, err
	}
	if err := c.fitsClaim(ctx, rec, body, row); err != nil {
		return api.Entry{}, err
	}
	if err := c.keep(texts); err != nil {
		return api.Entry{}, err
	}
	frozen := frozenForm(rec)
	if _, err := c.ledger.Decide(ctx, row.Receipt, row.Epoch, who.key, claims.Outcome(body.Status), frozen); err != nil {
		return api.Entry{}, err
	}
	return c.append(ctx, frozen, rec)
}

// fitsClaim refuses an outcome of anything but this claim. Which status follows from which
// state is the ledger's to say; what a status demands of the record, the record's own.
func (c *Core) fitsClaim(ctx context.Context, rec *receipt.Record, o *receipt.Outcome, row claims.Claim) error {
	switch {
	case o.RunID != row.Run:
		return marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("the claim is of %s", row.Run))
	case o.OperationKind != row.Kind:
		return marketops.Refuse(marketops.KindMismatch, fmt.Sprintf("the claim is for %s", row.Kind))
	case o.OperationID != row.OpDigest || rec.About() != row.OpDigest || o.Receipt != row.ReceiptDigest:
		return marketops.Refuse(marketops.OperationMismatch, "the outcome is of another operation or receipt than the claim")
	}
	if _, known := o.Code.Info(); !known && o.Code != "" {
		return marketops.Refuse(marketops.RecordUnknown, "the outcome's code is not in the table")
	}
	if o.Intent == nil {
		return nil
	}
	index, found, err := c.newestIntent(ctx, row)
	if err != nil {
		return err
	}
	if !found || *o.Intent != c.position(index) {
		return marketops.Refuse(marketops.ReceiptUnlogged, "the outcome names another intent than the newest of its receipt")
	}
	return c.saw(o, index)
}

// saw refuses a checkpoint that cannot be the one that the publisher verified before it acted.
// Whether its root is the log's is for auditors: a publisher that was shown a fork must be able
// to leave the evidence here.
func (c *Core) saw(o *receipt.Outcome, intent uint64) error {
	s := o.Checkpoint
	if s == nil || s.Origin != c.opts.Config.Origin || s.Size > log.MaxSize || s.Size <= int64(intent) {
		return marketops.Refuse(marketops.ReceiptUnlogged, "the outcome names no checkpoint of this log that covers its intent")
	}
	return nil
}
