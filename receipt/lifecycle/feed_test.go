package lifecycle_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
)

// feed is the log of a world as a tracker is told of it: each record opened and admitted.
type feed struct {
	trust    *trust.Trust
	log      *log.Tree
	document func(marketops.Digest) *marketops.Operation
	after    func(plan, operation marketops.Digest) []marketops.Digest
	entries  []lifecycle.Entry // without Record where the trust file did not admit it
	refused  []marketops.Code  // by the trust file
}

func newFeed(t *testing.T, w *logworld.World) *feed {
	t.Helper()
	f := &feed{trust: w.Trust(), log: w.Log.Tree(), document: w.Documents(), after: w.Orders()}
	var ledger marketops.Time
	course := trust.NewCourse(f.trust)
	for i := range w.Log.Size() {
		leaf, err := f.log.LeafHash(i)
		if err != nil {
			t.Fatal(err)
		}
		e := lifecycle.Entry{Position: log.Position{Origin: logworld.Origin, Index: i}, Leaf: leaf}
		rec, err := f.open(w.Store, &e)
		if err == nil {
			e.Law, err = course.Law(rec.Body)
		}
		if err == nil {
			e.Holder, err = e.Law.Admit(rec, max(rec.Body.Issued(), ledger), &e.Position)
		}
		if err == nil {
			course.Adopt(rec.Body, i)
		}
		if err != nil {
			f.refused = append(f.refused, marketops.CodeOf(err))
		} else {
			e.Record = rec
		}
		if e.Holder.Role == trust.RoleLedger {
			ledger = max(ledger, rec.Body.Issued())
		}
		f.entries = append(f.entries, e)
	}
	return f
}

func (f *feed) open(store log.TileReader, e *lifecycle.Entry) (*receipt.Record, error) {
	env, err := log.ReadRecord(store, e.Leaf)
	if err != nil {
		return nil, err
	}
	return receipt.Open(env, f.trust.Ring())
}

// play tells a tracker everything and returns what it found. change may set further rules.
func (f *feed) play(change func(*lifecycle.Rules)) (*lifecycle.Tracker, []lifecycle.Finding) {
	var found []lifecycle.Finding
	rules := lifecycle.Rules{Trust: f.trust, Document: f.document, After: f.after, Quoted: f.quoted, Report: func(x lifecycle.Finding) { found = append(found, x) }}
	rules.Gate = gateInto(&found)
	if change != nil {
		change(&rules)
	}
	tracker := lifecycle.NewTracker(rules)
	for _, e := range f.entries {
		if e.Record != nil {
			tracker.Add(e)
		}
	}
	tracker.Finish()
	late, _ := tracker.Pending(f.end(), lifecycle.Grace)
	for _, h := range late {
		found = append(found, lifecycle.Finding{Check: lifecycle.Outcomes, Subject: string(h.ID), Code: marketops.OutcomeMissing})
	}
	return tracker, found
}

// gateInto makes findings of what the gate refuses, as an audit does.
func gateInto(found *[]lifecycle.Finding) func(*lifecycle.ReceiptHistory, marketops.Checks, string) {
	return func(h *lifecycle.ReceiptHistory, answers marketops.Checks, missing string) {
		for _, c := range answers {
			unasked := missing != "" && slices.Contains([]marketops.Code{marketops.ApprovalMissing, marketops.SelfApproval, marketops.DuplicatePerson, marketops.RejectedByApprover, marketops.ReceiptUnlogged}, c.Code)
			if c.Status == marketops.Fail && !unasked {
				*found = append(*found, lifecycle.Finding{Check: lifecycle.Receipts, Subject: string(h.ID), Code: c.Code, Detail: c.Detail})
			}
		}
	}
}

// end is days after the last record.
func (f *feed) end() (at marketops.Time) {
	for _, e := range f.entries {
		if e.Record != nil {
			at = max(at, e.Record.Body.Issued())
		}
	}
	return at + 5*86400
}

func (f *feed) quoted(c receipt.CheckpointRef) error {
	_, err := f.log.Consistency(&log.Checkpoint{Origin: c.Origin, Size: uint64(c.Size), Root: c.Root})
	return err
}

// reread is [lifecycle.Rules.Reread].
func (f *feed) reread(indexes []uint64) (out []lifecycle.Entry, err error) {
	for _, i := range indexes {
		if f.entries[i].Record == nil {
			return nil, errors.New("a record that was never taken is asked for")
		}
		out = append(out, f.entries[i])
	}
	return out, nil
}

// forgetful archives every run as soon as a tracker can.
func (f *feed) forgetful(r *lifecycle.Rules) { r.Reread, r.Keep = f.reread, 1 }

func (f *feed) codes(found []lifecycle.Finding) []marketops.Code {
	out := slices.Clone(f.refused)
	for _, x := range found {
		out = append(out, x.Code)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
