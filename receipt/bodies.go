package receipt

import (
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

// MaxLifetime is the longest that any receipt may live.
const MaxLifetime = marketops.Time(24 * 60 * 60) // seconds

// Submission asks for authority. Subject: the plan.
type Submission struct {
	Head
	RunID      marketops.RunID    `json:"run_id"`
	Requester  string             `json:"requester"` // person id; the signing key must be theirs
	Plan       marketops.Digest   `json:"plan"`
	Operations []marketops.Digest `json:"operations"`
	Findings   marketops.Digest   `json:"findings"`    // salted, of the plan's findings
	NotShipped marketops.Digest   `json:"not_shipped"` // salted, of the rejected publications
}

// Approval is one person's verdict. Subject: the plan.
type Approval struct {
	Head
	Verdict    string             `json:"verdict"` // "approve" or "reject"
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
	Head
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
	Head
	ReceiptID     marketops.ReceiptID `json:"receipt_id"`
	RunID         marketops.RunID     `json:"run_id"`
	OperationKind marketops.Kind      `json:"operation_kind"`
	Operation     marketops.Digest    `json:"operation"`
	Plan          marketops.Digest    `json:"plan"`
	Policy        marketops.Digest    `json:"policy"` // zero where no policy was asked
	Target        marketops.Target    `json:"target"`
	Mode          marketops.Mode      `json:"mode"`
	Enforceable   bool                `json:"enforceable"` // false
	Decision      string              `json:"decision"`    // "blocked_by_mode" or "denied"
	Codes         []marketops.Code    `json:"codes"`
	WhyNot        marketops.Digest    `json:"why_not"` // salted
}

// Claim is one epoch of spending a receipt. Subject: the operation document.
type Claim struct {
	Head
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
	Head
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Claim     marketops.Digest    `json:"claim"`
	Receipt   marketops.Digest    `json:"receipt"`
	Operation marketops.Digest    `json:"operation"`
	Epoch     int64               `json:"epoch"`
}

// Effect is one visible change on GitHub and whether it is there.
type Effect struct {
	Name  string `json:"name"`  // "tag", "release", "pull_request", …
	State string `json:"state"` // "applied", "absent" or "unknown"
}

// GitHubID is one identifier that GitHub gave, such as a release id or a tag object.
type GitHubID struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Seen is the checkpoint that a publisher verified before it acted.
type Seen struct {
	Origin string   `json:"origin"`
	Size   int64    `json:"size"`
	Root   log.Hash `json:"root"`
}

// Outcome is what became of a claimed receipt. Subject: the operation document.
type Outcome struct {
	Head
	OperationID   marketops.Digest    `json:"operation_id"`
	RunID         marketops.RunID     `json:"run_id"`
	ReceiptID     marketops.ReceiptID `json:"receipt_id"`
	Receipt       marketops.Digest    `json:"receipt"`
	OperationKind marketops.Kind      `json:"operation_kind"`
	Epoch         int64               `json:"epoch"`
	Intent        *log.Position       `json:"intent"` // null only for rejected
	Status        string              `json:"status"` // success, failed, rejected or unknown
	Effects       []Effect            `json:"effects"`
	Code          marketops.Code      `json:"code"`     // "" for success
	Error         marketops.Digest    `json:"error"`    // salted; zero if there is no text
	Response      marketops.Digest    `json:"response"` // salted; zero if there is none
	RetryCount    int64               `json:"retry_count"`
	GitHub        []GitHubID          `json:"github"`
	Checkpoint    *Seen               `json:"checkpoint"` // what the publisher saw; null if the ledger signed
}

// CheckResult is one check of a refusal, without the free text.
type CheckResult struct {
	Code   marketops.Code   `json:"code"`
	Status marketops.Status `json:"status"`
}

// Refusal records that somebody asked and was refused before a claim. Subject: the operation
// document where it is known, else the request's digest. Ids that are not known are empty.
type Refusal struct {
	Head
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
	Head
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Outcome   marketops.Digest    `json:"outcome"`
	Position  log.Position        `json:"position"` // of that outcome
	Verdict   string              `json:"verdict"`  // "success" or "failed"
	Reason    marketops.Digest    `json:"reason"`   // salted
}

// Revocation withdraws a receipt. Subject: the operation document.
type Revocation struct {
	Head
	RunID     marketops.RunID     `json:"run_id"`
	ReceiptID marketops.ReceiptID `json:"receipt_id"`
	Receipt   marketops.Digest    `json:"receipt"`
	By        string              `json:"by"`     // person id who asked for it
	Reason    marketops.Digest    `json:"reason"` // salted
}

// RunClosed seals a run. Subject: the plan.
type RunClosed struct {
	Head
	RunID    marketops.RunID    `json:"run_id"`
	Plan     marketops.Digest   `json:"plan"`
	Counts   []Count            `json:"counts"`  // in name order
	Records  []marketops.Digest `json:"records"` // every record of the run at lower positions, in their order
	Previous *marketops.Digest  `json:"previous"`
}

// Count is how many records of one name a run has.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Request signs one call to the Core. Subject: the body. It is never logged.
type Request struct {
	Head
	Method    string           `json:"method"` // "POST /v1/claim"
	Body      marketops.Digest `json:"body"`
	Core      string           `json:"core"`
	ExpiresAt marketops.Time   `json:"expires_at"` // at most [MaxRequestAge] after issued_at
}

// MaxRequestAge is how long a signed request may live.
const MaxRequestAge = marketops.Time(60) // seconds

// Name implements [Body].
func (*Submission) Name() string { return "submission" }

// Name implements [Body].
func (*Approval) Name() string { return "approval" }

// Name implements [Body].
func (*Receipt) Name() string { return "receipt" }

// Name implements [Body].
func (*Advisory) Name() string { return "advisory" }

// Name implements [Body].
func (*Claim) Name() string { return "claim" }

// Name implements [Body].
func (*Intent) Name() string { return "intent" }

// Name implements [Body].
func (*Outcome) Name() string { return "outcome" }

// Name implements [Body].
func (*Refusal) Name() string { return "refusal" }

// Name implements [Body].
func (*Resolution) Name() string { return "resolution" }

// Name implements [Body].
func (*Revocation) Name() string { return "revocation" }

// Name implements [Body].
func (*RunClosed) Name() string { return "run-closed" }

// Name implements [Body].
func (*Request) Name() string { return "request" }

var (
	errDigest = errors.New("a digest is missing")
	errWindow = errors.New("the window ends before it begins")
)

func digests(required ...marketops.Digest) error {
	for _, d := range required {
		if d.IsZero() {
			return errDigest
		}
	}
	return nil
}

func operations(ops []marketops.Digest) error {
	if len(ops) == 0 || len(ops) > marketops.MaxAssets {
		return fmt.Errorf("%d operations", len(ops))
	}
	return digests(ops...)
}

func oneOf(what, got string, allowed ...string) error {
	for _, a := range allowed {
		if got == a {
			return nil
		}
	}
	return fmt.Errorf("%s is %.40q, want one of %q", what, got, allowed)
}

func (s *Submission) validate() error {
	return errors.Join(s.Head.validate(), operations(s.Operations), personID(s.Requester), digests(s.Plan, s.Findings, s.NotShipped))
}

func (a *Approval) validate() error {
	if a.ExpiresAt <= a.NotBefore {
		return errWindow
	}
	return errors.Join(a.Head.validate(), oneOf("verdict", a.Verdict, "approve", "reject"), operations(a.Operations),
		personID(a.Requester), marketops.Line("reason", a.Reason), digests(a.Submission, a.Plan, a.Policy))
}

func (r *Receipt) validate() error {
	if r.ExpiresAt <= r.NotBefore {
		return errWindow
	}
	if len(r.Audience) == 0 {
		return errors.New("the audience is empty")
	}
	return errors.Join(r.Head.validate(), digests(r.Operation, r.Plan, r.Policy, r.Trust.Digest, r.Submission), digests(r.Approvals...))
}

func (a *Advisory) validate() error {
	if a.Enforceable {
		return errors.New("an advisory cannot be enforceable")
	}
	return errors.Join(a.Head.validate(), digests(a.Operation, a.Plan), oneOf("decision", a.Decision, "blocked_by_mode", "denied"))
}

func (c *Claim) validate() error {
	if c.Epoch < 1 || (c.Epoch == 1) != (c.Previous == nil) {
		return errors.New("epoch 1, and only epoch 1, has no previous claim")
	}
	if c.Previous != nil && c.Previous.IsZero() {
		return errDigest
	}
	return errors.Join(c.Head.validate(), digests(c.Receipt, c.Operation))
}

func (i *Intent) validate() error {
	if i.Epoch < 1 {
		return errors.New("epochs count from 1")
	}
	return errors.Join(i.Head.validate(), digests(i.Claim, i.Receipt, i.Operation))
}

func (o *Outcome) validate() error {
	if (o.Intent == nil) != (o.Status == "rejected") {
		return errors.New("every outcome but rejected names its intent")
	}
	if (o.Code == "") != (o.Status == "success") {
		return errors.New("every outcome but success has a code")
	}
	for _, e := range o.Effects {
		if err := oneOf("effect state", e.State, "applied", "absent", "unknown"); err != nil {
			return err
		}
		if o.Status == "failed" && e.State == "unknown" || o.Status == "success" && e.State != "applied" || o.Status == "rejected" {
			return fmt.Errorf("effect %.40q is %s in an outcome that is %s", e.Name, e.State, o.Status)
		}
	}
	if o.Status == "success" && len(o.Effects) == 0 {
		return errors.New("a success names what it changed")
	}
	return errors.Join(o.Head.validate(), digests(o.OperationID, o.Receipt),
		oneOf("status", o.Status, "success", "failed", "rejected", "unknown"))
}

func (r *Refusal) validate() error {
	if r.Code == "" {
		return errors.New("a refusal has a code")
	}
	return errors.Join(r.Head.validate(), digests(r.Request))
}

func (r *Resolution) validate() error {
	return errors.Join(r.Head.validate(), digests(r.Outcome, r.Reason), oneOf("verdict", r.Verdict, "success", "failed"))
}

func (r *Revocation) validate() error {
	return errors.Join(r.Head.validate(), digests(r.Receipt, r.Reason), personID(r.By))
}

func (r *RunClosed) validate() error {
	return errors.Join(r.Head.validate(), digests(r.Plan), digests(r.Records...))
}

func (r *Request) validate() error {
	if r.ExpiresAt <= r.IssuedAt || r.ExpiresAt-r.IssuedAt > MaxRequestAge {
		return fmt.Errorf("a request lives 1 to %d seconds", MaxRequestAge)
	}
	return r.Head.validate()
}
