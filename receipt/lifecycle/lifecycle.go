// Package lifecycle follows receipts through a log: what must stand before what, who may sign what,
// one claim per epoch, one intent per epoch, one outcome.
//
// A [Tracker] takes the records of a log in the order of their positions, each already opened and
// admitted under the trust file, and reports what the protocol forbids:
//
//	submission → approval → receipt → claim → intent → outcome (→ resolution)
//
// Each record stands above everything it names. A receipt is spent by claims of epoch 1, 2, …,
// each naming the one before; each epoch has at most one intent, by the claim's publisher; every
// outcome but rejected names an intent of the receipt by its position; nothing follows an outcome
// except the one resolution of an unknown. One append that a crash made twice is one record: what
// counts is the leaf hash.
//
// A book of a whole log is strict: what is not there breaks the order, unless a record was
// withheld that could be it. A book of a pack is partial: what is not there may be elsewhere.
//
// State is about two kilobytes for each run at hand. A book that can read records again keeps a few
// hundred runs at hand, and about 200 bytes of each other one; see [Rules.Reread].
package lifecycle

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// The checks that findings belong to.
const (
	Order     = "order"      // each record stands above what it names
	Receipts  = "receipts"   // enforceable, within its lifetime, enough authorities, claimed in time
	Approvals = "approvals"  // the floor of the trust file, counted over persons
	Claims    = "claims"     // chain of epochs, audience, one live receipt per resource
	Intents   = "intents"    // one per epoch, by the claim's publisher
	Outcomes  = "outcomes"   // one per receipt, by who may, after its intent
	Roots     = "roots"      // the roots that outcomes quote are the log's
	RunClosed = "run-closed" // the seal of a run names every record of it
)

// Finding is one thing that is not as it must be.
type Finding struct {
	Check    string
	Subject  string
	Code     marketops.Code
	Expected string
	Got      string
	Detail   string
}

// Entry is one record at its place. Record and Holder are what the trust file admitted.
type Entry struct {
	Position log.Position
	Leaf     log.Hash
	Record   *receipt.Record
	Holder   trust.Holder
}

func (e Entry) subject() string { return fmt.Sprintf("leaf %d", e.Position.Index) }

// Rules says how a book judges. Trust and Report are required.
type Rules struct {
	Trust  *trust.Trust
	Report func(Finding)
	// Contained is set for a pack: every record in it. What is named and not contained may
	// stand elsewhere in the log, and reads as withheld.
	Contained map[marketops.Digest]bool
	// Gate makes the book answer for Receipts and Approvals from records alone. Without it
	// somebody else does, with the operation documents.
	Gate bool
	// Document returns the operation document of this digest, or nil if nobody gave it.
	Document func(marketops.Digest) *marketops.Operation
	// Reread returns the records at these indexes once more, verified again. With it a book forgets
	// what nobody has spoken of for a while, and reads it again if somebody does.
	Reread func(indexes []uint64) ([]Entry, error)
	Keep   int // records at hand; 0 means 4096
	// Secret keys the fingerprints of forgotten names. Whoever wrote the log must not know it.
	Secret [secretSize]byte
	// Quoted compares a checkpoint that an outcome quotes with the log; nil if nobody can. An
	// error carries [marketops.SplitView] for another root.
	Quoted func(receipt.CheckpointRef) error
}

// Tracker is what is known of a log up to one position.
type Tracker struct {
	archive
	rules       Rules
	recalling   bool   // taking the records of a forgotten run once more
	weight      int    // of the runs at hand
	limit       int    // of weight, from which on the book forgets
	spoken      uint64 // counts records, to tell which run was spoken of last
	submissions map[marketops.Digest]*submission
	votes       map[marketops.Digest]*vote
	receipts    map[marketops.Digest]*Spending
	order       []*Spending // those at hand, in order of first position
	ids         map[marketops.ReceiptID]marketops.Digest
	outcomes    map[marketops.Digest]*Spending
	live        map[marketops.Digest]marketops.Digest // by op_key, the receipt, from its first claim to its end
	succeeded   map[marketops.Digest]*Spending        // by operation
	runs        map[marketops.RunID]*run
	withheld    map[trust.Role]uint64
	erased      map[string]bool // groups of persons with a withheld record
	genesis     *receipt.ShardGenesis
	frozen      *receipt.ShardSealed
	places      map[uint64]bool // of a pack: where its records stand
}

