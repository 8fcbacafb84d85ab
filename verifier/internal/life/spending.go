package life

import (
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
	Status string
	Again  []uint64         // where the same leaf stands once more, after a crash
	Body   *receipt.Outcome // nil in a book of a whole log
}

// Resolution is what a person decided about an unknown outcome.
type Resolution struct {
	Leaf    log.Hash
	Index   uint64
	Verdict string
	Person  string
}

// Status says how far the receipt has come: authorized, revoked, claimed, intended, or the
// status of its outcome; a resolution's verdict replaces unknown.
func (s *Spending) Status() string {
	switch {
	case s.Resolution != nil:
		return s.Resolution.Verdict
	case s.Outcome != nil:
		return s.Outcome.Status
	case len(s.Intents) > 0:
		return "intended"
	case s.Revoked:
		return "revoked"
	case len(s.Claims) > 0:
		return "claimed"
	}
	return "authorized"
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
	return s.Outcome != nil && (s.Outcome.Status != "unknown" || s.Resolution != nil)
}

// Receipts returns every receipt in the order in which they were issued.
func (b *Book) Receipts() []*Spending { return b.order }

// ByDigest returns the receipt of this digest, or nil.
func (b *Book) ByDigest(d marketops.Digest) *Spending { return b.receipts[d] }

// Open returns the receipts with an intent and no outcome: those that are late because their
// expiry and grace seconds more have passed at now, and those that still have time.
func (b *Book) Open(now, grace marketops.Time) (late, pending []*Spending) {
	for _, s := range b.order {
		if len(s.Intents) == 0 || s.Outcome != nil {
			continue
		}
		if now >= s.expires+grace {
			late = append(late, s)
		} else {
			pending = append(pending, s)
		}
	}
	return late, pending
}
