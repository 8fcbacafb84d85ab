package server

import (
	"context"
	"io/fs"
	"net/http"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// run is everything that is recorded of a run, opened.
type run struct {
	federation.Run
	submission claims.Record
	receipts   []issued
	advisories []stored[*receipt.Advisory]
	all        []claims.Record // in freeze order
}

// issued is one receipt envelope with what it takes to spend it.
type issued struct {
	row   claims.Record
	rec   *receipt.Record
	body  *receipt.Receipt
	op    marketops.Operation
	opKey marketops.Digest
}

type stored[B receipt.Body] struct {
	row  claims.Record
	body B
}

// loadRun reads a run. Code state-missing for one that was never submitted. Verdicts are judged
// at the time at which they were frozen; one whose key cannot be believed any more is an error,
// for it may be a veto.
func (c *Core) loadRun(ctx context.Context, id marketops.RunID) (*run, error) {
	rows, err := c.ledger.ByRun(ctx, id)
	if err != nil {
		return nil, err
	}
	f := c.active.Load()
	r := &run{all: rows}
	r.ID, r.Now = id, c.now()
	for _, row := range rows {
		if err := c.sort(f, r, row); err != nil {
			return nil, err
		}
	}
	if r.submission.Kind == "" {
		return nil, marketops.Refuse(marketops.StateMissing, "no run "+string(id)+" was submitted here")
	}
	return r, c.wanted(r)
}

func (c *Core) sort(f *activeRules, r *run, row claims.Record) error {
	switch row.Kind {
	case "submission":
		rec, err := c.reopen(f, row)
		if err != nil {
			return err
		}
		holder, err := f.trust.Admit(rec, row.FrozenAt, c.place(row))
		if err != nil {
			return err
		}
		r.submission, r.Digest, r.Submission, r.Requester = row, rec.Digest, *rec.Body.(*receipt.Submission), holder
	case "approval":
		rec, err := c.reopen(f, row)
		if err != nil {
			return err
		}
		v, err := gate.OpenVote(f.trust, rec.Envelope, row.FrozenAt, c.place(row))
		if approvalGone(rec, err) {
			return nil
		}
		if err != nil {
			return err
		}
		r.Votes = append(r.Votes, v)
	case "receipt":
		i, err := c.reopenReceipt(f, row)
		if err != nil {
			return err
		}
		r.receipts = append(r.receipts, i)
	case "advisory":
		rec, err := c.reopen(f, row)
		if err != nil {
			return err
		}
		r.advisories = append(r.advisories, stored[*receipt.Advisory]{row, rec.Body.(*receipt.Advisory)})
	}
	return nil
}

// place is where a record stands in the log, nil where it does not yet.
func (c *Core) place(row claims.Record) *log.Position {
	if row.Index == nil {
		return nil
	}
	p := c.position(*row.Index)
	return &p
}

// approvalGone reports that a verdict is an approval under a key that was revoked or retired:
// it counts no more. A veto under such a key stands in the way until the plan is made again.
func approvalGone(rec *receipt.Record, err error) bool {
	if code := marketops.CodeOf(err); code != marketops.KeyRevoked && code != marketops.KeyOutsideValidity {
		return false
	}
	a, ok := rec.Body.(*receipt.Approval)
	return ok && a.Verdict == "approve"
}

// wanted fills in the operations, and which approvals each has used up.
func (c *Core) wanted(r *run) error {
	for _, d := range r.Submission.Operations {
		op, err := c.operation(d)
		if err != nil {
			return err
		}
		w := federation.OperationState{Op: *op, Digest: d, Spent: map[marketops.Digest]bool{}}
		for _, i := range r.receipts {
			if i.body.Operation == d {
				for _, a := range i.body.Approvals {
					w.Spent[a] = true
				}
			}
		}
		r.Operations = append(r.Operations, w)
	}
	return nil
}

// latest returns the newest receipt for an operation of the run.
func (r *run) latest(op marketops.Digest) (issued, bool) {
	for _, i := range slices.Backward(r.receipts) {
		if i.body.Operation == op {
			return i, true
		}
	}
	return issued{}, false
}

func (c *Core) operation(d marketops.Digest) (*marketops.Operation, error) {
	doc, err := c.docs.read(d, marketops.MaxOperation)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "the document of operation " + d.Short() + " cannot be read", Err: err}
	}
	if marketops.DigestOf(doc) != d {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "the document of operation " + d.Short() + " was changed on disk"}
	}
	return marketops.ParseOperation(doc)
}

func (c *Core) reopenReceipt(f *activeRules, row claims.Record) (issued, error) {
	if i, ok := c.memos.receipts.get(row.Receipt); ok && i.row.Leaf == row.Leaf {
		return i, nil
	}
	rec, err := c.reopen(f, row)
	if err != nil {
		return issued{}, err
	}
	body, ok := rec.Body.(*receipt.Receipt)
	if !ok {
		return issued{}, &marketops.Failure{Code: marketops.LedgerUnavailable, What: "a " + string(rec.Body.Kind()) + " is kept as a receipt"}
	}
	op, err := c.operation(body.Operation)
	if err != nil {
		return issued{}, err
	}
	key, err := op.Key()
	i := issued{row, rec, body, *op, key}
	if err == nil && row.Index != nil {
		c.memos.receipts.put(row.Receipt, i)
	}
	return i, err
}

// receipt finds a receipt by its id. Code receipt-missing.
func (c *Core) receipt(ctx context.Context, id marketops.ReceiptID) (issued, error) {
	if i, ok := c.memos.receipts.get(id); ok {
		return i, nil
	}
	rows, err := c.ledger.ByReceipt(ctx, id)
	if err != nil {
		return issued{}, err
	}
	for _, row := range rows {
		if row.Kind == "receipt" {
			return c.reopenReceipt(c.active.Load(), row)
		}
	}
	return issued{}, marketops.Refuse(marketops.ReceiptMissing, "this Core issued no receipt "+string(id))
}

func (c *Core) getInfo(w http.ResponseWriter, _ *http.Request) error {
	f := c.active.Load()
	answer(w, http.StatusOK, api.Info{
		Core: c.opts.Config.Origin, Origin: c.opts.Config.Origin, Trust: f.trust.Version(), Policy: f.policy.Digest(),
		Version: c.opts.Version, Now: c.now(),
	})
	return nil
}

// getRun answers with every record of a run that the log holds, in log order. One that was
// erased comes without its envelope.
func (c *Core) getRun(w http.ResponseWriter, r *http.Request) error {
	id := marketops.RunID(r.PathValue("run"))
	if !id.Valid() {
		return fs.ErrNotExist
	}
	rows, err := c.ledger.ByRun(r.Context(), id)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return fs.ErrNotExist
	}
	out := api.RunRecords{Run: id}
	for _, row := range inLogOrder(rows) {
		e, err := c.entry(row)
		if err != nil {
			return err
		}
		out.Entries = append(out.Entries, e)
	}
	answer(w, http.StatusOK, out)
	return nil
}

// inLogOrder returns the records that have an index.
func inLogOrder(rows []claims.Record) (out []claims.Record) {
	for _, row := range rows {
		if row.Index != nil {
			out = append(out, row)
		}
	}
	slices.SortFunc(out, func(a, b claims.Record) int { return int(int64(*a.Index) - int64(*b.Index)) })
	return out
}
