package publisher

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt"
)

// maxWaiting is how many files an outbox may hold, and maxDecided how many bytes one may have: as many as the Core
// takes.
const (
	maxWaiting = 10_000
	maxDecided = api.MaxBody
)

// Outbox keeps records that the Core has not confirmed yet. Dir is a folder of the run folder, which it never
// leaves; every file is "<kind>-<record digest>.json" and holds one [api.Decided]. What it holds is shown as
// "not yet recorded" and is handed over first at the next contact. It decides nothing: the Core opens and
// judges each record as if it had just been made. Anything in its way that is no regular file is refused,
// file-unsafe, and left as it is.
type Outbox struct{ Dir string }

// Keep writes a record durably before it is handed over.
func (o Outbox) Keep(kind string, d api.Decided) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	err = o.in(func(root *os.Root, dir string) error {
		return regular.Write(root, path.Join(dir, kind+"-"+envelopeName(d)+".json"), b)
	})
	switch {
	case errors.Is(err, marketops.FileUnsafe):
		return o.refused("", err)
	case err != nil:
		return diskFull(err)
	}
	return nil
}

func diskFull(err error) error {
	return &marketops.Failure{Code: marketops.DiskFull, What: "a record cannot be kept", Err: err}
}

// in opens the run folder; dir is the outbox in it.
func (o Outbox) in(do func(root *os.Root, dir string) error) error {
	root, err := os.OpenRoot(filepath.Dir(o.Dir))
	if err != nil {
		return err
	}
	return errors.Join(do(root, filepath.Base(o.Dir)), root.Close())
}

// refused names the file of the outbox that is in the way.
func (o Outbox) refused(name string, err error) error {
	if !errors.Is(err, marketops.FileUnsafe) {
		return err
	}
	return marketops.RefuseErr(marketops.FileUnsafe, filepath.Join(o.Dir, name), err)
}

// Done drops a record that stands in the log.
func (o Outbox) Done(record marketops.Digest) error {
	names, err := o.names()
	for _, n := range names {
		if strings.HasSuffix(n, "-"+record.Hex()+".json") {
			err = errors.Join(err, o.in(func(root *os.Root, dir string) error { return root.Remove(path.Join(dir, n)) }))
		}
	}
	return err
}

