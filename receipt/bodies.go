package receipt

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

// MaxLifetime is the longest that any receipt may live.
const MaxLifetime = marketops.Time(24 * 60 * 60) // seconds

// OperationRef names an operation with what decides whose word it needs: two references are of one
// operation only if all three are equal.
type OperationRef struct {
	Operation marketops.Digest `json:"operation"` // of the operation document
	Kind      marketops.Kind   `json:"kind"`
	Target    marketops.Target `json:"target"`
}

// RefTo returns the reference to an operation whose document has this digest.
func RefTo(op *marketops.Operation, d marketops.Digest) OperationRef {
	return OperationRef{d, op.Kind, op.Target}
}

// Submission asks for authority.
type Submission struct {
	Header
	RunID      marketops.RunID  `json:"run_id"`
	Requester  string           `json:"requester"` // person id; the signing key must be theirs
	Plan       marketops.Digest `json:"plan"`
	Operations []OperationRef   `json:"operations"`  // of the plan, in its order
	Findings   marketops.Digest `json:"findings"`    // salted, of the plan's findings
	NotShipped marketops.Digest `json:"not_shipped"` // salted, of the rejected publications
}

// Approval is one person's verdict.
type Approval struct {
	Header
	Verdict    Verdict          `json:"verdict"`
	RunID      marketops.RunID  `json:"run_id"`
	Submission marketops.Digest `json:"submission"`
	Requester  string           `json:"requester"`
	Plan       marketops.Digest `json:"plan"`
	Operations []OperationRef   `json:"operations"` // of the plan, in its order
	Policy     marketops.Digest `json:"policy"`
	Reason     string           `json:"reason"` // at most [marketops.MaxName] bytes; may be empty
	NotBefore  marketops.Time   `json:"not_before"`
	ExpiresAt  marketops.Time   `json:"expires_at"`
}

// TrustRef names the trust file that was in force.
type TrustRef struct {
	Version int64            `json:"version"`
	Digest  marketops.Digest `json:"digest"`
}

// Receipt is the authority to do one operation once. After the operation document its subjects are the
// assets, so that stock verifiers find both. It names no signer: each authority signs the same payload.
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

// Ref names the operation that the receipt is for.
func (r *Receipt) Ref() OperationRef { return OperationRef{r.Operation, r.OperationKind, r.Target} }

// Advisory says what was decided and authorises nothing.
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

// Claim is one epoch of using a receipt.
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

// Intent is public before GitHub is called.
type Intent struct {
	Header
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Claim     marketops.Digest    `json:"claim"`
	Receipt   marketops.Digest    `json:"receipt"`
	Operation marketops.Digest    `json:"operation"`
	Epoch     int64               `json:"epoch"`
}

// Effect is one visible change on GitHub, whether it is there, and how often it was tried.
type Effect struct {
	Name     string            `json:"name"` // one of [EffectNames]
	State    EffectState       `json:"state"`
	Attempts int64             `json:"attempts"`         // under this receipt, as the ledger counted them
	Earlier  *marketops.Digest `json:"earlier,omitzero"` // the receipt that made what is adopted
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

// Outcome is what became of a claimed receipt.
type Outcome struct {
	Header
	OperationID   marketops.Digest    `json:"operation_id"`
	RunID         marketops.RunID     `json:"run_id"`
	ReceiptID     marketops.ReceiptID `json:"receipt_id"`
	Receipt       marketops.Digest    `json:"receipt"`
	OperationKind marketops.Kind      `json:"operation_kind"`
	Epoch         int64               `json:"epoch"`
	Intent        *log.Position       `json:"intent"`   // null only where a claim was rejected before its intent
	Status        Status              `json:"status"`   // success, failed, rejected or unknown
	Effects       []Effect            `json:"effects"`  // all of the kind, in order; none where there was no intent
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

// Refusal records that a caller was refused before a claim. Ids that are not known are empty.
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

// Resolution decides an unknown outcome.
type Resolution struct {
	Header
	Operation marketops.Digest    `json:"operation"`
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Outcome   marketops.Digest    `json:"outcome"`
	Position  log.Position        `json:"position"` // of that outcome
	Verdict   Status              `json:"verdict"`  // success or failed
	Reason    marketops.Digest    `json:"reason"`   // salted
}

// Revocation withdraws a receipt.
type Revocation struct {
	Header
	Operation marketops.Digest    `json:"operation"`
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Receipt   marketops.Digest    `json:"receipt"`
	By        string              `json:"by"`     // person id who asked for it
	Reason    marketops.Digest    `json:"reason"` // salted
}

// RunClosed seals a run.
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

// TrustAdopted says from which place of the log on a trust file is in force.
type TrustAdopted struct {
	Header
	Trust     TrustRef         `json:"trust"`
	Previous  marketops.Digest `json:"previous"`  // of the trust file before; zero for the first in this log
	Effective marketops.Time   `json:"effective"` // as the file says
}

// Request signs one call to the Core. It is never logged.
type Request struct {
	Header
	Method    string           `json:"method"` // "POST /v1/claim"
	Body      marketops.Digest `json:"body"`
	Core      string           `json:"core"`
	ExpiresAt marketops.Time   `json:"expires_at"` // at most [MaxRequestAge] after issued_at
}

// Answer signs what the Core answered to one call. It is never logged.
type Answer struct {
	Header
	Request marketops.Digest `json:"request"` // SHA-256 of the envelope that the call carried
	Status  int64            `json:"status"`  // of HTTP
	Body    marketops.Digest `json:"body"`    // SHA-256 of the answer's body
}

// MaxRequestAge is how long a signed request may live.
const MaxRequestAge = marketops.Time(60) // seconds
