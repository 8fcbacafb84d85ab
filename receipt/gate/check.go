// Package gate decides whether one operation may be done under one receipt: see [Check]. It is
// pure. The publisher asks it before it calls GitHub, the Core when it authorises, and verifiers
// ask it of packs and logs; all get one answer for each code of [GateCodes], in that order. A
// check that could not run counts as failed.
package gate

import (
	"errors"
	"fmt"
	"slices"
	"time"

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
	marketops.SignatureInvalid, marketops.ThresholdUnmet, marketops.NotEnforceable, marketops.AudienceMismatch,
	marketops.RunMismatch, marketops.KindMismatch, marketops.RepositoryMismatch, marketops.OperationMismatch,
	marketops.ContentMismatch, marketops.LifetimeExcessive, marketops.NotYetValid, marketops.Expired, marketops.Stale,
	marketops.ApprovalMissing, marketops.SelfApproval, marketops.DuplicatePerson, marketops.RejectedByApprover,
	marketops.ReceiptUnlogged,
}

// CoreCodes are the codes that only the Core can answer, in its order. A publisher's gate asks them after
// [GateCodes].
var CoreCodes = []marketops.Code{
	marketops.PolicySuperseded, marketops.TrustRolledBack, marketops.ClockUnsure,
	marketops.Revoked, marketops.Consumed, marketops.OperationInFlight,
}

// Query is what somebody wants to do: the question that a gate answers.
type Query struct {
	Mode      marketops.Mode
	Run       marketops.RunID
	Op        marketops.Operation
	Host      string             // that the publisher would call
	Content   []marketops.Digest // SHA-256 of the bytes that would be sent, one per asset or change, in order; nil: not measured
	Publisher crypto.KeyID
	Now       marketops.Time
}

// Evidence is what comes with the question.
type Evidence struct {
	Receipts   []receipt.LoggedEnvelope // one per authority, over byte-identical payloads
	Submission receipt.LoggedEnvelope
	Approvals  []receipt.LoggedEnvelope // all that are known for the run, rejections included
	Checkpoint *log.Checkpoint          // verified, and consistent with the one the caller remembers
}

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
	e := &examination{ask: ask, ev: ev, trust: t, answers: map[marketops.Code]marketops.Check{}}
	e.mode()
	e.current()
	if e.open() {
		e.bindings()
		e.times()
		e.approvals()
		e.logged()
	}
	return e.record, e.list()
}

// examination collects answers; what has none at the end did not run.
type examination struct {
	ask     Query
	ev      Evidence
	trust   *trust.Trust
	record  *receipt.Record
	receipt *receipt.Receipt
	answers map[marketops.Code]marketops.Check
}

func (e *examination) list() marketops.Checks {
	out := make(marketops.Checks, len(GateCodes))
	for i, code := range GateCodes {
		c, ok := e.answers[code]
		if !ok {
			c = marketops.Check{Status: marketops.NotRun, Detail: "an earlier check did not pass"}
		}
		c.Code = code
		out[i] = c
	}
	return out
}

// say records one answer; a failure, once given, stays.
func (e *examination) say(code marketops.Code, ok bool, expected, got string) bool {
	if e.answers[code].Status == marketops.Fail {
		return false
	}
	c := marketops.Check{Status: marketops.Pass, Expected: expected, Got: got}
	if !ok {
		c.Status = marketops.Fail
	}
	e.answers[code] = c
	return ok
}

func (e *examination) mode() {
	e.say(marketops.ModeNotProd, e.ask.Mode == marketops.Prod, string(marketops.Prod), string(e.ask.Mode))
}

// current asks whether the trust file may still be used for something new.
func (e *examination) current() {
	if e.trust != nil { // without one, opening says so
		e.say(marketops.TrustExpired, !e.trust.Expired(e.ask.Now), e.trust.File().Expires.String(), e.ask.Now.String())
	}
}

// openCodes are answered by opening the receipts, in the order in which opening finds them.
var openCodes = []marketops.Code{
	marketops.ReceiptMalformed, marketops.PayloadTypeWrong, marketops.SignatureInvalid, marketops.PredicateTypeWrong,
	marketops.KeyUnknown, marketops.KeyRevoked, marketops.KeyOutsideValidity,
}

