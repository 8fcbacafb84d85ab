// Package gate decides whether one operation may be done under one receipt: see [Check]. It is
// pure. The publisher asks it before it calls GitHub, the Core when it authorises, and verifiers
// ask it of packs and logs; all get one answer for each code of [GateCodes], in that order. A
// check that could not run counts as failed.
package gate

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Epsilon is how far two honest clocks may differ.
const Epsilon = marketops.Time(60) // seconds

// MaxAge is the age at which any receipt is stale.
const MaxAge = marketops.Time(24 * 60 * 60) // seconds

// GateCodes are the codes that [Check] answers, in its order, each once.
var GateCodes = []marketops.Code{
	marketops.ModeNotProd, marketops.TrustExpired, marketops.ReceiptMissing, marketops.ReceiptMalformed,
	marketops.PayloadTypeWrong, marketops.PredicateTypeWrong, marketops.KeyUnknown, marketops.KeyOutsideValidity, marketops.KeyRevoked,
	marketops.SignatureInvalid, marketops.TrustRolledBack, marketops.ThresholdUnmet, marketops.NotEnforceable, marketops.AudienceMismatch,
	marketops.RunMismatch, marketops.KindMismatch, marketops.RepositoryMismatch, marketops.OperationMismatch,
	marketops.ContentMismatch, marketops.LifetimeExcessive, marketops.NotYetValid, marketops.Expired, marketops.Stale,
	marketops.ApprovalMissing, marketops.SelfApproval, marketops.DuplicatePerson, marketops.RejectedByApprover,
	marketops.ReceiptUnlogged,
}

// CoreCodes are the codes that only the Core can answer, in its order. A publisher's gate asks them after
// [GateCodes].
var CoreCodes = []marketops.Code{
	marketops.PolicySuperseded, marketops.ClockUnsure,
	marketops.Revoked, marketops.Consumed, marketops.PrerequisiteOpen, marketops.OperationInFlight,
}

// SharedCodes are codes of the gate that the Core answers too: the votes at hand may not be all, and the trust file
// at hand may be an old one.
var SharedCodes = []marketops.Code{marketops.RejectedByApprover, marketops.TrustRolledBack}

// Query is the question that a gate answers: what a publisher wants to do.
type Query struct {
	Mode      marketops.Mode
	Run       marketops.RunID
	Op        marketops.Operation
	Host      marketops.Host     // that the publisher would call
	Content   []marketops.Digest // SHA-256 of the bytes that would be sent, one per asset or change, in order; nil: not measured
	Publisher crypto.KeyID
	Now       marketops.Time
	Unclaimed bool // asked afterwards of a receipt without a claim: no time of use can be wrong
}

// Evidence is what comes with the question.
type Evidence struct {
	Receipts   []receipt.LoggedEnvelope // one per authority, over byte-identical payloads
	Submission receipt.LoggedEnvelope
	Approvals  []receipt.LoggedEnvelope // all that are known for the run, rejections included
	Checkpoint *log.Checkpoint          // verified, and consistent with the one the caller remembers
}

// Check asks under t, the version of the trust file that is in force at the question. The receipt is judged under
// the version that it names: t or one before it; see [trust.Trust.With].
//
// Check answers every gate code up to [marketops.ReceiptUnlogged], once, in the order of
// [GateCodes]. The receipt is nil unless all passed; one that could not run counts as failed.
// What the Core must answer, and the permit, are the publisher's.
func Check(ask Query, ev Evidence, t *trust.Trust) (*receipt.Record, marketops.Checks) {
	rec, checks := CheckRecorded(ask, ev, t)
	if _, failed := checks.FirstFailure(); failed {
		return nil, checks
	}
	return rec, checks
}

// CheckRecorded is [Check] for those who judge afterwards, by the clock of then: the receipt is returned
// whenever its signature held. [marketops.ContentMismatch] is left not run if nothing was measured, and
// [marketops.TrustExpired] is about new use: a trust file that expired still judges old evidence.
func CheckRecorded(ask Query, ev Evidence, t *trust.Trust) (*receipt.Record, marketops.Checks) {
	e := &examination{ask: ask, trust: t}
	if e.open(ev) {
		e.examine()
	}
	return e.record, e.answers.Select(GateCodes, "an earlier check did not pass")
}

// Judge is [CheckRecorded] of records that the caller has opened under the trust file and proved: a log
// that is walked whole, or a pack. What is not there is not run.
func Judge(ask Query, f Facts, t *trust.Trust) marketops.Checks {
	e := &examination{ask: ask, facts: f, trust: t}
	if t != nil {
		e.examine()
	}
	return e.answers.Select(GateCodes, "an earlier check did not pass")
}

// Facts are what stands in the log about one receipt. The caller vouches for signature and place.
type Facts struct {
	Origin     string
	Receipts   []Placed       // one per authority
	Submission *Placed        // nil: not at hand
	Votes      []Placed       // all that are known for the run, rejections included
	Time       marketops.Time // of the receipt: the latest time that the ledger signed below it, or zero
}

// Placed is an opened record at its place.
type Placed struct {
	Record *receipt.Record
	Index  uint64
}

// examination collects answers; what has none at the end did not run.
type examination struct {
	ask      Query
	facts    Facts
	unopened error        // of submission or votes
	unproved error        // of any record
	trust    *trust.Trust // in force at the question
	law      *trust.Trust // that the receipt names
	record   *receipt.Record
	receipt  *receipt.Receipt
	answers  marketops.Checks
}

func (e *examination) examine() {
	e.put(CheckMode(e.ask.Mode))
	e.checkTrust()
	if e.admitReceipts() {
		e.checkBindings()
		e.checkContent()
		e.checkTimes()
		e.checkApprovals()
		e.checkLogged()
	}
}

// say records one answer; a failure, once given, stays.
func (e *examination) say(code marketops.Code, ok bool, expected, got string) bool {
	if e.answers.Find(code).Status == marketops.Fail {
		return false
	}
	c := marketops.Check{Code: code, Status: marketops.Pass, Expected: expected, Got: got}
	if !ok {
		c.Status = marketops.Fail
	}
	e.put(c)
	return ok
}

func (e *examination) put(c marketops.Check) { e.answers = e.answers.With(c) }

func (e *examination) fail(code marketops.Code, err error) {
	e.put(marketops.Check{Code: code, Status: marketops.Fail, Detail: err.Error()})
}
