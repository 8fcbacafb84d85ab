package server

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/receipt"
)

func refusedRun(id marketops.RunID) issue.Refused { return issue.Refused{Run: id} }

// refused records that the Core refused the caller, and returns the refusal. Failures are not
// refusals and leave no record. What cannot be recorded is said in the Core's own log; the
// answer stays the same.
func (c *Core) refused(ctx context.Context, who *caller, about issue.Refused, err error) error {
	code := marketops.CodeOf(err)
	if !isRefusal(err) || code == "" {
		return err
	}
	if !c.rates.allow(who.key, c.now()) {
		c.log.Warn("a refusal is not recorded: too many by this key", "key", string(who.key), "code", string(code))
		return err
	}
	if about.Run != "" && !about.Run.Valid() {
		about.Run = ""
	}
	if about.Receipt != "" && !about.Receipt.Valid() {
		about.Receipt = ""
	}
	about.Request, about.Code, about.Text = who.request.Digest, code, outward(err).Error()
	if lost := c.recordRefusal(ctx, about); lost != nil {
		c.log.Error("a refusal could not be recorded", "code", string(code), "error", lost)
	}
	return err
}

func isRefusal(err error) bool {
	var refusal *marketops.Refusal
	var failure *marketops.Failure
	return errors.As(err, &refusal) && !errors.As(err, &failure)
}

func (c *Core) recordRefusal(ctx context.Context, about issue.Refused) error {
	rec, ev, err := c.mint.Refusal(about)
	if err != nil {
		return err
	}
	if err := c.requireDisk(); err != nil {
		return err
	}
	if err := c.texts.put(ev.Digest, ev.Text); err != nil {
		return err
	}
	lock := c.runs.of(about.Run)
	lock.RLock()
	defer lock.RUnlock()
	_, err = c.freezeAndAppend(ctx, rec)
	return err
}

// refusal takes what a publisher's gate refused.
func (c *Core) refusal(ctx context.Context, who *caller, in api.Decided) (api.Entry, error) {
	rec, err := c.openFrom(who, in.Envelope, "refusal")
	if err != nil {
		return api.Entry{}, err
	}
	body := rec.Body.(*receipt.Refusal)
	if err := checkTexts(body.Header, in.Evidence, body.Evidence); err != nil {
		return api.Entry{}, err
	}
	if _, known := body.Code.Info(); !known {
		return api.Entry{}, marketops.Refuse(marketops.RecordUnknown, "the refusal's code is not in the table")
	}
	if !c.rates.allow(who.key, c.now()) {
		return api.Entry{}, marketops.Refuse(marketops.LimitReached, "too many refusals by this key within a minute")
	}
	if err := c.requireDisk(); err != nil {
		return api.Entry{}, err
	}
	if err := c.keep(in.Evidence); err != nil {
		return api.Entry{}, err
	}
	lock := c.runs.of(frozenForm(rec).Run)
	lock.RLock()
	defer lock.RUnlock()
	return c.freezeAndAppend(ctx, rec)
}