func (e *examination) open() bool {
	if !e.say(marketops.ReceiptMissing, len(e.ev.Receipts) > 0, "a receipt", fmt.Sprintf("%d", len(e.ev.Receipts))) {
		return false
	}
	if e.trust == nil {
		return e.say(marketops.KeyUnknown, false, "a trust file", "none")
	}
	authorities := map[string]bool{}
	for _, l := range e.ev.Receipts {
		rec, holder, err := e.openOne(l)
		if err != nil {
			e.opened(rec != nil, err)
			return false
		}
		if e.record == nil {
			e.record, e.receipt = rec, rec.Body.(*receipt.Receipt)
		}
		if !crypto.EqualPayload(e.record.Opened, rec.Opened) {
			e.opened(true, marketops.Refuse(marketops.ReceiptMalformed, "the authorities signed different receipts"))
			return false
		}
		authorities[holder.Name] = true
	}
	e.opened(true, nil)
	need := e.trust.AuthorityThreshold(e.receipt.OperationKind, e.receipt.Target)
	return e.say(marketops.ThresholdUnmet, need > 0 && len(authorities) >= need,
		fmt.Sprintf("%d authorities", need), fmt.Sprintf("%d", len(authorities)))
}

func (e *examination) openOne(l receipt.LoggedEnvelope) (*receipt.Record, trust.Holder, error) {
	rec, err := l.Open(e.trust.Ring())
	if errors.Is(err, marketops.RecordUnknown) {
		return nil, trust.Holder{}, marketops.RefuseErr(marketops.PredicateTypeWrong, "not a receipt", err)
	}
	if err != nil {
		return nil, trust.Holder{}, err
	}
	if rec.Body.Kind() != "receipt" {
		return nil, trust.Holder{}, marketops.Refuse(marketops.PredicateTypeWrong, "this is a record of type "+string(rec.Body.Kind()))
	}
	h, err := e.trust.Admit(rec, e.ask.Now, e.position(l))
	return rec, h, err
}

func (e *examination) position(l receipt.LoggedEnvelope) *log.Position {
	if l.Proof == nil || e.ev.Checkpoint == nil {
		return nil
	}
	return &log.Position{Origin: e.ev.Checkpoint.Origin, Index: l.Proof.Index}
}

// opened turns the end of opening into answers: all passed, or those before the failure did. An
// unknown key is found in two places: before any signature held, or because of its role.
func (e *examination) opened(verified bool, err error) {
	failed := marketops.CodeOf(err)
	for _, code := range openCodes {
		if !verified && failed == marketops.KeyUnknown && code == marketops.SignatureInvalid {
			code = marketops.KeyUnknown
		}
		if code == failed {
			e.answers[code] = marketops.Check{Status: marketops.Fail, Detail: err.Error()}
			return
		}
		e.say(code, true, "", "")
	}
	if err != nil {
		e.answers[marketops.ReceiptMalformed] = marketops.Check{Status: marketops.Fail, Detail: err.Error()}
	}
}

func (e *examination) bindings() {
	r, op := e.receipt, e.ask.Op
	e.say(marketops.NotEnforceable, r.Enforceable && r.Mode == marketops.Prod, "enforceable in prod",
		fmt.Sprintf("enforceable=%v in %q", r.Enforceable, r.Mode))
	e.say(marketops.AudienceMismatch, slices.Contains(r.Audience, e.ask.Publisher), fmt.Sprintf("%s", r.Audience), string(e.ask.Publisher))
	e.say(marketops.RunMismatch, r.RunID == e.ask.Run && r.RunID.Valid(), string(r.RunID), string(e.ask.Run))
	e.say(marketops.KindMismatch, r.OperationKind == op.Kind && op.Kind != "", string(r.OperationKind), string(op.Kind))
	e.say(marketops.RepositoryMismatch, r.Target == op.Target && e.ask.Host == op.Target.Host && op.Target.RepositoryID > 0,
		r.Target.FullName+" "+r.Target.ID(), op.Target.FullName+" "+op.Target.ID()+" at "+e.ask.Host)
	d, err := op.Digest()
	e.say(marketops.OperationMismatch, err == nil && d == r.Operation && d == e.record.About(), r.Operation.String(), d.String())
	e.content()
}

// files returns the names and digests of the files that the document names, in its order.
func (e *examination) files() (names []string, want []marketops.Digest) {
	if e.ask.Op.Release != nil {
		for _, a := range e.ask.Op.Release.Assets {
			names, want = append(names, a.Name), append(want, a.SHA256)
		}
	}
	if pr := e.ask.Op.PullRequest; pr != nil && pr.Changes != nil {
		for _, c := range pr.Changes.Changes {
			names, want = append(names, c.Path), append(want, c.SHA256)
		}
	}
	return names, want
}

