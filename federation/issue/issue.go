// Package issue is the only code that signs in the Core's name. Everything else in the Core
// decides; this mints what was decided, and nothing can be minted that was not:
//
//	receipt      authority   needs a [federation.Authorization], which only federation.Rules.Decide makes
//	revocation   authority
//	advisory     advisory    of a verdict without leave
//	claim        ledger
//	outcome      ledger      rejected before the first attempt, unknown from executing, and nothing else
//	refusal      ledger
//	run-closed   ledger
//	shard-sealed, shard-genesis   ledger
//	answer       ledger      to one call; it is not logged
//
// The three keys are distinct. Free text goes into evidence that the records name by salted
// digest only; it is returned beside the record for the caller to store first.
package issue

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// Keys are the Core's signing keys, all distinct.
type Keys struct {
	Authority crypto.Signer
	Advisory  crypto.Signer
	Ledger    crypto.Signer
}

// Issuer signs records. It may be used by several goroutines if its keys and random source may.
type Issuer struct {
	keys   Keys
	random io.Reader
	now    func() marketops.Time
	trust  func() *trust.Trust // the file in force

	mu     sync.Mutex
	latest marketops.Time // date of a record
}

// New refuses missing keys, one key in two roles, and a missing clock, random source or trust. Nothing is
// signed with a key that the trust file in force does not admit.
func New(k Keys, random io.Reader, now func() marketops.Time, inForce func() *trust.Trust) (*Issuer, error) {
	seen := map[crypto.KeyID]bool{}
	for _, s := range []crypto.Signer{k.Authority, k.Advisory, k.Ledger} {
		if s == nil || s.Public().IsZero() || seen[s.Public().ID()] {
			return nil, marketops.Refuse(marketops.KeyUnreadable, "authority, advisory and ledger must be three distinct keys")
		}
		seen[s.Public().ID()] = true
	}
	if random == nil || now == nil || inForce == nil {
		return nil, errors.New("an issuer needs a random source, a clock and a trust file")
	}
	return &Issuer{keys: k, random: random, now: now, trust: inForce}, nil
}

// seal signs a record, unless its key was revoked, or ends before the record is sure to stand in the log:
// every audit would refuse it.
func (m *Issuer) seal(body receipt.Body, by crypto.Signer, files ...receipt.Subject) (*receipt.Record, error) {
	return sealUnder(m.trust(), body, by, files...)
}

func sealUnder(law *trust.Trust, body receipt.Body, by crypto.Signer, files ...receipt.Subject) (*receipt.Record, error) {
	rec, err := receipt.Seal(body, by, files...)
	if err != nil {
		return nil, err
	}
	if _, err := law.Admit(rec, body.Issued()+gate.Epsilon, nil); err != nil {
		return nil, &marketops.Refusal{Code: marketops.CodeOf(err), What: "the Core's own key: " + err.Error(), State: "nothing was recorded",
			Next: "ask the operator of the Core for new keys, or a later not_after, in trust.json"}
	}
	return rec, nil
}

// Evidence is a text and the salted digest by which a record names it.
type Evidence struct {
	Digest marketops.Digest
	Text   []byte
}

// Receipt signs the receipt for which there is leave. It lives from now for life seconds, at
// most [receipt.MaxLifetime]; audience are the publishers' keys. Errors: a leave that nothing
// decided, an empty audience, or a life out of bounds.
func (m *Issuer) Receipt(l *federation.Authorization, audience []crypto.KeyID, life marketops.Time) (*receipt.Record, error) {
	g, ok := l.Grant()
	if !ok {
		return nil, marketops.Refuse(marketops.PolicyDenied, "nothing was decided that gives leave to a receipt")
	}
	if life < 1 || life > receipt.MaxLifetime || len(audience) == 0 {
		return nil, marketops.Refuse(marketops.LifetimeExcessive, fmt.Sprintf("a receipt of %d s for %d publishers", life, len(audience)))
	}
	head, id, err := m.headAndID()
	if err != nil {
		return nil, err
	}
	audience = slices.Clone(audience)
	slices.Sort(audience)
	return m.seal(&receipt.Receipt{
		Header: head, ReceiptID: id, RunID: g.Run, OperationKind: g.Op.Kind, Operation: g.Operation, Plan: g.Plan, Policy: g.Policy,
		Trust: g.Trust, Target: g.Op.Target, Audience: audience, Mode: marketops.Prod, Enforceable: true,
		NotBefore: head.IssuedAt, ExpiresAt: head.IssuedAt + life, Submission: g.Submission, Approvals: g.Approvals,
	}, m.keys.Authority, receipt.Files(&g.Op)...)
}

// standStill is how far a clock may go back before it is believed: it may have been wrong before.
const standStill = marketops.Time(24 * 60 * 60) // seconds

// Resume dates no record before latest, as if this issuer had signed one then.
func (m *Issuer) Resume(latest marketops.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = max(m.latest, latest)
}

