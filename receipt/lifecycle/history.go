package lifecycle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// ReceiptHistory is one receipt and what became of it.
type ReceiptHistory struct {
	Digest      marketops.Digest
	ID          marketops.ReceiptID
	Operation   marketops.Digest
	Receipt     *receipt.Receipt // nil once it ended, in a tracker of a whole log
	Index       uint64           // of its first authority
	Authorities []string         // that signed, by id
	Claims      []Claim          // in order of epochs
	Intents     []Intent         // in order of positions, physical duplicates included
	Outcome     *Outcome         // nil while there is none
	Resolution  *Resolution
	Revoked     bool
	By          []crypto.KeyID   // the keys of the authorities
	key         marketops.Digest // op_key, or the next best thing
	issued      marketops.Time
	expires     marketops.Time
	stood       marketops.Time // what the ledger had signed below it
	revocation  log.Hash       // the leaf
	placed      []gate.Placed
	hidden      bool     // a withheld record may be a veto
	complete    bool     // its outcome says that its last effect is on GitHub
	tried       []string // effects that may be there, by its outcome; not kept of a success
	absent      []string // effects that its outcome calls absent
	run         *run
	archived    bool // with its run
}

// Claim is one epoch of using a receipt.
type Claim struct {
	Digest    marketops.Digest
	Leaf      log.Hash
	Index     uint64
	Epoch     int64
	Publisher crypto.KeyID
	By        crypto.KeyID   // the ledger's key
	Time      marketops.Time // asserted by the ledger
}

// Intent is one announcement of an act.
type Intent struct {
	Leaf  log.Hash
	Index uint64
	Epoch int64
	By    crypto.KeyID
	Time  marketops.Time // asserted by the publisher
}

// Outcome is how a receipt ended.
type Outcome struct {
	Digest marketops.Digest
	Leaf   log.Hash
	Index  uint64
	Epoch  int64
	Status receipt.Status
	By     crypto.KeyID
	Time   marketops.Time
	Again  []uint64         // where the same leaf stands once more, after a crash
	Body   *receipt.Outcome // nil in a tracker of a whole log
}

// Resolution is what a person decided about an unknown outcome.
type Resolution struct {
	Leaf    log.Hash
	Index   uint64
	Verdict receipt.Status
	Person  string
}

// Status says how far the receipt has come. A resolution's verdict replaces unknown.
func (h *ReceiptHistory) Status() receipt.Status {
	switch {
	case h.Resolution != nil:
		return h.Resolution.Verdict
	case h.Outcome != nil:
		return h.Outcome.Status
	case len(h.Intents) > 0:
		return receipt.Intended
	case h.Revoked:
		return receipt.Revoked
	case len(h.Claims) > 0:
		return receipt.Claimed
	}
	return receipt.Authorized
}

func (h *ReceiptHistory) claimOf(epoch int64) *Claim {
	i := slices.IndexFunc(h.Claims, func(c Claim) bool { return c.Epoch == epoch })
	if i < 0 {
		return nil
	}
	return &h.Claims[i]
}

// intentAt returns the intent at an index, and whether it is the newest. The copy that a crash appended is
// the same intent.
func (h *ReceiptHistory) intentAt(index uint64) (n *Intent, newest bool) {
	i := slices.IndexFunc(h.Intents, func(n Intent) bool { return n.Index == index })
	if i < 0 {
		return nil, false
	}
	return &h.Intents[i], h.Intents[i].Leaf == h.Intents[len(h.Intents)-1].Leaf
}

// hasEnded reports whether nothing more may happen with the receipt.
func (h *ReceiptHistory) hasEnded() bool {
	return h.Outcome != nil && (h.Outcome.Status != receipt.Unknown || h.Resolution != nil)
}

// isOpen reports whether the end of the log has something to say about the receipt.
func (h *ReceiptHistory) isOpen() bool {
	return len(h.Claims) == 0 || len(h.Intents) > 0 && h.Outcome == nil || h.Status() == receipt.Unknown
}
