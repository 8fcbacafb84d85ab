// Package federation decides what may be authorised. It is pure: it reads no clock, no disk
// and no network, and it signs nothing; package issue does that, and only with a [Authorization].
//
// # What is asked
//
// A [Run] is one submission, every verdict on it that the log holds, and what the Core knows
// about each operation. [Rules.Decide] answers each operation by itself with a [Verdict]: one that
// is denied takes nothing from another.
//
// # How it is decided
//
// For each operation, in this order of precedence of the code that is reported; every question
// is asked all the same, so that one answer names everything that is wanting:
//
//	trust-expired         the trust file has expired
//	rejected-by-approver  a person whom the minimum lists rejected the plan
//	plan-stale            what the plan rests on has changed, or it was submitted too long ago
//	fact-unobserved       the Core observes GitHub, and could not read a fact of the operation
//	threshold-unmet       trust.json demands more authorities than one
//	limit-reached         the repository has too many live receipts
//	policy's own code     policy denies, whoever else approves
//	approval-spent        the approvals at hand have served a receipt for this operation
//	approval-missing      persons are wanted, by the minimum or by policy
//
// The minimum of the trust file is counted by [receipt.Tally] over persons; policy may demand
// more, never less. An approval counts for an operation if it names this very submission,
// policy and operation, stands within its window, and has not served a receipt for the
// operation before. Of several by one person the newest counts. Any rejection is a veto, and
// does not end.
//
// Facts about GitHub are those that the Core observed itself, or none: what a requester
// reports is never a fact.
package federation

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// Limits of time.
const (
	MaxApproval   = marketops.Time(24 * 60 * 60)     // seconds that an approval may stand
	MaxSubmission = marketops.Time(7 * 24 * 60 * 60) // seconds after which a submission is stale
)

// Observer reads GitHub without any right to change it. It asks for each fact by itself.
type Observer interface {
	Observe(ctx context.Context, op marketops.Operation) Seen
}

// Rules are what is in force: whom to believe, and what is allowed.
type Rules struct {
	Trust  *trust.Trust
	Policy *policy.Bundle
	Limits Limits

	Observe bool // core.yaml says observe: github, so that every fact must have been read
}

// Run is a submission and what is known about it.
type Run struct {
	ID         marketops.RunID
	Digest     marketops.Digest // of the submission record
	Submission receipt.Submission
	Requester  trust.Holder
	Votes      []gate.Vote      // every verdict on the submission, in log order
	Operations []OperationState // in the order of the submission
	Now        marketops.Time
}

// OperationState is one operation that wants a receipt.
type OperationState struct {
	Op     marketops.Operation
	Digest marketops.Digest            // of its document
	Spent  map[marketops.Digest]string // approvals that cannot serve another receipt for this operation now, and why
	Held   *marketops.Refusal          // an earlier receipt for this operation must come to its end first; nil if none must
	Live   int                         // live receipts for its repository, those of other runs included
	Seen   *Seen                       // on GitHub; nil: the Core did not look
}

// Verdict is the answer for one operation. The zero value denies.
type Verdict struct {
	Code     marketops.Code // why not; "" if there is leave
	Missing  []string       // whose approval is wanted, in words
	WhyNot   []string       // what else would have to change, in words
	Policies []string       // ids of the deciding policies
	Request  []byte         // what policy judged

	subject Grant
	leave   *Authorization
}

// Leave returns the right to a receipt, or nil.
func (v *Verdict) Leave() *Authorization { return v.leave }

// Subject returns what was judged, for the advisory of a denial.
func (v *Verdict) Subject() Grant { return v.subject }

// Authorization is the right to one receipt for one operation. Only [Rules.Decide] makes one.
type Authorization struct{ grant *Grant }

// Grant returns what the receipt must say; false for a Leave that nothing decided.
func (l *Authorization) Grant() (Grant, bool) {
	if l == nil || l.grant == nil {
		return Grant{}, false
	}
	return *l.grant, true
}

// Grant is everything about a receipt that was decided.
type Grant struct {
	Run        marketops.RunID
	Op         marketops.Operation
	Operation  marketops.Digest
	Plan       marketops.Digest
	Policy     marketops.Digest
	Trust      receipt.TrustRef
	Submission marketops.Digest
	Approvals  []marketops.Digest
}