// head dates a record. Where the clock went back it stands still, for an audit refuses a claim that is dated
// before its receipt.
func (m *Issuer) head() (receipt.Header, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.now(); now > m.latest || now < m.latest-standStill {
		m.latest = now
	}
	return receipt.NewHeader(m.random, m.latest)
}

func (m *Issuer) headAndID() (receipt.Header, marketops.ReceiptID, error) {
	head, err := m.head()
	if err != nil {
		return head, "", err
	}
	var b [16]byte
	_, err = io.ReadFull(m.random, b[:])
	return head, marketops.NewReceiptID(b), err
}

// WhyNot is the evidence behind an advisory.
type WhyNot struct {
	Schema   string           `json:"schema"` // "marketops.why-not/v1"
	Codes    []marketops.Code `json:"codes"`
	Missing  []string         `json:"missing"`
	WhyNot   []string         `json:"why_not"`
	Policies []string         `json:"policies"`
	Request  string           `json:"request"` // what policy judged
}

// WhyNotOf returns the evidence of a denial: the same denial has the same bytes.
func WhyNotOf(v *federation.Verdict) ([]byte, error) {
	return canon.Encode(WhyNot{
		Schema: "marketops.why-not/v1", Codes: []marketops.Code{v.Code}, Missing: v.Missing, WhyNot: v.WhyNot,
		Policies: v.Policies, Request: string(v.Request),
	})
}

// Advisory signs why an operation was denied.
func (m *Issuer) Advisory(v *federation.Verdict) (*receipt.Record, Evidence, error) {
	if v.Leave() != nil || v.Code == "" {
		return nil, Evidence{}, errors.New("an advisory is of a denial")
	}
	head, id, err := m.headAndID()
	if err != nil {
		return nil, Evidence{}, err
	}
	why, err := WhyNotOf(v)
	if err != nil {
		return nil, Evidence{}, err
	}
	g, ev := v.Subject(), Evidence{head.Salted(why), why}
	rec, err := m.seal(&receipt.Advisory{
		Header: head, ReceiptID: id, RunID: g.Run, OperationKind: g.Op.Kind, Operation: g.Operation, Plan: g.Plan, Policy: g.Policy,
		Target: g.Op.Target, Mode: marketops.Prod, Decision: receipt.Denied, Codes: []marketops.Code{v.Code}, WhyNot: ev.Digest,
	}, m.keys.Advisory)
	return rec, ev, err
}

// ReceiptHistory is what claim and outcome records say about a receipt.
type ReceiptHistory struct {
	Run       marketops.RunID
	Receipt   marketops.ReceiptID
	Digest    marketops.Digest // of the receipt record
	Kind      marketops.Kind
	Operation marketops.Digest
}

// Claim signs one epoch of using a receipt; previous is zero at epoch 1.
func (m *Issuer) Claim(s ReceiptHistory, publisher crypto.KeyID, epoch int64, previous marketops.Digest) (*receipt.Record, error) {
	head, err := m.head()
	if err != nil {
		return nil, err
	}
	c := &receipt.Claim{Header: head, RunID: s.Run, ReceiptID: s.Receipt, Receipt: s.Digest, Operation: s.Operation, Publisher: publisher, Epoch: epoch}
	if epoch != 1 {
		c.Previous = &previous
	}
	return m.seal(c, m.keys.Ledger)
}

// Rejected signs the outcome of a claim under which nothing was tried; code is revoked, expired or
// rejected-by-approver. It names no effects: what an earlier receipt of the operation left on GitHub the
// ledger does not see.
func (m *Issuer) Rejected(s ReceiptHistory, epoch int64, code marketops.Code) (*receipt.Record, error) {
	if code != marketops.Revoked && code != marketops.Expired && code != marketops.RejectedByApprover {
		return nil, fmt.Errorf("the ledger rejects as revoked, expired or rejected by an approver, not %q", code)
	}
	return m.outcome(s, epoch, receipt.Rejected, code, nil, nil)
}

// Unknown signs the outcome of an execution that nobody will finish.
func (m *Issuer) Unknown(s ReceiptHistory, epoch int64, intent log.Position, effects []receipt.Effect) (*receipt.Record, error) {
	return m.outcome(s, epoch, receipt.Unknown, marketops.OutcomeUnknown, &intent, effects)
}

func (m *Issuer) outcome(s ReceiptHistory, epoch int64, status receipt.Status, code marketops.Code, intent *log.Position, effects []receipt.Effect) (*receipt.Record, error) {
	head, err := m.head()
	if err != nil {
		return nil, err
	}
	return m.seal(&receipt.Outcome{
		Header: head, OperationID: s.Operation, RunID: s.Run, ReceiptID: s.Receipt, Receipt: s.Digest, OperationKind: s.Kind,
		Epoch: epoch, Intent: intent, Status: status, Effects: effects, Code: code,
	}, m.keys.Ledger)
}

