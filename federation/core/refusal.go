package core

import (
	"context"
	"errors"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/receipt"
)

// refusals records what was refused.
type refusals struct{ *parts }

// record records that the Core refused the caller, and returns the refusal. Failures are not
// refusals and leave no record. What cannot be recorded is said in the Core's own log; the
// answer stays the same.
func (r refusals) record(ctx context.Context, who *federation.Caller, about issue.Refused, err error) error {
	code := marketops.CodeOf(err)
	if !isRefusal(err) || code == "" {
		return err
	}
	if !r.rates.allow(who.Key, r.now()) {
		r.log.Warn("refusal not recorded: too many by this key", "key", string(who.Key), "code", string(code))
		return err
	}
	if about.Run != "" && !about.Run.Valid() {
		about.Run = ""
	}
	if about.Receipt != "" && !about.Receipt.Valid() {
		about.Receipt = ""
	}
	about.Request, about.Code, about.Text = who.Request, code, api.Outward(err).Error()
	if lost := r.recordRefusal(ctx, about); lost != nil {
		r.log.Error("refusal not recorded", "code", string(code), "error", lost)
	}
	return err
}

func isRefusal(err error) bool {
	var refusal *marketops.Refusal
	var failure *marketops.Failure
	return errors.As(err, &refusal) && !errors.As(err, &failure)
}

func (r refusals) recordRefusal(ctx context.Context, about issue.Refused) error {
	rec, ev, err := r.issuer.Refusal(about)
	if err != nil {
		return err
	}
	if err := r.conditions.requireDisk(); err != nil {
		return err
	}
	if err := r.keep(ctx, about.Run, api.Evidence(ev)); err != nil {
		return err
	}
	defer r.locks.share(about.Run)()
	_, err = r.records.Record(ctx, rec)
	return err
}

// Refuse takes what a publisher's gate refused.
func (r refusals) Refuse(ctx context.Context, who *federation.Caller, in api.Decided) (api.Entry, error) {
	defer r.begin()()
	rec, body, err := openFrom[*receipt.Refusal](r.rules, who, in.Envelope)
	if err != nil {
		return api.Entry{}, err
	}
	if err := checkTexts(body, in.Evidence); err != nil {
		return api.Entry{}, err
	}
	if _, known := body.Code.Info(); !known {
		return api.Entry{}, marketops.Refuse(marketops.RecordUnknown, "the refusal's code is not in the table")
	}
	if err := admission(r).requireTimely(rec, 0); err != nil {
		return api.Entry{}, err
	}
	if !r.rates.allow(who.Key, r.now()) {
		return api.Entry{}, marketops.Refuse(marketops.LimitReached, "too many refusals by this key within a minute")
	}
	if err := r.conditions.requireDisk(); err != nil {
		return api.Entry{}, err
	}
	if err := r.keep(ctx, recorder.Frozen(rec).Run, in.Evidence...); err != nil {
		return api.Entry{}, err
	}
	defer r.locks.share(recorder.Frozen(rec).Run)()
	return r.records.Record(ctx, rec)
}

// Bounds of the refusals that one key may have recorded.
const (
	refusalsPerMinute = 60
	maxRated          = crypto.MaxKeys
)

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
	if len(r.count) >= maxRated || r.count[key] >= refusalsPerMinute {
		return false
	}
	r.count[key]++
	return true
}
