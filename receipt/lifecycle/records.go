package lifecycle

import (
	"cmp"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// records is what is known of a log: the records of the runs at hand by their names, and an archive of
// all other runs. Looking up a name reloads the run that it occurred in.
type records struct {
	archive
	rules       Rules
	take        func(Entry) // judges a record and keeps it
	reloading   bool        // the records of an archived run are taken once more
	weight      int         // of the runs at hand
	limit       int         // of weight, from which on runs are archived
	touched     uint64      // counts records, to tell which run was named last
	submissions map[marketops.Digest]*submission
	votes       map[marketops.Digest]*vote
	receipts    map[marketops.Digest]*ReceiptHistory
	order       []*ReceiptHistory // those at hand, in order of first position
	ids         map[marketops.ReceiptID]marketops.Digest
	outcomes    map[marketops.Digest]*ReceiptHistory
	orphans     map[marketops.Digest]bool             // outcomes whose receipt is not known
	live        map[marketops.Digest]marketops.Digest // by op_key, the receipt, from its first claim to its end
	succeeded   map[marketops.Digest]*ReceiptHistory  // by operation
	runs        map[marketops.RunID]*run
	withheld    map[trust.Role]uint64
	erased      map[string]uint64 // by group of persons, one above the index of its last withheld record
	genesis     *receipt.ShardGenesis
	frozen      *receipt.ShardSealed
	law         *trust.Trust    // the version in force
	adopted     []log.Hash      // the leaves that took versions into force
	ledger      marketops.Time  // the latest that the ledger signed
	places      map[uint64]bool // of a pack: where its records stand
	origin      string          // of the log
	waits       []Wait          // of a pack
}

func newRecords(rules Rules) *records {
	if rules.Keep == 0 {
		rules.Keep = keepDefault
	}
	return &records{
		rules: rules, limit: rules.Keep, archive: archive{names: names{secret: rules.Secret}, hot: map[uint32]bool{}, unfinished: map[uint32]bool{}},
		submissions: map[marketops.Digest]*submission{}, votes: map[marketops.Digest]*vote{}, receipts: map[marketops.Digest]*ReceiptHistory{},
		ids: map[marketops.ReceiptID]marketops.Digest{}, outcomes: map[marketops.Digest]*ReceiptHistory{}, orphans: map[marketops.Digest]bool{}, live: map[marketops.Digest]marketops.Digest{},
		succeeded: map[marketops.Digest]*ReceiptHistory{}, runs: map[marketops.RunID]*run{}, withheld: map[trust.Role]uint64{}, erased: map[string]uint64{}, places: map[uint64]bool{},
	}
}

func (r *records) withhold(index uint64, h trust.Holder) {
	r.withheld[h.Role]++
	for _, g := range h.Groups {
		r.erased[g] = index + 1
	}
}

// mayBeWithheld reports whether a record that is not known here may be one that was not given.
func (r *records) mayBeWithheld(d marketops.Digest) bool {
	if r.rules.Contained != nil {
		return !r.rules.Contained[d]
	}
	return len(r.withheld) > 0
}

// touch notes which run a record names.
func (r *records) touch(e Entry) {
	r.origin = e.Position.Origin
	if id := e.Record.Body.Refs().Run; id != "" {
		r.touched++
		r.run(id).touched = r.touched
	}
}

// checkPlan holds every record of a run to the plan that was submitted.
func (r *records) checkPlan(e Entry) {
	refs := e.Record.Body.Refs()
	if refs.Run == "" || refs.Plan.IsZero() {
		return
	}
	run := r.run(refs.Run)
	if !run.plan.IsZero() {
		equal(r, onePlan, e.subject(), run.plan, refs.Plan)
	} else if e.Record.Body.Kind() == receipt.KindSubmission {
		run.plan = refs.Plan
	}
}

// checkDate compares a record's date with that of a record that it names.
func (r *records) checkDate(e Entry, named marketops.Time, by crypto.KeyID) {
	slack := gate.Epsilon
	if by == e.Record.By {
		slack = 0
	}
	if issued := e.Record.Body.Issued(); issued+slack < named {
		r.broken(notSoon, e.subject(), named, issued, "")
	}
}

// keep notes a record under its run.
func (r *records) keep(e Entry) {
	if r.rules.Contained != nil {
		r.places[e.Position.Index] = true
	}
	id := e.Record.Body.Refs().Run
	if id == "" {
		return
	}
	run := r.run(id)
	run.add(e)
	r.weight++
}

func (r *records) run(id marketops.RunID) *run {
	if r.runs[id] == nil {
		r.reload(aRun, []byte(id))
	}
	found := r.runs[id]
	if found == nil {
		found = &run{id: id, number: -1}
		r.runs[id] = found
		r.weight += found.weight()
	}
	return found
}

func (r *records) submission(d marketops.Digest) *submission {
	if r.submissions[d] == nil {
		r.reload(aRecord, d[:])
	}
	return r.submissions[d]
}

func (r *records) vote(d marketops.Digest) *vote {
	if r.votes[d] == nil {
		r.reload(aRecord, d[:])
	}
	return r.votes[d]
}

func (r *records) receipt(d marketops.Digest) *ReceiptHistory {
	if r.receipts[d] == nil && !d.IsZero() {
		r.reload(aRecord, d[:])
	}
	return r.receipts[d]
}

// change is [records.receipt] for a record that will change the receipt.
func (r *records) change(e Entry, d marketops.Digest) *ReceiptHistory {
	h := r.receipt(d)
	if h != nil {
		tie(h.run, r.run(e.Record.Body.Refs().Run))
	}
	return h
}

func (r *records) receiptByID(id marketops.ReceiptID) (d marketops.Digest, known bool) {
	if d, known = r.ids[id]; !known {
		r.reload(aReceiptID, []byte(id))
		d, known = r.ids[id]
	}
	return d, known
}

func (r *records) unknownOutcome(d marketops.Digest) *ReceiptHistory {
	if r.outcomes[d] == nil {
		r.reload(aRecord, d[:])
	}
	return r.outcomes[d]
}

func (r *records) success(operation marketops.Digest) *ReceiptHistory {
	if r.succeeded[operation] == nil {
		r.reload(aSuccess, operation[:])
	}
	return r.succeeded[operation]
}

func (r *records) document(d marketops.Digest) *marketops.Operation {
	if r.rules.Document == nil {
		return nil
	}
	return r.rules.Document(d)
}

// end drops what is not needed again.
func (r *records) end(h *ReceiptHistory) {
	if !h.hasEnded() {
		return
	}
	if r.live[h.key] == h.Digest {
		delete(r.live, h.key)
	}
	if r.rules.Contained == nil {
		h.Receipt, h.Outcome.Body = nil, nil
	}
}

func (r *records) pending(now, grace marketops.Time) (late, inTime []*ReceiptHistory) {
	r.eachOpen(func(h *ReceiptHistory) {
		if len(h.Intents) == 0 || h.Outcome != nil {
			return
		}
		last := &ReceiptHistory{ID: h.ID, Index: h.Index, Intents: h.Intents[len(h.Intents)-1:]} // of a run that may be archived again
		if now >= h.expires+grace {
			late = append(late, last)
		} else {
			inTime = append(inTime, last)
		}
	})
	byIndex := func(x, y *ReceiptHistory) int { return cmp.Compare(x.Index, y.Index) }
	slices.SortFunc(late, byIndex)
	slices.SortFunc(inTime, byIndex)
	return late, inTime
}
