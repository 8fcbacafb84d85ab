package receipt

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

// MaxLifetime is the longest that any receipt may live.
const MaxLifetime = marketops.Time(24 * 60 * 60) // seconds

// Submission asks for authority. Subject: the plan.
type Submission struct {
	Header
	RunID      marketops.RunID    `json:"run_id"`
	Requester  string             `json:"requester"` // person id; the signing key must be theirs
	Plan       marketops.Digest   `json:"plan"`
	Operations []marketops.Digest `json:"operations"`
	Findings   marketops.Digest   `json:"findings"`    // salted, of the plan's findings
	NotShipped marketops.Digest   `json:"not_shipped"` // salted, of the rejected publications
}

// Approval is one person's verdict. Subject: the plan.
type Approval struct {
	Header
	Verdict    Verdict            `json:"verdict"`
	RunID      marketops.RunID    `json:"run_id"`
	Submission marketops.Digest   `json:"submission"`
	Requester  string             `json:"requester"`
	Plan       marketops.Digest   `json:"plan"`
	Operations []marketops.Digest `json:"operations"`
	Policy     marketops.Digest   `json:"policy"`
	Reason     string             `json:"reason"` // at most [marketops.MaxName] bytes; may be empty
	NotBefore  marketops.Time     `json:"not_before"`
	ExpiresAt  marketops.Time     `json:"expires_at"`
}

// TrustRef names the trust file that was in force.
type TrustRef struct {
	Version int64            `json:"version"`
	Digest  marketops.Digest `json:"digest"`
}

// Receipt is the authority to do one operation once. Subjects: the operation document, then
// each asset, so that stock verifiers find both.
type Receipt struct {
	Header
	ReceiptID     marketops.ReceiptID `json:"receipt_id"`
	RunID         marketops.RunID     `json:"run_id"`
	OperationKind marketops.Kind      `json:"operation_kind"`
	Operation     marketops.Digest    `json:"operation"`
	Plan          marketops.Digest    `json:"plan"`
	Policy        marketops.Digest    `json:"policy"`
	Trust         TrustRef            `json:"trust"`
	Target        marketops.Target    `json:"target"`
	Audience      []crypto.KeyID      `json:"audience"`
	Mode          marketops.Mode      `json:"mode"`
	Enforceable   bool                `json:"enforceable"`
	NotBefore     marketops.Time      `json:"not_before"`
	ExpiresAt     marketops.Time      `json:"expires_at"`
	Submission    marketops.Digest    `json:"submission"`
	Approvals     []marketops.Digest  `json:"approvals"`
}

// Advisory says what was decided and authorises nothing. Subject: the operation document.
type Advisory struct {
	Header
	ReceiptID     marketops.ReceiptID `json:"receipt_id"`
	RunID         marketops.RunID     `json:"run_id"`
	OperationKind marketops.Kind      `json:"operation_kind"`
	Operation     marketops.Digest    `json:"operation"`
	Plan          marketops.Digest    `json:"plan"`
	Policy        marketops.Digest    `json:"policy"` // zero where no policy was asked
	Target        marketops.Target    `json:"target"`
	Mode          marketops.Mode      `json:"mode"`
	Enforceable   bool                `json:"enforceable"` // false
	Decision      Decision            `json:"decision"`
	Codes         []marketops.Code    `json:"codes"`
	WhyNot        marketops.Digest    `json:"why_not"` // salted
}

// Claim is one epoch of using a receipt. Subject: the operation document.
type Claim struct {
	Header
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Receipt   marketops.Digest    `json:"receipt"`
	Operation marketops.Digest    `json:"operation"`
	Publisher crypto.KeyID        `json:"publisher"`
	Epoch     int64               `json:"epoch"`    // from 1
	Previous  *marketops.Digest   `json:"previous"` // the claim of the epoch before; null at epoch 1
}

// Intent is public before GitHub is called. Subject: the operation document.
type Intent struct {
	Header
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Claim     marketops.Digest    `json:"claim"`
	Receipt   marketops.Digest    `json:"receipt"`
	Operation marketops.Digest    `json:"operation"`
	Epoch     int64               `json:"epoch"`
}

