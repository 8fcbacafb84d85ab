package audit

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/internal/life"
)

// batchSize is how many entries are opened side by side before they are judged in order. It
// bounds what is held to this many envelopes.
const batchSize = log.TileWidth

// item is one entry on its way through the walk.
type item struct {
	index uint64
	leaf  []byte
	hash  log.Hash
	rec   *receipt.Record
	err   error
}

// walk takes every entry in order. Opening, which is nearly all of the work, is spread over the
// processors; judging is not.
func (a *audit) walk() {
	size := a.tree.Checkpoint().Size
	a.roots = newRoots(a.tree)
	a.book = life.NewBook(life.Rules{
		Trust: a.trust, Gate: true, Document: a.options.Document, Quoted: a.roots.quoted,
		Report: func(f life.Finding) {
			a.fail(verifier.Check{Name: f.Check, Subject: f.Subject, Code: f.Code, Expected: f.Expected, Got: f.Got, Detail: f.Detail})
		},
	})
	batch := make([]item, 0, batchSize)
	err := a.tree.Entries(0, size, func(index uint64, leaf []byte) error {
		batch = append(batch, item{index: index, leaf: bytes.Clone(leaf)})
		if len(batch) == batchSize {
			a.batch(batch)
			batch = batch[:0]
		}
		return nil
	})
	a.batch(batch)
	if err != nil {
		a.failErr(CheckEntries, "", err)
		return
	}
	a.report.Pass(CheckEntries, "", fmt.Sprintf("%d, each under the root", size))
	a.finish()
}

func (a *audit) batch(batch []item) {
	var workers sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for w := range n {
		workers.Go(func() {
			for i := w; i < len(batch); i += n {
				batch[i].open(a.records, a.trust.Ring())
			}
		})
	}
	workers.Wait()
	for i := range batch {
		a.judge(&batch[i])
		a.roots.push(batch[i].hash)
		batch[i] = item{}
	}
}

// open reads and verifies the record of an entry. The record must be the one that the leaf
// commits to, and not merely a good one.
func (it *item) open(store log.TileReader, ring *crypto.Keyring) {
	it.hash = log.LeafHash(it.leaf)
	env, err := log.ReadRecord(store, it.hash)
	if err != nil {
		it.err = err
		return
	}
	if it.rec, err = receipt.Open(env, ring); err != nil {
		it.err = unknown(env, ring, it.leaf, err)
		return
	}
	if !bytes.Equal(it.rec.Leaf(), it.leaf) {
		it.err = errOther
	}
}

var errOther = marketops.Refuse(marketops.LeafMismatch, "the store holds another record under this leaf")

// unknown looks behind an error: also a record of an unknown type must be the one of its leaf.
func unknown(env []byte, ring *crypto.Keyring, leaf []byte, err error) error {
	if marketops.CodeOf(err) != marketops.RecordUnknown {
		return err
	}
	o, oerr := crypto.OpenFull(env, receipt.PayloadType, ring)
	if oerr != nil {
		return oerr
	}
	if !bytes.Equal(log.Leaf(o), leaf) {
		return errOther
	}
	return err
}

// judge takes one entry into the book, or says why not.
func (a *audit) judge(it *item) {
	subject := fmt.Sprintf("leaf %d", it.index)
	switch code := marketops.CodeOf(it.err); {
	case it.err == nil:
		a.admit(it, subject)
	case code == marketops.RecordWithheld:
		a.withheld(it, subject)
	case code == marketops.RecordUnknown:
		a.counts["unknown"]++
		a.failErr(CheckRecords, subject, it.err)
	default:
		a.counts["unusable"]++
		a.failErr(CheckRecords, subject, it.err)
	}
}

func (a *audit) admit(it *item, subject string) {
	issued := issuedAt(it.rec)
	e := life.Entry{Position: log.Position{Origin: a.tree.Checkpoint().Origin, Index: it.index}, Leaf: it.hash, Record: it.rec}
	var err error
	if e.Holder, err = a.trust.Admit(it.rec, max(issued, a.ledger), &e.Position); err != nil {
		a.counts["unusable"]++
		a.failErr(CheckRecords, subject, err)
		return
	}
	if e.Holder.Role == receipt.RoleLedger {
		a.ledger = max(a.ledger, issued)
	}
	a.counts[it.rec.Body.Name()]++
	a.book.Add(e)
}

func issuedAt(r *receipt.Record) marketops.Time {
	if b, ok := r.Body.(interface{ Issued() marketops.Time }); ok {
		return b.Issued()
	}
	return 0
}

// withheld judges an entry by what its leaf alone says.
func (a *audit) withheld(it *item, subject string) {
	a.counts["withheld"]++
	leaf, err := log.ParseLeaf(it.leaf)
	if err != nil {
		a.failErr(CheckRecords, subject, err)
		return
	}
	h, known := a.trust.Holder(leaf.Key.ID())
	if !known {
		a.fail(verifier.Check{Name: CheckRecords, Subject: subject, Code: marketops.KeyUnknown, Got: string(leaf.Key.ID()), Detail: "a leaf by a key that is not trusted here"})
		return
	}
	a.book.Withheld(h)
	if h.Role == receipt.RolePerson || h.Role == receipt.RoleAdvisory {
		a.erased++
		return
	}
	a.fail(verifier.Check{Name: CheckWithheld, Subject: subject, Code: marketops.RecordWithheld, Detail: fmt.Sprintf("a record of the %s %q was not given", h.Role, h.Name)})
}
