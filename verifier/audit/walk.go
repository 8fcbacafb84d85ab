package audit

import (
	"fmt"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
)

// portion is how many entries one worker opens in a row, and ahead how many portions for each
// worker may wait to be judged. Together they bound what is held of the records.
const (
	portion = 16
	ahead   = 4
)

// batch is a portion on its way: read in order, opened by whoever is free, judged in order.
type batch struct {
	items  []item
	opened chan struct{} // closed when all are
}

// walk takes every entry that was not taken before. Opening, which is nearly all of the work, is
// spread over the workers; judging happens here and in order.
func (a *audit) walk() {
	size := a.tree.Checkpoint().Size
	todo, order := make(chan *batch), make(chan *batch, ahead*a.workers())
	var readErr error
	go func() {
		readErr = a.read(todo, order)
		close(todo)
		close(order)
	}()
	var workers sync.WaitGroup
	for range a.workers() {
		workers.Go(func() {
			for b := range todo {
				for i := range b.items {
					b.items[i].open(a.records, a.opener, a.trust.Ring())
				}
				close(b.opened)
			}
		})
	}
	for b := range order {
		<-b.opened
		a.take(b.items)
	}
	workers.Wait()
	if readErr == errStopped {
		a.save(a.roots.size)
	}
	if readErr != nil {
		a.failErr(CheckEntries, "", readErr)
		return
	}
	a.report.Pass(CheckEntries, "", fmt.Sprintf("%d, each under the root", size))
	a.save(size)
	a.finish()
}

var errStopped = marketops.Refuse(marketops.LogUnavailable, "the audit was stopped before its end")

// read hands over all entries, verified against the root.
func (a *audit) read(todo, order chan<- *batch) error {
	return a.tree.Bundles(a.from, a.tree.Checkpoint().Size, func(first uint64, leaves [][]byte, hashes []log.Hash) error {
		for len(leaves) > 0 {
			n := min(portion, len(leaves))
			b := &batch{items: make([]item, n), opened: make(chan struct{})}
			for i := range b.items {
				b.items[i] = item{index: first + uint64(i), leaf: leaves[i], hash: hashes[i]}
			}
			select {
			case <-a.options.Stop:
				return errStopped
			case order <- b:
				todo <- b
			}
			first, leaves, hashes = first+uint64(n), leaves[n:], hashes[n:]
		}
		return nil
	})
}

// take judges entries in order.
func (a *audit) take(items []item) {
	for i := range items {
		a.judge(&items[i])
		a.roots.push(items[i].hash)
	}
	next := items[len(items)-1].index + 1
	if every := a.options.saveEvery(); next/every > items[0].index/every {
		a.save(next)
	}
	if a.options.Progress != nil {
		a.options.Progress(next, a.tree.Checkpoint().Size)
	}
}

