// Package lifecycle follows receipts through a log: what must stand before what, who may sign what,
// one claim per epoch, one intent per epoch, one outcome.
//
// A [Tracker] takes the records of a log in the order of their positions, each already opened and
// admitted under the trust file, and reports what the protocol forbids:
//
//	submission → approval → receipt → claim → intent → outcome (→ resolution)
//
// Each record stands above everything it names. A receipt is used by claims of epoch 1, 2, …,
// each naming the one before; each epoch has at most one intent, by the claim's publisher; every
// outcome but rejected names an intent of the receipt by its position; nothing follows an outcome
// except the one resolution of an unknown. One append that a crash made twice is one record: what
// counts is the leaf hash.
//
// A tracker of a whole log is strict: what is not there breaks the order, unless a record was
// withheld that could be it. A tracker of a pack is partial: what is not there may be elsewhere.
//
// State is about two kilobytes for each run at hand. A tracker that can read records again keeps a few
// hundred runs at hand, and about 200 bytes of each other one; see [Rules.Reread].
//
// [Conditions] is the table of the rules. They are asked in one file for each kind of record (votes,
// receipts, claims, outcomes, resolutions, runs, shards); records.go and archive.go keep what they ask about.
package lifecycle

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Rules says how a tracker judges. Trust and Report are required.
type Rules struct {
	Trust  *trust.Trust // the newest version, with those before it
	Report func(Finding)
	// Contained is set for a pack: every record in it. What is named and not contained may
	// stand elsewhere in the log, and reads as withheld.
	Contained map[marketops.Digest]bool
	// Gate gets the gate's answers about a receipt: as its first claim makes it or, if none is known by
	// then, in [Tracker.Finish]. missing says what the receipt names and
	// was not given; the answers about approvals and places did not run then. Nil: the gate is not asked.
	Gate func(h *ReceiptHistory, answers marketops.Checks, missing string)
	// Unplaced is set where the places of records are claimed and not proved.
	Unplaced bool
	// Document returns the operation document of this digest, or nil if it was not given.
	Document func(marketops.Digest) *marketops.Operation
	// After returns the operations that must succeed before an operation of a plan. What it returns nothing for is not
	// judged, such as a plan that was not given. Nil: no order is judged.
	After func(plan, operation marketops.Digest) []marketops.Digest
	// Reread returns the records at these indexes once more, verified again. With it a tracker archives
	// runs that no record has named for a while, and reads them again if one does.
	Reread func(indexes []uint64) ([]Entry, error)
	Keep   int // records at hand; 0 means 4096
	// Secret keys the fingerprints of archived names. The writer of the log must not know it.
	Secret [secretSize]byte
	// Quoted compares a root that a record quotes with the log's; nil if the caller cannot. An error carries
	// [marketops.SplitView] for another root; of an outcome that is reported as [marketops.RootDisputed].
	Quoted func(receipt.CheckpointRef) error
}

// Entry is one record at its place. Record and Holder are what Law admitted: the version of the trust file that
// judges it, see [trust.Course].
type Entry struct {
	Position log.Position
	Leaf     log.Hash
	Record   *receipt.Record
	Holder   trust.Holder
	Law      *trust.Trust
}

// Tracker is what is known of a log up to one position.
type Tracker struct{ records *records }

// NewTracker returns a tracker of an empty log.
func NewTracker(r Rules) *Tracker {
	t := &Tracker{newRecords(r)}
	t.records.take = t.take
	return t
}

// Withheld counts an entry whose record was not given, by its index and the holder of the key in its leaf.
func (t *Tracker) Withheld(index uint64, h trust.Holder) {
	t.records.withhold(index, h)
	shards{t.records}.withheld()
}

// Add takes the next record.
func (t *Tracker) Add(e Entry) {
	shards{t.records}.checkSeal(e)
	t.records.added++
	t.take(e)
	t.records.archiveOld()
}

// take judges a record by its kind and keeps it. It is asked once more for a record of an archived run.
func (t *Tracker) take(e Entry) {
	r := t.records
	r.touch(e)
	trusts{r}.apply(e)
	r.checkPlan(e)
	switch body := e.Record.Body.(type) {
	case *receipt.Submission:
		votes{r}.submission(e, body)
	case *receipt.Approval:
		votes{r}.approval(e, body)
	case *receipt.Receipt:
		receipts{r}.receipt(e, body)
	case *receipt.Claim:
		claims{r}.claim(e, body)
	case *receipt.Intent:
		claims{r}.intent(e, body)
	case *receipt.Outcome:
		outcomes{r}.outcome(e, body)
	case *receipt.Resolution:
		resolutions{r}.resolution(e, body)
	case *receipt.Revocation:
		receipts{r}.revocation(e, body)
	case *receipt.RunClosed:
		runs{r}.seal(e, body)
	case *receipt.ShardSealed:
		shards{r}.seal(e, body)
	case *receipt.ShardGenesis:
		shards{r}.begin(e, body)
	case *receipt.Request:
		r.broken(inLog, e.subject(), nil, nil, "")
	case *receipt.Answer:
		r.broken(unlogged, e.subject(), nil, nil, "")
	}
	r.keep(e)
}

// Receipts returns every receipt in the order in which they were issued. A tracker that archives runs
// returns those at hand.
func (t *Tracker) Receipts() []*ReceiptHistory { return t.records.order }

// Pending returns the receipts with an intent and no outcome: those that are late because their
// expiry and grace seconds more have passed at now, and those that still have time.
func (t *Tracker) Pending(now, grace marketops.Time) (late, inTime []*ReceiptHistory) {
	return t.records.pending(now, grace)
}

// Unresolved counts the receipts whose outcome is unknown to this day.
func (t *Tracker) Unresolved() (n int) {
	t.records.eachOpen(func(h *ReceiptHistory) {
		if h.Status() == receipt.Unknown {
			n++
		}
	})
	return n
}

// Finish asks the gate about the receipts without a claim. The log has ended.
func (t *Tracker) Finish() {
	t.records.eachOpen(receipts{t.records}.judgeUnclaimed)
}

// Sealed reports whether a run has a run-closed record, and how many of its records came later.
func (t *Tracker) Sealed(id marketops.RunID) (sealed bool, later int) {
	r := t.records.runs[id]
	return r != nil && len(r.seals) > 0, t.records.run(id).later
}

// Shards returns what the log says about the logs before and after it; nil where it says nothing.
func (t *Tracker) Shards() (genesis *receipt.ShardGenesis, sealed *receipt.ShardSealed) {
	return t.records.genesis, t.records.frozen
}
