// Package api is the wire between the Federation Core and everybody who talks to it, and the
// client of that wire.
//
// The Core speaks HTTP/1.1 on a unix socket (or TLS). Bodies are JSON, at most [MaxBody] bytes.
// Every call that changes anything is a POST with the header Marketops-Request: the base64 of a
// DSSE envelope around a [receipt.Request] that names method and path, the SHA-256 of the body,
// the Core's id, a nonce and a window of at most 60 s. The Core answers each nonce once. Whoever
// steals the socket can therefore read, but not authorise, claim or revoke. Over TLS a GET carries
// the header as well, with its query, and shows what is the business of the key that signed it.
//
//	GET  /v1/info                   who is there                             Info
//	POST /v1/submissions            a plan and a signed submission           Submit     → Entry
//	POST /v1/approvals              a signed approval                        Envelope   → Entry
//	POST /v1/authorize              decide each operation of a run           Run        → Decisions
//	GET  /v1/runs/{run}?after=&limit=   records of a run, in log order       RunRecords
//	POST /v1/check                  the Core's gate answers, read-only       ClaimWanted → Answers
//	POST /v1/claim                  S1 and the claim leaf                    ClaimWanted → Claimed
//	POST /v1/intent                 S2                                       Envelope   → Entry
//	POST /v1/execute                S4, the only door to GitHub              Fence      → Lease
//	POST /v1/renew                  a longer lease; notes a draft            Renewal    → Lease
//	POST /v1/attempt                counts a visible effect before it        Effect     → Lease
//	POST /v1/outcome                S7 and S8                                Decided    → Entry
//	POST /v1/refusals               a refusal before a claim                 Decided    → Entry
//	POST /v1/resolve                a person decides an unknown outcome      Decided    → Entry
//	POST /v1/revoke                 withdraw a receipt                       Revoke     → Entry
//	POST /v1/backup                 complete a backup; by the ledger's key   Backup     → BackedUp
//	GET  /v1/claims/{receipt}       how far a receipt has come               ClaimState
//	GET  /checkpoint, /tile/…       the log, C2SP tlog-tiles
//	GET  /records/{ab}/{hash}.json  one envelope by leaf hash
//	GET  /records/trust/{hex}.json  a version of trust.json that was in force, by its digest
//	GET  /v1/evidence/{digest}      one evidence file
//
// Every answer to a signed call, problems included, has the header Marketops-Answer: the base64 of a DSSE envelope around
// a [receipt.Answer] of the ledger that names the call's envelope, the status and the SHA-256 of the body. The client takes
// no other answer, and none that comes after the call's window. A relay can stop the calls, and no more.
//
// An answer that is not 200 carries [Problem]. Nothing that arrives is believed for having
// arrived: envelopes are opened against trust.json and positions are proved from the tiles.
package api

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// Limits of the wire.
const (
	MaxBody       = 16 << 20 // bytes of a request or an answer
	MaxEvidence   = 4 << 20  // bytes of one evidence text
	RequestHeader = "Marketops-Request"
	AnswerHeader  = "Marketops-Answer"
)

// Info says who serves. It is for people and for early, clear errors; nothing rests on it. A caller over TCP without a
// key learns Core, Origin and Now.
type Info struct {
	Core    string           `json:"core"` // the id that signed requests name
	Origin  string           `json:"origin"`
	Trust   int64            `json:"trust,omitzero"` // version of the active trust file
	Policy  marketops.Digest `json:"policy,omitzero"`
	Version string           `json:"version,omitzero"`
	Now     marketops.Time   `json:"now"`
}

// Public returns the members that are public.
func (i Info) Public() Info { return Info{Core: i.Core, Origin: i.Origin, Now: i.Now} }

// Evidence is one erasable text that a record names by salted digest.
type Evidence struct {
	Digest marketops.Digest `json:"digest"`
	Text   []byte           `json:"text"` // base64
}

// Submit carries everything that the Core needs to judge a run by itself.
type Submit struct {
	Envelope   []byte     `json:"envelope"`   // the submission record
	Plan       []byte     `json:"plan"`       // plan.json
	Operations [][]byte   `json:"operations"` // the documents, in the order of the submission
	Evidence   []Evidence `json:"evidence"`
}

// Size is how many bytes the Core stores for a submission.
func (s Submit) Size() int64 {
	n := len(s.Envelope) + len(s.Plan)
	for _, doc := range s.Operations {
		n += len(doc)
	}
	for _, e := range s.Evidence {
		n += len(e.Text)
	}
	return int64(n)
}

// Envelope carries one signed record.
type Envelope struct {
	Envelope []byte `json:"envelope"`
}

// Entry is one record in the log.
type Entry = receipt.Entry

// Run names a run.
type Run struct {
	Run marketops.RunID `json:"run"`
}

// RunRecords are records of a run that the log holds, in log order; erased ones without envelope. [Client.Records]
// returns all of them, a single answer one page. Adopted
// are the records that took a version of trust.json into force: the one in force at the run's first record, and
// those that followed up to its last. There is none while version 1 is in force.
type RunRecords struct {
	Run     marketops.RunID `json:"run"`
	Entries []Entry         `json:"entries"`
	Adopted []Entry         `json:"adopted,omitempty"`
	More    bool            `json:"more,omitempty"` // a further page begins after the last entry
}