// reread opens entries once more that were taken before.
func (a *audit) reread(indexes []uint64) ([]lifecycle.Entry, error) {
	out := make([]lifecycle.Entry, 0, len(indexes))
	for _, index := range indexes {
		e, err := a.rereadOne(index)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (a *audit) rereadOne(index uint64) (e lifecycle.Entry, err error) {
	e = lifecycle.Entry{Position: log.Position{Origin: a.tree.Checkpoint().Origin, Index: index}}
	if e.Leaf, err = a.tree.LeafHash(index); err != nil {
		return e, err
	}
	env, err := log.ReadRecord(a.records, e.Leaf)
	if err != nil {
		return e, err
	}
	if e.Record, err = receipt.OpenWith(a.opener, env, a.trust.Ring()); err != nil {
		return e, err
	}
	if e.Record.LeafHash() != e.Leaf {
		return e, errOther
	}
	if e.Law, err = a.course.At(index); err != nil {
		return e, err
	}
	e.Holder, _ = e.Law.Holder(e.Record.By) // who was admitted when it was taken first
	return e, nil
}

// rules says how the tracker judges here.
func (a *audit) rules() lifecycle.Rules {
	return lifecycle.Rules{
		Trust: a.trust, Gate: a.takeAnswers, Document: a.options.Document, After: a.after, Quoted: func(c receipt.CheckpointRef) error { return a.roots.compareQuoted(c) },
		Reread: a.reread, Keep: a.options.keep,
		Report: func(f lifecycle.Finding) {
			a.fail(verifier.Check{Name: f.Check, Subject: f.Subject, Code: f.Code, Expected: f.Expected, Got: f.Got, Detail: f.Detail})
		},
	}
}

// takeAnswers reports what the gate says of a receipt. Content was never measured here, and a trust file that
// expired still judges old evidence. What the receipt names and was not given is a finding of its own.
func (a *audit) takeAnswers(h *lifecycle.ReceiptHistory, answers marketops.Checks, missing string) {
	for _, c := range answers {
		name := lifecycle.Receipts
		if slices.Contains(approvalCodes, c.Code) {
			name = lifecycle.Approvals
		}
		if c.Status != marketops.Fail || c.Code == marketops.TrustExpired || missing != "" && (name == lifecycle.Approvals || c.Code == marketops.ReceiptUnlogged) {
			continue
		}
		a.fail(verifier.Check{Name: name, Subject: string(h.ID), Code: c.Code, Expected: c.Expected, Got: c.Got, Detail: c.Detail})
	}
}

var approvalCodes = []marketops.Code{marketops.ApprovalMissing, marketops.SelfApproval, marketops.DuplicatePerson, marketops.RejectedByApprover}

// judge takes one entry into the tracker, or says why not.
func (a *audit) judge(it *item) {
	subject := fmt.Sprintf("leaf %d", it.index)
	switch code := marketops.CodeOf(it.err); {
	case a.lacking != nil:
		a.count(it.index, "not judged")
	case it.err == nil:
		a.admit(it, subject)
	case code == marketops.RecordWithheld:
		a.judgeWithheld(it, subject)
	case code == marketops.RecordUnknown:
		a.count(it.index, "unknown")
		a.failErr(CheckRecords, subject, it.err)
	default:
		if code == marketops.LogUnavailable {
			a.noteUnread(it)
		}
		a.count(it.index, "unusable")
		a.failErr(CheckRecords, subject, it.err)
	}
}

func (a *audit) admit(it *item, subject string) {
	issued := it.rec.Body.Issued()
	e := lifecycle.Entry{Position: log.Position{Origin: a.tree.Checkpoint().Origin, Index: it.index}, Leaf: it.hash, Record: it.rec}
	var err error
	if e.Law, err = a.course.Law(it.rec.Body); marketops.CodeOf(err) == marketops.TrustUnavailable {
		a.lacking = err
		a.count(it.index, "not judged")
		a.failErr(CheckRecords, "from "+subject+" on", err)
		return
	}
	if err == nil {
		e.Holder, err = e.Law.Admit(it.rec, max(issued, a.ledger), &e.Position)
	}
	if err != nil {
		a.count(it.index, "unusable")
		a.failErr(CheckRecords, subject, err)
		return
	}
	a.course.Adopt(it.rec.Body, it.index)
	a.latest = max(a.latest, issued)
	if e.Holder.Role == trust.RoleLedger {
		a.ledger = max(a.ledger, issued)
	}
	a.count(it.index, string(it.rec.Body.Kind()))
	a.noteDocument(it.rec.Body)
	a.tracker.Add(e)
}

// count counts an entry of the log, and of what is new in it.
func (a *audit) count(index uint64, name string) {
	a.counts[name]++
	if a.since != nil && index >= a.since.Size {
		a.increment[name]++
	}
}

// noteUnread lets the tracker know of a record that could not be read: what names it is not known to be
// wrong.
func (a *audit) noteUnread(it *item) {
	leaf, err := log.ParseLeaf(it.leaf)
	if err != nil {
		return
	}
	if h, known := a.holder(it.index, leaf.Key.ID()); known {
		a.tracker.Withheld(it.index, h)
	}
}

// holder returns who a key belongs to under the version of the trust file in force at a place.
func (a *audit) holder(index uint64, key crypto.KeyID) (trust.Holder, bool) {
	law, err := a.course.At(index)
	if err != nil {
		return trust.Holder{}, false
	}
	return law.Holder(key)
}

// judgeWithheld judges an entry by what its leaf alone says.
func (a *audit) judgeWithheld(it *item, subject string) {
	a.count(it.index, "withheld")
	leaf, err := log.ParseLeaf(it.leaf)
	if err != nil {
		a.failErr(CheckRecords, subject, err)
		return
	}
	h, known := a.holder(it.index, leaf.Key.ID())
	if !known {
		a.fail(verifier.Check{Name: CheckRecords, Subject: subject, Code: marketops.KeyUnknown, Got: string(leaf.Key.ID()), Detail: "a leaf by a key that is not trusted here"})
		return
	}
	a.tracker.Withheld(it.index, h)
	if h.Role == trust.RolePerson || h.Role == trust.RoleAdvisory {
		a.erased++
		return
	}
	a.fail(verifier.Check{Name: CheckWithheld, Subject: subject, Code: marketops.RecordWithheld, Detail: fmt.Sprintf("a record of the %s %q was not given", h.Role, h.Name)})
}
