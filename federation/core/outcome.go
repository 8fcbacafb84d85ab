package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// Outcome freezes what became of a claim, appends it and closes the claim. The same outcome
// again is answered with its place.
func (e executions) Outcome(ctx context.Context, who *federation.Caller, in api.Decided) (api.Entry, error) {
	defer e.begin()()
	rec, body, err := openFrom[*receipt.Outcome](e.rules, who, in.Envelope)
	if err != nil {
		return api.Entry{}, err
	}
	if in.Epoch != body.Epoch {
		return api.Entry{}, marketops.Refuse(marketops.OperationInFlight, fmt.Sprintf("the outcome is of epoch %d, the call of %d", body.Epoch, in.Epoch))
	}
	if err := checkTexts(body, in.Evidence, api.MaxEvidence); err != nil {
		return api.Entry{}, err
	}
	return e.decideOutcome(ctx, who, rec, body, in.Evidence)
}

func (e executions) decideOutcome(ctx context.Context, who *federation.Caller, rec *receipt.Record, body *receipt.Outcome, texts []api.Evidence) (api.Entry, error) {
	defer e.locks.share(body.RunID)()
	row, err := e.requireHeld(ctx, who, body.ReceiptID, body.Epoch)
	if err != nil {
		return api.Entry{}, err
	}
	if err := e.checkClaim(ctx, body, row); err != nil {
		return api.Entry{}, err
	}
	if err := admission(e).admit(ctx, rec); err != nil {
		return api.Entry{}, err
	}
	if row.Outcome == "" { // else it is this outcome again, or the ledger refuses it
		if err := e.keep(ctx, body.RunID, texts...); err != nil {
			return api.Entry{}, err
		}
	}
	frozen := recorder.Frozen(rec)
	if _, err := e.ledger.Decide(ctx, row.Receipt, row.Epoch, who.Key, claims.Outcome(body.Status), frozen); err != nil {
		return api.Entry{}, err
	}
	return e.records.Append(ctx, frozen, rec)
}

// checkClaim refuses an outcome of anything but this claim. Which status follows from which
// state is the ledger's to say; what a status demands of the record, the record's own.
func (e executions) checkClaim(ctx context.Context, o *receipt.Outcome, row claims.Claim) error {
	switch {
	case o.RunID != row.Run:
		return marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("the claim is of %s", row.Run))
	case o.OperationKind != row.Kind:
		return marketops.Refuse(marketops.KindMismatch, fmt.Sprintf("the claim is for %s", row.Kind))
	case o.OperationID != row.OpDigest || o.Receipt != row.ReceiptDigest:
		return marketops.Refuse(marketops.OperationMismatch, "the outcome is of another operation or receipt than the claim")
	}
	if _, known := o.Code.Info(); !known && o.Code != "" {
		return marketops.Refuse(marketops.RecordUnknown, "the outcome's code is not in the table")
	}
	if o.Intent == nil {
		return nil
	}
	index, found, err := e.newestIntent(ctx, row)
	if err != nil {
		return err
	}
	if !found || *o.Intent != e.records.Position(index) {
		return marketops.Refuse(marketops.ReceiptUnlogged, "the outcome names another intent than the newest of its receipt")
	}
	return errors.Join(e.checkSeen(o, index), e.checkEffects(ctx, o, row))
}

// checkEffects holds the outcome to the effects of its operation and to the attempts that were counted. What it adopts is
// judged on admission, as an audit would.
func (e executions) checkEffects(ctx context.Context, o *receipt.Outcome, row claims.Claim) error {
	op, err := e.runs.operation(row.OpDigest)
	if err != nil {
		return err
	}
	counts, err := e.attempts(ctx, row)
	if err != nil {
		return err
	}
	want := effects(op.Effects(), "", counts)
	same := func(a, b receipt.Effect) bool { return a.Name == b.Name && a.Attempts == b.Attempts }
	if !slices.EqualFunc(o.Effects, want, same) {
		return marketops.Refuse(marketops.OperationMismatch, fmt.Sprintf("the outcome has the effects %v, the ledger counted %v", o.Effects, want))
	}
	return nil
}

// effects are those of these names in one state, with the attempts that were counted.
func effects(names []string, state receipt.EffectState, counts api.Attempts) (out []receipt.Effect) {
	for _, name := range names {
		out = append(out, receipt.Effect{Name: name, State: state, Attempts: counts[name]})
	}
	return out
}

// checkSeen refuses a checkpoint that cannot be the one that the publisher verified before it acted.
// Whether its root is the log's is for auditors: a publisher that was shown a fork must be able
// to leave the evidence here.
func (e executions) checkSeen(o *receipt.Outcome, intent uint64) error {
	s := o.Checkpoint
	if s == nil || s.Origin != e.config.Origin || s.Size > log.MaxSize || s.Size <= int64(intent) {
		return marketops.Refuse(marketops.ReceiptUnlogged, "the outcome names no checkpoint of this log that covers its intent")
	}
	return nil
}

// newestIntent is the intent of the claim's own epoch, else the newest of an earlier one: who
// took over only to read has announced nothing.
func (e executions) newestIntent(ctx context.Context, row claims.Claim) (uint64, bool, error) {
	index, found, err := e.records.IntentIndex(ctx, row.Receipt, row.Epoch)
	if found || err != nil {
		return index, found, err
	}
	return e.records.IntentIndex(ctx, row.Receipt, 0)
}
