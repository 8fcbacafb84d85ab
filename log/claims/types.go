package claims

import (
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// State is where a receipt's claim stands. The zero value means that there is no row:
// the receipt is unspent.
type State string

// The states, in the order in which a claim walks through them.
const (
	Claimed   State = "claimed"   // a publisher holds the receipt; nothing was sent
	Executing State = "executing" // the door to GitHub was opened; after an attempt GitHub may have changed
	Decided   State = "decided"   // the outcome's bytes are frozen, not yet proved logged
	Closed    State = "closed"    // the outcome stands in the log
	Revoked   State = "revoked"   // withdrawn before anybody claimed it
)

// Outcome is how an operation ended. The zero value means that it has not.
type Outcome string

// The outcomes. Only [Unknown] may later be replaced, by [Ledger.Resolve].
const (
	Success  Outcome = "success"  // GitHub shows exactly what was authorised
	Failed   Outcome = "failed"   // GitHub refused, and no attempt is unresolved
	Rejected Outcome = "rejected" // given up before the first attempt
	Unknown  Outcome = "unknown"  // nobody can tell; blocks the resource until resolved
)

// Claim is one row of the ledger: what became of one receipt.
type Claim struct {
	Receipt       marketops.ReceiptID
	OpKey         marketops.Digest // natural identity of the effect: [marketops.Operation.Key]
	Run           marketops.RunID
	Kind          marketops.Kind
	OpDigest      marketops.Digest // the operation document
	ReceiptDigest marketops.Digest
	State         State
	Outcome       Outcome
	Owner         crypto.KeyID     // the publisher who holds it; of a revoked receipt, who revoked it
	Epoch         int64            // the fencing token, 1 for the first claim; 0 if never claimed
	LeaseUntil    marketops.Time   // liveness only: past it, another publisher may take over
	Attempts      int              // visible effects begun, over all epochs
	ClaimRecord   marketops.Digest // digest of the newest claim record
	ExpiresAt     marketops.Time   // when the receipt expires
}

// Guard judges a step inside its transaction: c is the claim as it is, zero where there is none yet, and votes
// are the verdicts on its run (Kind [KindApproval]) in freeze order, all that are frozen at this moment. Its
// error is the refusal. It must not call the ledger.
type Guard func(c Claim, votes []Record) error

// NewClaim asks for a receipt to be claimed, taken over or revoked. Every field is
// required, but After may be empty; Check ignores Lease, Build and Guard, and Revoke also ignores Trust.
type NewClaim struct {
	Receipt       marketops.ReceiptID
	OpKey         marketops.Digest
	Run           marketops.RunID
	Kind          marketops.Kind
	OpDigest      marketops.Digest
	ReceiptDigest marketops.Digest
	Owner         crypto.KeyID // the publisher; for Revoke the key that revokes
	ExpiresAt     marketops.Time
	Lease         time.Duration // whole seconds, more than 0, at most an hour
	Trust         int64         // version of the trust file the caller judged by, from 1 on

	// After lists the operations of the same run that must have succeeded before. Takeover and Revoke ignore it.
	After []Prerequisite

	// Build makes the ledger-signed claim record (Kind [KindClaim], this receipt, run and
	// epoch) that names prev, the digest of the previous epoch's claim record, zero at epoch
	// 1. It runs inside the transaction: it must not call the ledger.
	Build func(epoch int64, prev marketops.Digest) (Record, error)

	// Guard is asked before anything changes, as long as no attempt was counted under the receipt.
	Guard Guard
}

// Record kinds that change a claim: these are frozen by the method that makes the change and
// by no other. Other kinds are free text to the ledger.
const (
	KindApproval   = "approval"
	KindClaim      = "claim"
	KindIntent     = "intent"
	KindOutcome    = "outcome"
	KindRevocation = "revocation"
	KindResolution = "resolution"
)

// Record is one signed envelope on its way to the log, or in it.
type Record struct {
	Leaf     [32]byte            // RFC 6962 leaf hash; names this very envelope
	Digest   marketops.Digest    // record digest, SHA-256 of the PAE; envelopes of one payload share it
	Kind     string              // receipt, claim, intent, outcome, …
	Run      marketops.RunID     // "" where the record belongs to none
	Receipt  marketops.ReceiptID // "" where the record belongs to none
	Epoch    int64               // 0 where the record belongs to none
	Envelope []byte              // nil once indexed: the record store has it
	Index    *uint64             // place in the log; nil until indexed
	FrozenAt marketops.Time      // set by the ledger
	Seq      int64               // freeze order, set by the ledger

	Who    string  // whose share of the limits it takes; "" where it takes none
	Stored int64   // bytes that are stored beside the log because of it
	Shares []Share // are asked before it is frozen, and not kept
}

// Transition is one line of a receipt's history.
type Transition struct {
	Seq      int64 // 1, 2, … for each receipt
	From, To State // equal at a takeover and at an attempt
	Epoch    int64 // after the change
	Actor    crypto.KeyID
	At       marketops.Time
	Reason   string
}