// NewBook returns an empty book.
func NewBook(r Rules) *Tracker {
	if r.Keep == 0 {
		r.Keep = restless
	}
	return &Tracker{
		rules: r, limit: r.Keep, archive: archive{names: table{secret: r.Secret}, hot: map[uint32]bool{}, unfinished: map[uint32]bool{}}, submissions: map[marketops.Digest]*submission{}, votes: map[marketops.Digest]*vote{},
		receipts: map[marketops.Digest]*Spending{},
		ids:      map[marketops.ReceiptID]marketops.Digest{}, outcomes: map[marketops.Digest]*Spending{},
		live: map[marketops.Digest]marketops.Digest{}, succeeded: map[marketops.Digest]*Spending{},
		runs: map[marketops.RunID]*run{}, withheld: map[trust.Role]uint64{}, erased: map[string]bool{}, places: map[uint64]bool{},
	}
}

// Withheld counts an entry whose record was not given, by the holder of the key in its leaf.
func (b *Tracker) Withheld(h trust.Holder) {
	b.withheld[h.Role]++
	if b.frozen != nil {
		b.find(Finding{Check: Order, Subject: "log", Code: marketops.OrderViolation, Detail: "a record that was withheld stands above the seal of the log"})
	}
	for _, g := range h.Groups {
		b.erased[g] = true
	}
}

// Add takes the next record.
func (b *Tracker) Add(e Entry) {
	b.afterSeal(e)
	b.added++
	b.add(e)
	b.forget()
}

func (b *Tracker) add(e Entry) {
	if id := e.Record.Body.Refs().Run; id != "" {
		b.spoken++
		b.run(id).spoken = b.spoken
	}
	switch body := e.Record.Body.(type) {
	case *receipt.Submission:
		b.submission(e, body)
	case *receipt.Approval:
		b.approval(e, body)
	case *receipt.Receipt:
		b.receipt(e, body)
	case *receipt.Claim:
		b.claim(e, body)
	case *receipt.Intent:
		b.intent(e, body)
	case *receipt.Outcome:
		b.outcome(e, body)
	case *receipt.Resolution:
		b.resolution(e, body)
	case *receipt.Revocation:
		b.revocation(e, body)
	case *receipt.RunClosed:
		b.closed(e, body)
	case *receipt.ShardSealed:
		b.sealedBy(e, body)
	case *receipt.ShardGenesis:
		b.begun(e, body)
	case *receipt.Request:
		b.find(Finding{Check: Order, Subject: e.subject(), Code: marketops.OrderViolation, Detail: "a request to the Core has no place in the log"})
	}
	b.enter(e)
	if b.rules.Contained != nil {
		b.places[e.Position.Index] = true
	}
}

func (b *Tracker) find(f Finding) {
	if !b.recalling {
		b.rules.Report(f)
	}
}

// missing says what it means that a record is named and not known at this position.
func (b *Tracker) missing(check string, e Entry, what string, d marketops.Digest, role trust.Role) {
	who := article(e.Record.Body.Kind()) + " names " + article(what)
	f := Finding{Check: check, Subject: e.subject(), Code: marketops.OrderViolation, Detail: who + " that does not stand below it"}
	if !d.IsZero() {
		f.Expected = d.String()
	}
	partial := b.rules.Contained != nil
	if partial && !b.rules.Contained[d] || b.withheld[role] > 0 {
		f.Code, f.Detail = marketops.RecordWithheld, who+" that was not given"
	}
	b.find(f)
}

// Count says how many in words: "1 record", "2 records".
func Count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func article[S ~string](noun S) string {
	if noun != "" && strings.IndexByte("aeiou", noun[0]) >= 0 {
		return "an " + string(noun)
	}
	return "a " + string(noun)
}

// same reports whether two values that must be equal are; if not it finds code.
func same[T comparable](b *Tracker, check string, e Entry, code marketops.Code, what string, want, got T) bool {
	if want == got {
		return true
	}
	b.find(Finding{Check: check, Subject: e.subject(), Code: code, Detail: what, Expected: fmt.Sprint(want), Got: fmt.Sprint(got)})
	return false
}