// Decisions are the answers for all operations of a run, each by itself.
type Decisions struct {
	Run        marketops.RunID `json:"run"`
	Authorized bool            `json:"authorized"` // every operation has its receipts
	Decisions  []Decision      `json:"decisions"`  // in the order of the submission
}

// Decision is the answer for one operation: receipts, or an advisory that says why not.
type Decision struct {
	Operation marketops.Digest `json:"operation"`
	Receipts  []Entry          `json:"receipts"` // one per authority; empty if denied
	Advisory  *Entry           `json:"advisory"` // null if authorised
	Code      marketops.Code   `json:"code"`     // why not; "" if authorised
	Missing   []string         `json:"missing"`  // whose approval is wanted, in words
	WhyNot    []string         `json:"why_not"`  // what else would have to change, in words
}

// ClaimWanted asks to spend a receipt on its operation, or to take over doing so.
type ClaimWanted struct {
	Receipt   marketops.ReceiptID `json:"receipt"`
	Run       marketops.RunID     `json:"run"`
	Operation marketops.Digest    `json:"operation"`
	Publisher crypto.KeyID        `json:"publisher"` // must be the key that signs the request
	Trust     int64               `json:"trust"`     // version that the publisher goes by
}

// Answers are the Core's checks: policy-superseded to operation-in-flight, each once, and rejected-by-approver by
// the votes that the Core holds.
type Answers struct {
	Checks marketops.Checks `json:"checks"`
}

// Claimed is the epoch that was won.
type Claimed struct {
	Claim ClaimState `json:"claim"`
	Entry Entry      `json:"entry"` // the claim record; its position is final, its checkpoint may lag
}

// State is where a receipt's claim stands.
type State string

// The states.
const (
	StateNone      State = "none"      // the receipt is unclaimed
	StateClaimed   State = "claimed"   // a publisher holds the receipt; nothing was sent
	StateExecuting State = "executing" // GitHub may have changed
	StateDecided   State = "decided"   // the outcome is frozen, not yet proved logged
	StateClosed    State = "closed"    // the outcome is in the log
	StateRevoked   State = "revoked"   // withdrawn before anybody claimed it
)

// ClaimState is the ledger's row.
type ClaimState struct {
	Receipt    marketops.ReceiptID `json:"receipt"`
	Run        marketops.RunID     `json:"run"`
	Operation  marketops.Digest    `json:"operation"`
	State      State               `json:"state"`
	Outcome    receipt.Status      `json:"outcome"` // "" until decided
	Owner      crypto.KeyID        `json:"owner"`
	Epoch      int64               `json:"epoch"`
	LeaseUntil marketops.Time      `json:"lease_until"`
	Attempts   Attempts            `json:"attempts"`
	Earlier    []Earlier           `json:"earlier"` // in the operation's order of effects; what no earlier receipt tried is left out
	Drafts     []int64             `json:"drafts"`  // that were noted for the operation, under any receipt: no other is its own
}

// Earlier is a visible effect that was tried under an earlier receipt of the same operation and run, which has ended,
// and that may be on GitHub.
type Earlier struct {
	Effect  string           `json:"effect"`
	Receipt marketops.Digest `json:"receipt"`
	There   bool             `json:"there"` // the newest outcome says that it is on GitHub; else it could not be told
}

// Fence names an epoch; the Core refuses any but the newest.
type Fence struct {
	Receipt marketops.ReceiptID `json:"receipt"`
	Epoch   int64               `json:"epoch"`
}

// Renewal asks for a longer lease, and notes a draft that the publisher made at GitHub or is about to delete.
type Renewal struct {
	Fence
	Draft  int64 `json:"draft"`  // its id; 0 for none
	Struck bool  `json:"struck"` // it is never used again
}

// Effect names a visible effect that is about to be tried.
type Effect struct {
	Fence
	Effect string `json:"effect"`
}

// Attempts says how often each visible effect was tried under a receipt, over all epochs.
type Attempts map[string]int64

// Lease is how long nobody else will take over.
type Lease struct {
	Until    marketops.Time `json:"until"`
	Attempts Attempts       `json:"attempts"`
}

// Decided carries a record that ends or refuses something, and its evidence.
type Decided struct {
	Epoch    int64      `json:"epoch"` // 0 where there is no claim
	Envelope []byte     `json:"envelope"`
	Evidence []Evidence `json:"evidence"`
}

// Revoke asks to withdraw a receipt. The reason becomes evidence.
type Revoke struct {
	Receipt marketops.ReceiptID `json:"receipt"`
	Reason  string              `json:"reason"`
}

// Backup names the folder of a backup on the Core's machine.
type Backup struct {
	Folder string `json:"folder"`
}

// BackedUp is the log's checkpoint that a backup was completed at.
type BackedUp struct {
	Origin string   `json:"origin"`
	Size   int64    `json:"size"`
	Root   log.Hash `json:"root"`
}

// Problem is an answer that is not 200. Kind tells refusals from failures.
type Problem struct {
	Kind   string           `json:"kind"` // "refusal" or "failure"
	Code   marketops.Code   `json:"code"`
	What   string           `json:"what"`
	State  string           `json:"state"`
	Next   string           `json:"next"`
	Checks marketops.Checks `json:"checks"`
}
