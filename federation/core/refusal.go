package core

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/receipt"
)

// refusals records what was refused.
type refusals struct{ *parts }

// recordTimeout bounds the record of a refusal. A caller that goes away does not end it.
const recordTimeout = 10 * time.Second

// Refused records that the Core refused a call: in is the body of the call, or nil. Failures are not
// refusals and leave no record. What is not recorded, because the caller's share is used up or it cannot be, is
// said in the Core's own log; the answer stays the same.
func (r refusals) Refused(ctx context.Context, who *federation.Caller, in any, err error) {
	code := marketops.CodeOf(err)
	if !isRefusal(err) || code == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	defer r.begin()()
	about, lost := r.about(ctx, in)
	about.Request, about.Code, about.Text = who.Request, code, wordsOf(who, err)
	if lost == nil {
		lost = r.recordRefusal(ctx, who, about)
	}
	if lost != nil && r.unrecorded.allow(who.Key, r.now()) {
		r.log.Warn("refusal not recorded", "by", who.Name, "key", string(who.Key), "code", string(code), "error", lost)
	}
}

// wordsOf is the text of a refusal: why, and the signed request, which shows whom it refused.
func wordsOf(who *federation.Caller, err error) string {
	return fmt.Sprintf("%.*s\nby %s, key %s\nsigned request %s\n", federation.ReasonBytes, api.Outward(err).Error(),
		federation.ShareOf(who.Holder), who.Key, base64.StdEncoding.EncodeToString(who.Envelope))
}

func isRefusal(err error) bool {
	var refusal *marketops.Refusal
	var failure *marketops.Failure
	return errors.As(err, &refusal) && !errors.As(err, &failure)
}

func (r refusals) recordRefusal(ctx context.Context, who *federation.Caller, about issue.Refused) error {
	if !r.rates.allow(who.Key, r.now()) {
		return tooManyError
	}
	rec, ev, err := r.issuer.Refusal(about)
	if err != nil {
		return err
	}
	row := counted(rec, refusedShare(who.Holder), sharesOfRefusal(federation.RefusalsPerRun, federation.RefusalsPerDay)...)
	if err := errors.Join(r.ledger.RequireShares(ctx, row), r.conditions.requireDisk()); err != nil {
		return err
	}
	if err := r.keep(ctx, about.Run, api.Evidence(ev)); err != nil {
		return err
	}
	defer r.locks.share(about.Run)()
	_, err = r.records.RecordAs(ctx, row, rec)
	return err
}

// about names the run, receipt and operation of a call, as far as this Core knows them: no caller invents runs.
func (r refusals) about(ctx context.Context, in any) (issue.Refused, error) {
	out := r.named(in)
	if out.Receipt.Valid() {
		i, err := r.runs.receipt(ctx, out.Receipt)
		switch {
		case err == nil && (out.Run == "" || out.Run == i.body.RunID):
			return issue.Refused{Run: i.body.RunID, Receipt: out.Receipt, Operation: i.body.Operation, Kind: i.body.OperationKind}, nil
		case err != nil && !isRefusal(err):
			return issue.Refused{}, err
		case err != nil:
			out.Receipt = ""
		}
	}
	if !out.Run.Valid() {
		return issue.Refused{Receipt: out.Receipt}, nil
	}
	rows, err := r.ledger.ForVote(ctx, out.Run, "")
	if err != nil || len(rows) == 0 {
		return issue.Refused{Receipt: out.Receipt}, err
	}
	return issue.Refused{Run: out.Run, Receipt: out.Receipt}, nil
}

// named reads what a call says that it is about. Of a record only one that a known key signed says anything.
func (r refusals) named(in any) issue.Refused {
	switch in := in.(type) {
	case api.Submit:
		return r.namedBy(in.Envelope)
	case api.Envelope:
		return r.namedBy(in.Envelope)
	case api.Decided:
		return r.namedBy(in.Envelope)
	case api.Run:
		return issue.Refused{Run: in.Run}
	case api.ClaimWanted:
		return issue.Refused{Run: in.Run, Receipt: in.Receipt}
	case api.Fence:
		return issue.Refused{Receipt: in.Receipt}
	case api.Renewal:
		return issue.Refused{Receipt: in.Receipt}
	case api.Effect:
		return issue.Refused{Receipt: in.Receipt}
	case api.Revoke:
		return issue.Refused{Receipt: in.Receipt}
	}
	return issue.Refused{}
}

func (r refusals) namedBy(envelope []byte) issue.Refused {
	rec, err := receipt.Open(envelope, r.rules.active.Load().trust.Ring())
	if err != nil {
		return issue.Refused{}
	}
	refs := rec.Body.Refs()
	return issue.Refused{Run: refs.Run, Receipt: refs.Receipt}
}

// Refuse takes what a publisher's gate refused.
func (r refusals) Refuse(ctx context.Context, who *federation.Caller, in api.Decided) (api.Entry, error) {
	defer r.begin()()
	rec, body, err := openFrom[*receipt.Refusal](r.rules, who, in.Envelope)
	if err != nil {
		return api.Entry{}, err
	}
	if err := checkTexts(body, in.Evidence, federation.RefusalTextBytes); err != nil {
		return api.Entry{}, err
	}
	if _, known := body.Code.Info(); !known {
		return api.Entry{}, marketops.Refuse(marketops.RecordUnknown, "the refusal's code is not in the table")
	}
	if err := admission(r).requireTimely(rec, 0); err != nil {
		return api.Entry{}, err
	}
	if !r.rates.allow(who.Key, r.now()) {
		return api.Entry{}, tooManyError
	}
	row := counted(rec, federation.ShareOf(who.Holder), sharesOfRefusal(federation.HandedInPerRun, federation.HandedInPerDay)...)
	if err := errors.Join(r.ledger.RequireShares(ctx, row), r.conditions.requireDisk()); err != nil {
		return api.Entry{}, err
	}
	if err := r.keep(ctx, row.Run, in.Evidence...); err != nil {
		return api.Entry{}, err
	}
	defer r.locks.share(row.Run)()
	return r.records.RecordAs(ctx, row, rec)
}

var tooManyError = marketops.Refuse(marketops.LimitReached, "too many refusals by this key within a minute")

// maxRated is how many keys are counted within a minute.
const maxRated = crypto.MaxKeys

// rates counts what each key had recorded in the current minute.
type rates struct {
	mu     sync.Mutex
	minute marketops.Time
	count  map[crypto.KeyID]int
}

func (r *rates) allow(key crypto.KeyID, now marketops.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := now / 60; r.count == nil || m != r.minute {
		r.minute, r.count = m, map[crypto.KeyID]int{}
	}
	if len(r.count) >= maxRated || r.count[key] >= federation.RefusalsPerMinute {
		return false
	}
	r.count[key]++
	return true
}