// Effect is one visible change on GitHub and whether it is there.
type Effect struct {
	Name  string      `json:"name"` // "tag", "release", "pull_request", …
	State EffectState `json:"state"`
}

// GitHubID is one identifier that GitHub gave, such as a release id or a tag object.
type GitHubID struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// CheckpointRef is the checkpoint that a publisher verified before it acted.
type CheckpointRef struct {
	Origin string   `json:"origin"`
	Size   int64    `json:"size"`
	Root   log.Hash `json:"root"`
}

// Outcome is what became of a claimed receipt. Subject: the operation document.
type Outcome struct {
	Header
	OperationID   marketops.Digest    `json:"operation_id"`
	RunID         marketops.RunID     `json:"run_id"`
	ReceiptID     marketops.ReceiptID `json:"receipt_id"`
	Receipt       marketops.Digest    `json:"receipt"`
	OperationKind marketops.Kind      `json:"operation_kind"`
	Epoch         int64               `json:"epoch"`
	Intent        *log.Position       `json:"intent"` // null only for rejected
	Status        Status              `json:"status"` // success, failed, rejected or unknown
	Effects       []Effect            `json:"effects"`
	Code          marketops.Code      `json:"code"`     // "" for success
	Error         marketops.Digest    `json:"error"`    // salted; zero if there is no text
	Response      marketops.Digest    `json:"response"` // salted; zero if there is none
	RetryCount    int64               `json:"retry_count"`
	GitHub        []GitHubID          `json:"github"`
	Checkpoint    *CheckpointRef      `json:"checkpoint"` // what the publisher saw; null if the ledger signed
}

// CheckResult is one check of a refusal, without the free text.
type CheckResult struct {
	Code   marketops.Code   `json:"code"`
	Status marketops.Status `json:"status"`
}

// Refusal records that somebody asked and was refused before a claim. Subject: the operation
// document where it is known, else the request's digest. Ids that are not known are empty.
type Refusal struct {
	Header
	OperationID   marketops.Digest `json:"operation_id"`
	RunID         string           `json:"run_id"`
	ReceiptID     string           `json:"receipt_id"`
	OperationKind marketops.Kind   `json:"operation_kind"`
	Request       marketops.Digest `json:"request"`
	Code          marketops.Code   `json:"code"`
	Checks        []CheckResult    `json:"checks"`
	Evidence      marketops.Digest `json:"evidence"` // salted; zero if there is none
}

// Resolution decides an unknown outcome. Subject: the operation document.
type Resolution struct {
	Header
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Outcome   marketops.Digest    `json:"outcome"`
	Position  log.Position        `json:"position"` // of that outcome
	Verdict   Status              `json:"verdict"`  // success or failed
	Reason    marketops.Digest    `json:"reason"`   // salted
}

// Revocation withdraws a receipt. Subject: the operation document.
type Revocation struct {
	Header
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Receipt   marketops.Digest    `json:"receipt"`
	By        string              `json:"by"`     // person id who asked for it
	Reason    marketops.Digest    `json:"reason"` // salted
}

// RunClosed seals a run. Subject: the plan.
type RunClosed struct {
	Header
	RunID    marketops.RunID    `json:"run_id"`
	Plan     marketops.Digest   `json:"plan"`
	Counts   []Count            `json:"counts"`  // in name order
	Records  []marketops.Digest `json:"records"` // every record of the run at lower positions, in their order
	Previous *marketops.Digest  `json:"previous"`
}

// Count is how many records of one name a run has.
type Count struct {
	Name  Kind  `json:"name"`
	Count int64 `json:"count"`
}

// Request signs one call to the Core. Subject: the body. It is never logged.
type Request struct {
	Header
	Method    string           `json:"method"` // "POST /v1/claim"
	Body      marketops.Digest `json:"body"`
	Core      string           `json:"core"`
	ExpiresAt marketops.Time   `json:"expires_at"` // at most [MaxRequestAge] after issued_at
}

// MaxRequestAge is how long a signed request may live.
const MaxRequestAge = marketops.Time(60) // seconds
