package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Question is what is asked of a receipt before it is used, or afterwards. The mode is prod, and the content was
// measured.
type Question struct {
	Origin    string // of the log
	Run       marketops.RunID
	Operation *marketops.Operation // nil: not at hand, and not asked
	Publisher crypto.KeyID
	Now       marketops.Time
	Unclaimed bool

	Receipts   []Entry // one for each authority
	Submission *Entry
	Votes      []Entry
}

// Gate returns the codes of the questions that a receipt fails under the newest version and those before it.
func Gate(versions [][]byte, q Question) []marketops.Code {
	c := readChain(versions)
	if c == nil {
		return []marketops.Code{marketops.TrustMissing}
	}
	a := &asked{Question: q, chain: c, inForce: c[0]}
	a.ask()
	a.must(q.Now < c[0].Expires, marketops.TrustExpired)
	if a.receipt != nil && c.tooLate(a.law, a.receipt.IssuedAt) {
		a.must(false, marketops.TrustRolledBack)
	}
	slices.Sort(a.failed)
	return slices.Compact(a.failed)
}

type asked struct {
	Question
	chain    chain
	inForce  *version // at the question
	withheld bool     // the pack left out submission or approvals

	receipt *receipt.Receipt
	law     *version // that the receipt names
	failed  []marketops.Code
}

func (a *asked) must(holds bool, c marketops.Code) {
	if !holds {
		a.failed = append(a.failed, c)
	}
}

func (a *asked) ask() {
	if len(a.Receipts) == 0 {
		a.must(false, marketops.ReceiptMissing)
		return
	}
	if !a.known(a.Receipts[0]) {
		a.must(false, marketops.KeyUnknown)
		return
	}
	b, ok := a.Receipts[0].Record.Body.(*receipt.Receipt)
	if !ok {
		a.must(false, marketops.PredicateTypeWrong)
		return
	}
	law, code := a.chain.named(b.Trust)
	if code != "" {
		a.must(false, marketops.TrustRolledBack)
		return
	}
	a.receipt, a.law = b, law
	a.authorities()
	a.binding()
	a.times()
	if !a.withheld {
		a.approvals()
		a.logged()
	}
	a.vetoes()
}

func (a *asked) place(e Entry) log.Position { return log.Position{Origin: a.Origin, Index: e.Index} }