// Refused says what a refusal is about, as far as it is known.
type Refused struct {
	Run       marketops.RunID     // one that is not valid is left out
	Receipt   marketops.ReceiptID // one that is not valid is left out
	Operation marketops.Digest
	Kind      marketops.Kind
	Request   marketops.Digest // of the signed request
	Code      marketops.Code
	Text      string // becomes evidence
}

// Answer signs the answer to one call: the digests of the call's envelope and of the answer's body. It is not logged, so
// that a key which ends within 60 s may still say why the Core refuses.
func (m *Issuer) Answer(request marketops.Digest, status int, body marketops.Digest) (*receipt.Record, error) {
	head, err := receipt.NewHeader(m.random, m.now())
	if err != nil {
		return nil, err
	}
	rec, err := receipt.Seal(&receipt.Answer{Header: head, Request: request, Status: int64(status), Body: body}, m.keys.Ledger)
	if err != nil {
		return nil, err
	}
	_, err = m.trust().Admit(rec, head.IssuedAt, nil)
	return rec, err
}

// Refusal signs that the Core refused a call.
func (m *Issuer) Refusal(r Refused) (*receipt.Record, Evidence, error) {
	head, err := m.head()
	if err != nil {
		return nil, Evidence{}, err
	}
	if !r.Run.Valid() {
		r.Run = ""
	}
	if !r.Receipt.Valid() {
		r.Receipt = ""
	}
	ev := Evidence{head.Salted([]byte(r.Text)), []byte(r.Text)}
	rec, err := m.seal(&receipt.Refusal{
		Header: head, OperationID: r.Operation, RunID: string(r.Run), ReceiptID: string(r.Receipt), OperationKind: r.Kind,
		Request: r.Request, Code: r.Code, Checks: []receipt.CheckResult{{Code: r.Code, Status: marketops.Fail}}, Evidence: ev.Digest,
	}, m.keys.Ledger)
	return rec, ev, err
}

// Revocation signs that a receipt is withdrawn, at whose wish and why.
func (m *Issuer) Revocation(s ReceiptHistory, by, reason string) (*receipt.Record, Evidence, error) {
	head, err := m.head()
	if err != nil {
		return nil, Evidence{}, err
	}
	ev := Evidence{head.Salted([]byte(reason)), []byte(reason)}
	rec, err := m.seal(&receipt.Revocation{
		Header: head, RunID: s.Run, ReceiptID: s.Receipt, Operation: s.Operation, Receipt: s.Digest, By: by, Reason: ev.Digest,
	}, m.keys.Authority)
	return rec, ev, err
}

// RunClosed seals a run; records are all of its records at lower positions, in their order.
func (m *Issuer) RunClosed(run marketops.RunID, plan marketops.Digest, counts []receipt.Count, records []marketops.Digest, previous *marketops.Digest) (*receipt.Record, error) {
	head, err := m.head()
	if err != nil {
		return nil, err
	}
	return m.seal(&receipt.RunClosed{Header: head, RunID: run, Plan: plan, Counts: counts, Records: records, Previous: previous},
		m.keys.Ledger)
}

// Sealed signs the last leaf of a log that is frozen at this checkpoint.
func (m *Issuer) Sealed(at receipt.CheckpointRef, next string) (*receipt.Record, error) {
	head, err := m.head()
	if err != nil {
		return nil, err
	}
	return m.seal(&receipt.ShardSealed{Header: head, Shard: at, Next: next}, m.keys.Ledger)
}

// Adopted signs what takes a version of trust.json into force after another; before is nil in the first leaf of a
// log.
func (m *Issuer) Adopted(next, before *trust.Trust) (*receipt.Record, error) {
	head, err := m.head()
	if err != nil {
		return nil, err
	}
	body := &receipt.TrustAdopted{Header: head, Trust: next.Ref(), Effective: next.File().Effective}
	if before != nil {
		body.Previous = before.Digest()
	}
	return sealUnder(next, body, m.keys.Ledger)
}

// Genesis signs the first leaf of the log that continues a frozen one, under the version of trust.json in force
// there.
func (m *Issuer) Genesis(origin string, previous receipt.CheckpointRef, sealed marketops.Digest, law receipt.TrustRef) (*receipt.Record, error) {
	head, err := m.head()
	if err != nil {
		return nil, err
	}
	return m.seal(&receipt.ShardGenesis{Header: head, Origin: origin, Previous: previous, Sealed: sealed, Trust: law},
		m.keys.Ledger)
}

// AuthorityKey returns the id of the key that receipts and revocations are signed with.
func (m *Issuer) AuthorityKey() crypto.KeyID { return m.keys.Authority.Public().ID() }

// LedgerKey returns the id of the ledger's key.
func (m *Issuer) LedgerKey() crypto.KeyID { return m.keys.Ledger.Public().ID() }
