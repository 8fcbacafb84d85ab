package lifecycle

import (
	"cmp"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// Spending is one receipt and what became of it.
type Spending struct {
	Digest      marketops.Digest
	ID          marketops.ReceiptID
	Operation   marketops.Digest
	Receipt     *receipt.Receipt // nil once it ended, in a book of a whole log
	Index       uint64           // of its first authority
	Authorities []string         // that signed, by id
	Claims      []Claim          // in order of epochs
	Intents     []Intent         // in order of positions, physical duplicates included
	Outcome     *Outcome         // nil while there is none
	Resolution  *Resolution
	Revoked     bool
	key         marketops.Digest // op_key, or the next best thing
	expires     marketops.Time
	run         *run
	gone        bool // forgotten with its run
}

// Claim is one epoch of spending.
type Claim struct {
	Digest    marketops.Digest
	Leaf      log.Hash
	Index     uint64
	Epoch     int64
	Publisher crypto.KeyID
	Time      marketops.Time // asserted by the ledger
}

// Intent is one announcement of an act.
type Intent struct {
	Leaf  log.Hash
	Index uint64
	Epoch int64
}

// Outcome is the end of a spending.
type Outcome struct {
	Digest marketops.Digest
	Leaf   log.Hash
	Index  uint64
	Epoch  int64
	Status receipt.Status
	Again  []uint64         // where the same leaf stands once more, after a crash
	Body   *receipt.Outcome // nil in a book of a whole log
}

// Resolution is what a person decided about an unknown outcome.
type Resolution struct {
	Leaf    log.Hash
	Index   uint64
	Verdict receipt.Status
	Person  string
}

// Status says how far the receipt has come. A resolution's verdict replaces unknown.
func (s *Spending) Status() receipt.Status {
	switch {
	case s.Resolution != nil:
		return s.Resolution.Verdict
	case s.Outcome != nil:
		return s.Outcome.Status
	case len(s.Intents) > 0:
		return receipt.Intended
	case s.Revoked:
		return receipt.Revoked
	case len(s.Claims) > 0:
		return receipt.Claimed
	}
	return receipt.Authorized
}

func (s *Spending) claimOf(epoch int64) *Claim {
	i := slices.IndexFunc(s.Claims, func(c Claim) bool { return c.Epoch == epoch })
	if i < 0 {
		return nil
	}
	return &s.Claims[i]
}

func (s *Spending) intentAt(index uint64) *Intent {
	i := slices.IndexFunc(s.Intents, func(n Intent) bool { return n.Index == index })
	if i < 0 {
		return nil
	}
	return &s.Intents[i]
}

// over reports whether nothing more may happen with the receipt.
func (s *Spending) over() bool {
	return s.Outcome != nil && (s.Outcome.Status != receipt.Unknown || s.Resolution != nil)
}

// Receipts returns every receipt in the order in which they were issued. A book that forgets
// returns those at hand.
func (b *Tracker) Receipts() []*Spending { return b.order }

// ByDigest returns the receipt of this digest, or nil.
func (b *Tracker) ByDigest(d marketops.Digest) *Spending {
	if b.receipts[d] == nil && !d.IsZero() {
		b.recall(aRecord, d[:])
	}
	return b.receipts[d]
}

// spending is [Book.ByDigest] for a record that will change the receipt.
func (b *Tracker) spending(e Entry, d marketops.Digest) *Spending {
	s := b.ByDigest(d)
	if s != nil {
		b.tied(e, s)
	}
	return s
}

func (b *Tracker) receiptID(id marketops.ReceiptID) (d marketops.Digest, known bool) {
	if d, known = b.ids[id]; !known {
		b.recall(aReceiptID, []byte(id))
		d, known = b.ids[id]
	}
	return d, known
}

// unfinished reports whether the end of the log has something to say about the receipt.
func (s *Spending) unfinished() bool {
	return len(s.Intents) > 0 && s.Outcome == nil || s.Status() == receipt.Unknown
}

// Open returns the receipts with an intent and no outcome: those that are late because their
// expiry and grace seconds more have passed at now, and those that still have time.
func (b *Tracker) Open(now, grace marketops.Time) (late, pending []*Spending) {
	b.each(func(s *Spending) {
		if len(s.Intents) == 0 || s.Outcome != nil {
			return
		}
		rest := &Spending{ID: s.ID, Index: s.Index, Intents: s.Intents[len(s.Intents)-1:]} // of a run that may be forgotten again
		if now >= s.expires+grace {
			late = append(late, rest)
		} else {
			pending = append(pending, rest)
		}
	})
	byIndex := func(x, y *Spending) int { return cmp.Compare(x.Index, y.Index) }
	slices.SortFunc(late, byIndex)
	slices.SortFunc(pending, byIndex)
	return late, pending
}

// Unresolved counts the receipts whose outcome is unknown to this day.
func (b *Tracker) Unresolved() (n int) {
	b.each(func(s *Spending) {
		if s.Status() == receipt.Unknown {
			n++
		}
	})
	return n
}
