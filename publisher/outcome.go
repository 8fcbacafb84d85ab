package publisher

import (
	"context"
	"errors"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt"
)

// judge turns what the port found into an outcome, or into none: an operation that stopped because
// GitHub or the Core could not be reached stays open. An [*marketops.Unknown] is never a failure,
// whatever failure is its cause.
func (a *attempt) judge(ev Evidence, err error) (*receipt.Outcome, receipt.Status) {
	if isTransient(err) {
		return nil, Open
	}
	effects := a.effects(ev)
	status := a.status(effects, err)
	pos := a.intent.Position
	return &receipt.Outcome{OperationID: a.receipt.Operation, RunID: a.job.Run, ReceiptID: a.receipt.ReceiptID, Receipt: a.record.Digest,
		OperationKind: a.receipt.OperationKind, Epoch: a.claim.Epoch, Intent: &pos, Status: status, Effects: effects,
		Code: outcomeCode(status, err), RetryCount: ev.Retries, GitHub: ev.GitHub,
		Checkpoint: &receipt.CheckpointRef{Origin: a.seen.Origin, Size: int64(a.seen.Size), Root: a.seen.Root}}, status
}

// status says how an operation ended. Where everything is on GitHub, what went wrong besides is no failure of it.
// Where nothing was tried and nothing is there, the receipt is given up and uses up no approval.
func (a *attempt) status(effects []receipt.Effect, err error) receipt.Status {
	var failure *marketops.Failure
	var lost *marketops.Unknown
	complete := !slices.ContainsFunc(effects, isNotThere)
	switch {
	case slices.ContainsFunc(effects, isUnknown) || errors.As(err, &lost):
		return receipt.Unknown
	case err == nil && complete:
		return receipt.Success
	case complete && errors.Is(err, marketops.RefMoved): // the release is published, and on another tag than the bound one
		return receipt.Failed
	case complete || !errors.As(err, &failure):
		return receipt.Unknown
	case !a.tried() && !slices.ContainsFunc(effects, receipt.Effect.IsThere):
		return receipt.Rejected
	}
	return receipt.Failed
}

// effects are those of the operation as they were found, with the attempts that the ledger counted.
func (a *attempt) effects(ev Evidence) []receipt.Effect { return effectsOf(a.job.Op, a.claim, ev) }

// effectsOf are the effects of an operation by what the ledger counted of them and by what was found.
func effectsOf(op marketops.Operation, claim api.ClaimState, ev Evidence) (out []receipt.Effect) {
	for _, name := range op.Effects() {
		seen := receipt.EffectUnknown
		if i := slices.IndexFunc(ev.Effects, func(e receipt.Effect) bool { return e.Name == name }); i >= 0 {
			seen = ev.Effects[i].State
		}
		e := receipt.Effect{Name: name, State: seen, Attempts: claim.Attempts[name]}
		switch made := earlier(claim, name); {
		case seen == receipt.EffectAbsent && made != nil && made.There: // gone, and a request of the earlier receipt may bring it back
			e.State = receipt.EffectUnknown
		case e.Attempts == 0:
			e.State, e.Earlier = untried(made, seen)
		}
		out = append(out, e)
	}
	return out
}

// untried is the state of an effect that was not tried under this receipt: it is there only if an earlier one made it.
// Where nothing was seen, the outcome of that receipt says whether it is.
func untried(made *api.Earlier, seen receipt.EffectState) (receipt.EffectState, *marketops.Digest) {
	switch {
	case made == nil || seen == receipt.EffectAbsent:
		return receipt.EffectAbsent, nil
	case seen == receipt.EffectApplied || made.There:
		return receipt.EffectAdopted, &made.Receipt
	}
	return receipt.EffectUnknown, nil
}

// earlier returns what an earlier receipt tried of an effect, or nil.
func earlier(claim api.ClaimState, name string) *api.Earlier {
	i := slices.IndexFunc(claim.Earlier, func(e api.Earlier) bool { return e.Effect == name })
	if i < 0 {
		return nil
	}
	return &claim.Earlier[i]
}

// isTransient reports whether an error says nothing about the operation: trying again under the same
// receipt continues where it stopped, and an outcome would only use the receipt up. An epoch that
// was overtaken has no say any more.
func isTransient(err error) bool {
	return errors.Is(err, errNoLease) || errors.Is(err, context.Canceled) ||
		slices.ContainsFunc(transientCodes, func(c marketops.Code) bool { return errors.Is(err, c) })
}

var transientCodes = []marketops.Code{
	marketops.GitHubUnreachable, marketops.GitHubRateLimited, marketops.TokenMissing, marketops.DiskFull,
	marketops.CoreUnreachable, marketops.LedgerUnavailable, marketops.LogUnavailable, marketops.OperationInFlight,
	marketops.RejectedByApprover, // an honest Core says so only before anything was sent
}

func isNotThere(e receipt.Effect) bool { return !e.IsThere() }
func isUnknown(e receipt.Effect) bool  { return e.State == receipt.EffectUnknown }

func outcomeCode(status receipt.Status, err error) marketops.Code {
	if status == receipt.Success {
		return ""
	}
	if c := marketops.CodeOf(err); c != "" {
		return c
	}
	return marketops.OutcomeUnknown
}

// decide is S7 and S8: freeze, append, and see it in a published checkpoint.
func (a *attempt) decide(ctx context.Context, body *receipt.Outcome, ev Evidence, cause error) (api.Entry, error) {
	var err error
	if body.Header, err = receipt.NewHeaderAfter(a.Random, a.Now(), a.announced); err != nil {
		return api.Entry{}, err
	}
	d := api.Decided{Epoch: a.claim.Epoch}
	body.Error = attach(&d, body.Header, errorText(cause))
	body.Response = attach(&d, body.Header, ev.Answer)
	rec, err := receipt.Seal(body, a.Signer)
	if err != nil {
		return api.Entry{}, err
	}
	d.Envelope = rec.Envelope
	if err := a.Outbox.Keep("outcome", d); err != nil {
		return api.Entry{}, err
	}
	entry, err := a.Core.Outcome(ctx, d)
	if err != nil {
		return api.Entry{}, err
	}
	a.tell(a.job, "S7 decided", string(body.Status))
	return entry, a.confirm(ctx, rec, entry)
}

// confirm sees a record of our own in a published checkpoint.
func (p *Publisher) confirm(ctx context.Context, rec *receipt.Record, entry api.Entry) error {
	if err := p.prove(ctx, Record{rec, entry}); err != nil {
		return err
	}
	return p.Outbox.Done(rec.Digest)
}

// attach adds a text to the evidence and returns its salted name, zero for no text.
func attach(d *api.Decided, h receipt.Header, text []byte) marketops.Digest {
	if len(text) == 0 {
		return marketops.Digest{}
	}
	name := h.Salted(text)
	d.Evidence = append(d.Evidence, api.Evidence{Digest: name, Text: text})
	return name
}

func errorText(err error) []byte {
	if err == nil {
		return nil
	}
	return []byte(err.Error())
}
