package verifier

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// Verdict is the answer of a whole report. The zero value is no answer and counts as failed.
type Verdict string

// The verdicts.
const (
	Verified      Verdict = "verified"
	Failed        Verdict = "failed"
	Indeterminate Verdict = "indeterminate" // nothing is wrong, but something that the verdict needs is not there
)

// Kind is what a report is about; it decides which checks are required.
type Kind string

// The kinds.
const (
	OfPack        Kind = "pack"
	OfAudit       Kind = "audit"
	OfCheckpoints Kind = "checkpoints"
	OfBundle      Kind = "bundle"
)

// MaxChecks is how many checks that passed a report lists, and how many others. Further ones
// count for the verdict and are counted in Omitted.
const MaxChecks = 10_000

const (
	schemaReport = "marketops.report/v1"

	// unwitnessed is added to every verdict where no witness stands beside the operator.
	unwitnessed = "order, time and append-only rest on the operator"
)

// Exit codes of a verification, those of the command line.
const (
	ExitVerified     = 0
	ExitFailed       = 11 // failed or indeterminate
	ExitMisbehaviour = 14 // the log forked or was rolled back
)

// Check is one question that was asked, under a name that never changes. The code of a check
// that passed is empty; of one that failed, it says how.
type Check struct {
	Name     string           `json:"name"`
	Subject  string           `json:"subject,omitzero"` // a receipt id, a leaf, a file; "" for the whole
	Code     marketops.Code   `json:"code,omitzero"`
	Status   marketops.Status `json:"status"`
	Expected string           `json:"expected,omitzero"`
	Got      string           `json:"got,omitzero"`
	Detail   string           `json:"detail,omitzero"`
}

// Checkpoint is what a report was computed from.
type Checkpoint struct {
	Origin     string         `json:"origin"`
	Size       uint64         `json:"size"`
	Root       log.Hash       `json:"root"`
	Quorum     string         `json:"quorum"` // of witnesses, "none" if trust.json demands none
	CosignedAt marketops.Time `json:"cosigned_at,omitzero"`
}

// Operation is one authorised operation and what became of it.
type Operation struct {
	Receipt    marketops.ReceiptID `json:"receipt"`
	Operation  marketops.Digest    `json:"operation"`
	Kind       marketops.Kind      `json:"kind"`
	Repository string              `json:"repository"` // owner/name
	Target     string              `json:"target"`     // host#id
	Resource   string              `json:"resource,omitzero"`
	FoundTag   string              `json:"found_tag,omitzero"` // the object of a tag that the operation did not make
	URL        string              `json:"url,omitzero"`
	Status     receipt.Status      `json:"status"`
	Fate       string              `json:"fate,omitzero"` // the status in words; "" unless the verdict is verified
	Code       marketops.Code      `json:"code,omitzero"`
	Effects    []Effect            `json:"effects"`            // by the receipt's outcome; none without one that lists them
	Requester  string              `json:"requester,omitzero"` // person
	Approvers  []string            `json:"approvers"`          // persons
	Authority  []string            `json:"authorities"`
	Publisher  string              `json:"publisher,omitzero"`
	Resolver   string              `json:"resolver,omitzero"` // person who decided an unknown outcome
	Positions  []Place             `json:"positions"`         // in log order
}

// Effect is one visible effect of an operation and what became of it under a receipt.
type Effect struct {
	Name     string              `json:"name"`
	State    receipt.EffectState `json:"state"`
	Attempts int64               `json:"attempts"`
	Earlier  marketops.ReceiptID `json:"earlier,omitzero"` // the receipt that made what is adopted; "" if it was not given
}

// Place is where a record stands in the log.
type Place struct {
	Record receipt.Kind `json:"record"`
	Index  uint64       `json:"index"`
}

// Refusal is one recorded refusal.
type Refusal struct {
	Index     uint64           `json:"index"`
	Code      marketops.Code   `json:"code"`
	Run       string           `json:"run,omitzero"`
	Receipt   string           `json:"receipt,omitzero"`
	Operation marketops.Digest `json:"operation,omitzero"`
	Kind      marketops.Kind   `json:"kind,omitzero"`
	By        string           `json:"by"`
	At        marketops.Time   `json:"at"`
}

// Count is how many entries of one kind an audit saw.
type Count struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// Report is the answer of a verification. The zero value is a failure.
type Report struct {
	Schema       string           `json:"schema"` // "marketops.report/v1"
	Kind         Kind             `json:"kind"`
	Verdict      Verdict          `json:"verdict"`
	Code         marketops.Code   `json:"code,omitzero"`    // of the first check that decided against verified
	Shown        string           `json:"shown,omitzero"`   // of what was verified, in one line; "" unless the verdict is verified
	Level        Level            `json:"level,omitzero"`   // at which the verdict is given
	Lowered      bool             `json:"lowered,omitzero"` // the level is below the one that trust.json names
	Unwitnessed  string           `json:"unwitnessed,omitzero"`
	Run          marketops.RunID  `json:"run,omitzero"`
	Plan         marketops.Digest `json:"plan,omitzero"`
	At           marketops.Time   `json:"at,omitzero"` // when, as the caller says
	TrustDigest  marketops.Digest `json:"trust_digest,omitzero"`
	TrustVersion int64            `json:"trust_version,omitzero"`
	Checkpoint   *Checkpoint      `json:"checkpoint,omitzero"`
	Checks       []Check          `json:"checks"`
	Omitted      int              `json:"omitted,omitzero"`
	Operations   []Operation      `json:"operations"`
	Refusals     []Refusal        `json:"refusals"`
	Since        *Checkpoint      `json:"since,omitzero"` // that the log was proved to extend
	Counts       []Count          `json:"counts,omitzero"`
	Fork         *Fork            `json:"fork,omitzero"`     // both statements of a log that contradicts itself
	Next         string           `json:"next,omitzero"`     // what to do, where the code alone does not tell
	Kept         string           `json:"kept,omitzero"`     // the file with both, set by who wrote it
	NotKept      string           `json:"not_kept,omitzero"` // or why there is none
	New          []Count          `json:"new,omitzero"`      // of the entries above Since
	NotCovered   []string         `json:"not_covered"`

	worst     Verdict
	code      marketops.Code
	answered  map[string]bool // names that passed or failed
	forked    bool
	passed    int // checks listed or omitted
	others    int
	concluded bool
}