func (a *asked) authorities() {
	ids := []string{}
	for _, e := range a.Receipts {
		code := a.chain.mayBe(a.law, e.Record.By, []trust.Role{trust.RoleAuthority}, a.Now, a.place(e))
		a.must(code == "", code)
		a.must(e.Record.Digest == a.Receipts[0].Record.Digest, marketops.SignatureInvalid)
		if id := a.law.holder(e.Record.By).key.ID; code == "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	rules, threshold := a.law.matching(a.law.AuthorityRules, a.receipt.OperationKind, a.receipt.Target), 1
	for _, r := range rules {
		threshold = max(threshold, r.Threshold)
	}
	a.must(len(rules) > 0 && len(ids) >= threshold, marketops.ThresholdUnmet)
}

func (a *asked) binding() {
	r := a.receipt
	a.must(r.Enforceable && r.Mode == marketops.Prod, marketops.NotEnforceable)
	a.must(a.Unclaimed || slices.Contains(r.Audience, a.Publisher), marketops.AudienceMismatch)
	a.must(r.RunID == a.Run, marketops.RunMismatch)
	op := a.Operation
	if op == nil {
		return
	}
	a.must(r.OperationKind == op.Kind, marketops.KindMismatch)
	a.must(r.Target == op.Target && slices.Contains(a.law.Hosts, op.Target.Host), marketops.RepositoryMismatch)
	d, err := op.Digest()
	files := slices.Concat([]receipt.Subject{receipt.SubjectOf("operation.json", d)}, receipt.Files(op))
	a.must(err == nil && r.Operation == d && slices.Equal(a.Receipts[0].Record.Subject, files), marketops.OperationMismatch)
}

func (a *asked) times() {
	r := a.receipt
	limit := min(86400, marketops.Time(a.law.MaxLifetime))
	a.must(r.ExpiresAt-r.IssuedAt <= limit && r.ExpiresAt-r.NotBefore <= limit, marketops.LifetimeExcessive)
	if a.Unclaimed {
		return
	}
	a.must(r.NotBefore <= a.Now+60 && r.IssuedAt <= a.Now+60, marketops.NotYetValid)
	a.must(a.Now+60 < r.ExpiresAt, marketops.Expired)
	a.must(a.Now-r.IssuedAt <= 86400-60, marketops.Stale)
}

func (a *asked) named(e Entry) bool { return slices.Contains(a.receipt.Approvals, e.Record.Digest) }

// person is who signed an entry under the receipt's version, or else under another one.
func (a *asked) person(e Entry) string {
	for _, v := range slices.Concat(chain{a.law, a.inForce}, a.chain) {
		if h := v.holder(e.Record.By); h.role == trust.RolePerson {
			return h.name
		}
	}
	return ""
}

func (a *asked) opens(e Entry, at marketops.Time) bool {
	return a.chain.mayBe(a.law, e.Record.By, []trust.Role{trust.RolePerson}, at, a.place(e)) == ""
}

func (a *asked) approvals() {
	a.must(a.submitted(), marketops.ApprovalMissing)
	for i, d := range a.receipt.Approvals {
		given := slices.ContainsFunc(a.Votes, func(e Entry) bool { return e.Record.Digest == d })
		a.must(given && !slices.Contains(a.receipt.Approvals[:i], d), marketops.ApprovalMissing)
	}
	for _, e := range a.Votes {
		a.must(a.fits(e) || a.idle(e), marketops.ApprovalMissing)
	}
	a.counted()
}

// submission returns the submission that was given, or nil.
func (a *asked) submission() *receipt.Submission {
	if a.Submission == nil {
		return nil
	}
	s, _ := a.Submission.Record.Body.(*receipt.Submission)
	return s
}

// submitted: the submission is the receipt's, by a good key, and lists the operation.
func (a *asked) submitted() bool {
	s, r := a.submission(), a.receipt
	return s != nil && a.Submission.Record.Digest == r.Submission && a.opens(*a.Submission, r.IssuedAt) &&
		s.Requester == a.law.holder(a.Submission.Record.By).name && s.RunID == r.RunID && s.Plan == r.Plan && slices.Contains(s.Operations, r.Ref())
}

// fits: a vote is of the submission. One that the receipt names is an approval under the receipt's policy, and its
// window holds the time of the receipt.
func (a *asked) fits(e Entry) bool {
	v, ok := e.Record.Body.(*receipt.Approval)
	r, s := a.receipt, a.submission()
	if !ok || s == nil {
		return false
	}
	if v.RunID != r.RunID || v.Plan != r.Plan || v.Submission != r.Submission || v.Requester != s.Requester {
		return false
	}
	if !a.named(e) {
		at, place := e.Record.Body.Issued(), a.place(e)
		return a.opens(e, at) || a.chain.mayBe(a.inForce, e.Record.By, []trust.Role{trust.RolePerson}, at, place) == ""
	}
	inWindow := v.NotBefore <= r.IssuedAt+60 && r.IssuedAt < v.ExpiresAt
	return v.Verdict == receipt.Approve && v.Policy == r.Policy && a.opens(e, r.IssuedAt) && inWindow &&
		slices.Contains(v.Operations, r.Ref())
}

// idle: an approval that the receipt does not name and whose key is not good hinders nothing.
func (a *asked) idle(e Entry) bool {
	v, ok := e.Record.Body.(*receipt.Approval)
	return ok && !a.named(e) && v.Verdict == receipt.Approve && !a.opens(e, v.IssuedAt)
}

// counted: every rule of the minimum has enough persons, none the requester and none twice.
func (a *asked) counted() {
	requester, persons := "", []string{}
	if s := a.submission(); s != nil {
		requester = s.Requester
	}
	for _, e := range a.Votes {
		if !a.named(e) || !a.fits(e) {
			continue
		}
		p := a.person(e)
		a.must(p != requester, marketops.SelfApproval)
		a.must(!slices.Contains(persons, p), marketops.DuplicatePerson)
		if p != requester && !slices.Contains(persons, p) {
			persons = append(persons, p)
		}
	}
	rules := a.law.matching(a.law.Approvals, a.receipt.OperationKind, a.receipt.Target)
	a.must(len(rules) > 0, marketops.ApprovalMissing)
	for _, r := range rules {
		n := 0
		for _, p := range persons {
			if slices.Contains(a.law.groups(p), r.Group) {
				n++
			}
		}
		a.must(n >= r.Threshold, marketops.ApprovalMissing)
	}
}

// vetoes: no vote is a rejection by a person whose approval would count.
func (a *asked) vetoes() {
	for _, e := range a.Votes {
		v, ok := e.Record.Body.(*receipt.Approval)
		if ok && v.Verdict == receipt.Reject {
			p := a.person(e)
			a.must(!a.law.eligible(p, a.receipt) && !a.inForce.eligible(p, a.receipt), marketops.RejectedByApprover)
		}
	}
}

// logged: the submission stands below the approvals that the receipt names, and they below the receipt.
func (a *asked) logged() {
	first := a.Receipts[0].Index
	a.must(a.Submission != nil && a.Submission.Index < first, marketops.ReceiptUnlogged)
	if a.Submission != nil {
		a.must(a.known(*a.Submission), marketops.ReceiptUnlogged)
	}
	for _, e := range a.Votes {
		a.must(a.known(e), marketops.ReceiptUnlogged)
		if a.named(e) {
			a.must(a.Submission != nil && a.Submission.Index < e.Index && e.Index < first, marketops.ReceiptUnlogged)
		}
	}
}

// known: a version lists the key. Without it there is no leaf.
func (a *asked) known(e Entry) bool {
	return a.chain.lists(e.Record.By)
}