// names returns the files that wait. None is opened, and an outbox that is a link is refused.
func (o Outbox) names() (out []string, err error) {
	var entries []fs.DirEntry
	err = o.in(func(root *os.Root, dir string) (err error) {
		entries, err = regular.Entries(root, dir, maxWaiting)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, o.refused("", err)
}

// read reads a record that waits.
func (o Outbox) read(name string) (b []byte, err error) {
	err = o.in(func(root *os.Root, dir string) (err error) {
		b, err = regular.Read(root, path.Join(dir, name), maxDecided)
		return err
	})
	return b, o.refused(name, err)
}

// setAside keeps a record that the Core does not take, under a name that is not handed over.
func (o Outbox) setAside(name string) error {
	return o.in(func(root *os.Root, dir string) error {
		return root.Rename(path.Join(dir, name), path.Join(dir, name+".refused"))
	})
}

// Pending returns how many records wait.
func (o Outbox) Pending() int { n, _ := o.names(); return len(n) }

// Flush hands over what waits, and lets go of what it then sees in a published checkpoint. A record
// that the Core refuses for good (its epoch was overtaken) is set aside with the suffix ".refused",
// never lost; one that the Core does not take now, or has not logged, stays. A refusal that is
// above a limit of the Core stays too, and the others are handed over all the same.
func (p *Publisher) Flush(ctx context.Context) error {
	names, err := p.Outbox.names()
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := p.flush(ctx, n, strings.HasPrefix(n, "outcome-")); err != nil {
			return err
		}
	}
	return nil
}

// retryCodes are the Core's refusals that are about the moment or the call, not about the record. By a
// clock that is off, good keys are outside their validity.
var retryCodes = []marketops.Code{
	marketops.LimitReached, marketops.DiskFull, marketops.LogUnavailable, marketops.ClockUnsure,
	marketops.NotYetValid, marketops.Expired, marketops.Stale, marketops.KeyOutsideValidity,
}

func (p *Publisher) flush(ctx context.Context, name string, outcome bool) error {
	b, err := p.Outbox.read(name)
	if err != nil {
		return err
	}
	var d api.Decided
	if err := json.Unmarshal(b, &d, json.RejectUnknownMembers(true)); err != nil {
		return p.Outbox.setAside(name)
	}
	hand := p.Core.Refuse
	if outcome {
		hand = p.Core.Outcome
	}
	entry, err := hand(ctx, d)
	if p.isRefusedForGood(ctx, d, err) {
		return p.Outbox.setAside(name)
	}
	if !outcome && errors.Is(err, marketops.LimitReached) {
		return nil // it waits, and keeps nothing else from being published
	}
	if err != nil {
		return err
	}
	rec, err := receipt.Open(d.Envelope, p.Trust.Ring())
	if err != nil {
		return err
	}
	return p.confirm(ctx, rec, entry)
}

func (p *Publisher) isRefusedForGood(ctx context.Context, d api.Decided, err error) bool {
	var refused *marketops.Refusal
	switch {
	case !errors.As(err, &refused):
		return false
	case refused.Code == marketops.Expired: // of the call, or of the receipt that the ledger ended
		return p.isOvertaken(ctx, d)
	}
	return !slices.Contains(retryCodes, refused.Code)
}

// isOvertaken reports whether a refused record is an outcome of a receipt that has another one.
func (p *Publisher) isOvertaken(ctx context.Context, d api.Decided) bool {
	rec, err := receipt.Open(d.Envelope, p.Trust.Ring())
	if err != nil {
		return false
	}
	o, ok := rec.Body.(*receipt.Outcome)
	if !ok {
		return false
	}
	state, err := p.Core.ClaimState(ctx, o.ReceiptID)
	return err == nil && (state.State == api.StateDecided || state.State == api.StateClosed)
}

// Refuse signs and hands over the record of a refusal; what cannot be handed over waits in the
// outbox. The entry is zero then.
func (p *Publisher) Refuse(ctx context.Context, g *Gated) (api.Entry, error) {
	rec, d, err := p.sealRefusal(g)
	if err != nil {
		return api.Entry{}, err
	}
	return p.handOver(ctx, rec, d)
}

func (p *Publisher) handOver(ctx context.Context, rec *receipt.Record, d api.Decided) (api.Entry, error) {
	if err := p.Outbox.Keep("refusal", d); err != nil {
		return api.Entry{}, err
	}
	entry, err := p.Core.Refuse(ctx, d)
	if err != nil {
		return api.Entry{}, err
	}
	return entry, p.confirm(ctx, rec, entry)
}

// RefuseRun is [Publisher.Refuse] of a whole run that was refused before its operations could be
// gated: its parts do not fit together. run is what the folder says that it is, and may be empty; plan is
// the digest of its plan.json as it stands.
func (p *Publisher) RefuseRun(ctx context.Context, run marketops.RunID, plan marketops.Digest, why *marketops.Refusal) (api.Entry, error) {
	head, err := p.newHeader()
	if err != nil {
		return api.Entry{}, err
	}
	if plan.IsZero() {
		plan = marketops.DigestOf(nil)
	}
	if !run.Valid() {
		run = ""
	}
	body := &receipt.Refusal{Header: head, RunID: string(run), Request: plan, Code: why.Code}
	var d api.Decided
	body.Evidence = attach(&d, head, []byte(why.Error()))
	rec, err := receipt.Seal(body, p.Signer)
	if err != nil {
		return api.Entry{}, err
	}
	d.Envelope = rec.Envelope
	return p.handOver(ctx, rec, d)
}

func (p *Publisher) sealRefusal(g *Gated) (*receipt.Record, api.Decided, error) {
	head, err := p.newHeader()
	if err != nil {
		return nil, api.Decided{}, err
	}
	r := g.Refusal()
	if r == nil {
		return nil, api.Decided{}, marketops.Refuse(marketops.NothingToVerify, "nothing was refused")
	}
	body := &receipt.Refusal{Header: head, RunID: string(g.Job.Run), OperationKind: g.Job.Op.Kind, Code: r.Code}
	for _, c := range r.Checks {
		body.Checks = append(body.Checks, receipt.CheckResult{Code: c.Code, Status: c.Status})
	}
	// An operation document that is not valid has no digest; the request's stands for it.
	body.OperationID, _ = g.Job.Op.Digest()
	if body.Request = body.OperationID; body.Request.IsZero() {
		body.Request = marketops.DigestOf([]byte(g.Job.Run))
	}
	if given := p.receiptOf(g.Job); given != nil {
		body.ReceiptID = string(given.ReceiptID)
	}
	var d api.Decided
	body.Evidence = attach(&d, head, []byte(r.Error()))
	rec, err := receipt.Seal(body, p.Signer)
	if err != nil {
		return nil, d, err
	}
	d.Envelope = rec.Envelope
	return rec, d, nil
}

// envelopeName is the digest of the record inside, read without judging it: it only names a file.
func envelopeName(d api.Decided) string { return receipt.NameUnverified(d.Envelope).Hex() }