// content compares the measured bytes with those the document names.
func (e *examination) content() {
	names, want := e.files()
	if e.ask.Content == nil {
		e.answers[marketops.ContentMismatch] = marketops.Check{Status: marketops.NotRun, Detail: "no content was measured"}
		return
	}
	for i := range max(len(want), len(e.ask.Content)) {
		if i >= len(want) || i >= len(e.ask.Content) || want[i] != e.ask.Content[i] {
			e.differs(append(names, "a file that the document does not name")[min(i, len(names))], at(want, i), at(e.ask.Content, i))
		}
	}
	e.say(marketops.ContentMismatch, true, fmt.Sprintf("%d files", len(want)), fmt.Sprintf("%d files", len(e.ask.Content)))
}

// differs names the first file that is not the one that was authorised.
func (e *examination) differs(name, expected, got string) {
	first := e.answers[marketops.ContentMismatch].Status == ""
	if !e.say(marketops.ContentMismatch, false, expected, got) && first {
		c := e.answers[marketops.ContentMismatch]
		c.Detail = name + " is not the file that was authorised"
		e.answers[marketops.ContentMismatch] = c
	}
}

func at(ds []marketops.Digest, i int) string {
	if i >= len(ds) {
		return "no file"
	}
	return ds[i].String()
}

func (e *examination) times() {
	r, now := e.receipt, e.ask.Now
	limit := receipt.MaxLifetime
	if m := marketops.Time(e.trust.File().MaxLifetime); m < limit {
		limit = m
	}
	life := max(r.ExpiresAt-r.IssuedAt, r.ExpiresAt-r.NotBefore)
	e.say(marketops.LifetimeExcessive, life <= limit, seconds(limit), seconds(life))
	e.say(marketops.NotYetValid, r.NotBefore <= now+Epsilon && r.IssuedAt <= now+Epsilon, r.NotBefore.String(), now.String())
	e.say(marketops.Expired, now+Epsilon < r.ExpiresAt, r.ExpiresAt.String(), now.String())
	e.say(marketops.Stale, now-r.IssuedAt <= MaxAge-Epsilon, seconds(MaxAge), seconds(now-r.IssuedAt))
}

func seconds(t marketops.Time) string { return (time.Duration(t) * time.Second).String() }

// logged proves that receipts, submission and approvals stand in the log, in that causal order.
func (e *examination) logged() {
	err := e.included()
	if err != nil {
		e.answers[marketops.ReceiptUnlogged] = marketops.Check{Status: marketops.Fail, Detail: err.Error()}
		return
	}
	e.say(marketops.ReceiptUnlogged, true, "", "")
}

func (e *examination) included() error {
	if e.ev.Checkpoint == nil {
		return errors.New("no checkpoint")
	}
	first := uint64(1<<63 - 1)
	for _, l := range e.ev.Receipts {
		if _, err := e.proved(l); err != nil {
			return fmt.Errorf("receipt: %w", err)
		}
		first = min(first, l.Proof.Index)
	}
	if _, err := e.proved(e.ev.Submission); err != nil {
		return fmt.Errorf("submission: %w", err)
	}
	submitted := e.ev.Submission.Proof.Index
	if submitted >= first {
		return errors.New("the receipt precedes the submission")
	}
	for i, l := range e.ev.Approvals {
		rec, err := e.proved(l)
		if err != nil {
			return fmt.Errorf("approval %d: %w", i, err)
		}
		named := slices.Contains(e.receipt.Approvals, rec.Digest)
		if at := l.Proof.Index; named && (at <= submitted || at >= first) {
			return fmt.Errorf("approval %d, which the receipt names, does not stand between submission and receipt", i)
		}
	}
	return nil
}

func (e *examination) proved(l receipt.LoggedEnvelope) (*receipt.Record, error) {
	if l.Proof == nil {
		return nil, errors.New("no proof")
	}
	rec, err := l.Open(e.trust.Ring())
	if err != nil {
		return rec, err
	}
	return rec, log.VerifyInclusion(rec.LeafHash(), l.Proof.Index, l.Proof.Hashes, e.ev.Checkpoint)
}
