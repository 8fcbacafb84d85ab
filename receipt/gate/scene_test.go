package gate_test

import (
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// ballot is one verdict that will be signed and logged.
type ballot struct {
	by       byte
	verdict  receipt.Verdict
	unnamed  bool                    // the receipt does not name it
	unlogged bool                    // stands in no log
	late     bool                    // logged after the receipts
	edit     func(*receipt.Approval) // before it is signed
	env      func(env []byte) []byte // after it was signed
}

// scene is everything that has to happen before a gate can pass. A test changes what it needs
// and builds it: nothing is signed before.
type scene struct {
	log          *logtest.Log
	trust        trust.File          // in force when the receipt is issued
	next         func(*trust.File)   // of the version that is in force at the question; nil: the same
	op           marketops.Operation // that is authorised
	ballots      []ballot
	authorities  []byte
	requester    byte
	submission   func(*receipt.Submission)
	receipt      func(*receipt.Receipt)
	other        func(*receipt.Receipt) // the last authority signs this receipt
	assets       []receipt.Subject      // that the receipt names
	receiptFirst bool                   // the receipts are logged before the submission
	ask          gate.Query
}

func newScene() *scene {
	l, op := sample.NewLog(), sample.ReleaseOp()
	return &scene{log: l, trust: sample.NewTrust(l), op: op, assets: receipt.Files(&op), requester: sample.KeyRequester,
		ballots: []ballot{{by: sample.KeyAlice, verdict: "approve"}, {by: sample.KeyBob, verdict: "approve"}}, authorities: []byte{sample.KeyAuthority1, sample.KeyAuthority2},
		ask: gate.Query{Mode: marketops.Prod, Run: marketops.NewRunID([16]byte{15: 7}), Op: op, Host: "github.com",
			Content:   []marketops.Digest{op.Release.Assets[0].SHA256, op.Release.Assets[1].SHA256},
			Publisher: sample.ID(sample.KeyPublisher), Now: sample.Noon + 60}}
}

// question is a built scene: what a gate is given, and the bytes that it came from.
type question struct {
	ask       gate.Query
	ev        gate.Evidence
	trust     *trust.Trust
	trustText []byte
	log       *logtest.Log
	document  []byte // of the operation that is asked for
}

func (s *scene) build(t testing.TB) *question {
	t.Helper()
	q := &question{ask: s.ask, log: s.log, trustText: sample.TrustText(t, s.trust)}
	var err error
	if q.trust, err = trust.Parse(q.trustText); err != nil {
		t.Fatal(err)
	}
	plan := marketops.DigestOf([]byte("the plan"))
	opDigest, err := s.op.Digest()
	if err != nil {
		t.Fatal(err)
	}
	sub := s.sealSubmission(t, plan, opDigest)
	votes, named := s.sealVotes(t, plan, opDigest, sub)
	receipts := s.sealReceipts(t, plan, opDigest, sub, named, q.trust)

	records := slices.Concat([]*receipt.Record{sub}, votes, receipts)
	if s.receiptFirst {
		records = slices.Concat(receipts, []*receipt.Record{sub}, votes)
	}
	index := s.enter(records)
	q.ev.Checkpoint = s.log.Tree().Checkpoint()
	prove := func(r *receipt.Record) receipt.LoggedEnvelope {
		l := receipt.LoggedEnvelope{Envelope: r.Envelope}
		if i, ok := index[r]; ok {
			l.Proof = s.log.Prove(i)
		}
		return l
	}
	q.ev.Submission = prove(sub)
	for i, v := range votes {
		l := prove(v)
		if f := s.ballots[i].env; f != nil {
			l.Envelope = f(l.Envelope)
		}
		q.ev.Approvals = append(q.ev.Approvals, l)
	}
	for _, r := range receipts {
		q.ev.Receipts = append(q.ev.Receipts, prove(r))
	}
	if doc, err := s.ask.Op.Document(); err == nil {
		q.document = doc
	}
	s.replaceTrust(t, q)
	return q
}

// replaceTrust takes the next version into force.
func (s *scene) replaceTrust(t testing.TB, q *question) {
	if s.next == nil {
		return
	}
	f := q.trust.Next(sample.Noon + sample.Hour)
	s.next(&f)
	former := q.trustText
	q.trustText = sample.TrustText(t, f)
	var err error
	if q.trust, err = trust.Parse(q.trustText); err != nil {
		t.Fatal(err)
	}
	if q.trust, err = q.trust.With(func(d marketops.Digest) []byte {
		if marketops.DigestOf(former) == d {
			return former
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// enter appends what is logged, late verdicts last, and says where.
func (s *scene) enter(records []*receipt.Record) map[*receipt.Record]uint64 {
	index, late := map[*receipt.Record]uint64{}, []*receipt.Record{}
	n := 0
	for _, r := range records {
		if r.Body.Kind() == "approval" {
			b := s.ballots[n]
			if n++; b.unlogged {
				continue
			}
			if b.late {
				late = append(late, r)
				continue
			}
		}
		index[r] = s.log.Append(r.Leaf())
	}
	for _, r := range late {
		index[r] = s.log.Append(r.Leaf())
	}
	return index
}

func (s *scene) sealSubmission(t testing.TB, plan, op marketops.Digest) *receipt.Record {
	b := &receipt.Submission{Header: sample.Header(1, sample.Noon-2*sample.Hour), RunID: s.ask.Run, Requester: "rachel", Plan: plan,
		Operations: []receipt.OperationRef{receipt.RefTo(&s.op, op)}, Findings: marketops.DigestOf([]byte("f")), NotShipped: marketops.DigestOf([]byte("n"))}
	if s.submission != nil {
		s.submission(b)
	}
	return sample.Seal(t, b, s.requester)
}

func (s *scene) sealVotes(t testing.TB, plan, op marketops.Digest, sub *receipt.Record) (out []*receipt.Record, named []marketops.Digest) {
	named = []marketops.Digest{}
	for i, v := range s.ballots {
		b := &receipt.Approval{Header: sample.Header(10+i, sample.Noon-sample.Hour), Verdict: v.verdict, RunID: s.ask.Run, Submission: sub.Digest, Requester: "rachel", Plan: plan,
			Operations: []receipt.OperationRef{receipt.RefTo(&s.op, op)}, Policy: marketops.DigestOf([]byte("policy")), NotBefore: sample.Noon - sample.Hour, ExpiresAt: sample.Noon + 24*sample.Hour}
		if v.edit != nil {
			v.edit(b)
		}
		r := sample.Seal(t, b, v.by)
		if out = append(out, r); !v.unnamed {
			named = append(named, r.Digest)
		}
	}
	return out, named
}

func (s *scene) sealReceipts(t testing.TB, plan, op marketops.Digest, sub *receipt.Record, named []marketops.Digest, trust *trust.Trust) (out []*receipt.Record) {
	b := &receipt.Receipt{Header: sample.Header(100, sample.Noon), ReceiptID: marketops.NewReceiptID([16]byte{15: 9}), RunID: s.ask.Run, OperationKind: s.op.Kind,
		Operation: op, Plan: plan, Policy: marketops.DigestOf([]byte("policy")), Trust: trust.Ref(), Target: s.op.Target,
		Audience: []crypto.KeyID{sample.ID(sample.KeyPublisher)}, Mode: marketops.Prod, Enforceable: true, NotBefore: sample.Noon, ExpiresAt: sample.Noon + 8*sample.Hour,
		Submission: sub.Digest, Approvals: named}
	if s.receipt != nil {
		s.receipt(b)
	}
	for i, by := range s.authorities {
		if i == len(s.authorities)-1 && s.other != nil {
			s.other(b)
		}
		out = append(out, sample.Seal(t, b, by, s.assets...))
	}
	return out
}
