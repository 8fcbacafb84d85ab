package receipt_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/receipt"
)

var update = flag.Bool("update", false, "write goldens and vectors anew")

// noon is the second at which the scene's receipt is issued.
const noon = marketops.Time(1_790_000_000)

const hour = marketops.Time(3600)

// The keys of the scene, by the byte that logtest.Key repeats.
const (
	keyLog byte = iota + 1
	keyWitness1
	keyWitness2
	keyAuthority1
	keyAuthority2
	keyAdvisory
	keyPublisher
	keyLedger
	keyRequester
	keyAlice
	keyAlicePhone
	keyBob
	keyCarol    // a person outside the approving group
	keyStranger // in no trust file
)

func id(n byte) crypto.KeyID { return logtest.Key(n).Public().ID() }

func trustKey(n byte, id string) receipt.TrustKey {
	return receipt.TrustKey{ID: id, Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(logtest.Key(n).Public().SPKI()),
		NotBefore: noon - 1000*hour, NotAfter: noon + 1000*hour}
}

func person(id string, groups []string, keys ...byte) receipt.TrustPerson {
	p := receipt.TrustPerson{ID: id, Groups: groups}
	for i, n := range keys {
		p.Keys = append(p.Keys, trustKey(n, fmt.Sprintf("%s-%d", id, i+1)))
	}
	return p
}

func everything(group string, threshold int) []receipt.Rule {
	return []receipt.Rule{{Kinds: []string{"*"}, Targets: []string{"*"}, Group: group, Threshold: threshold}}
}

func newLog() *logtest.Log {
	l := logtest.New("log.example", logtest.Key(keyLog))
	l.Witnesses = []logtest.Witness{{Name: "w1.example", Key: logtest.Key(keyWitness1), At: noon}, {Name: "w2.example", Key: logtest.Key(keyWitness2), At: noon}}
	return l
}

func newTrust(l *logtest.Log) receipt.TrustFile {
	release := []string{"release"}
	return receipt.TrustFile{
		Schema: "marketops.trust/v1", Version: 3, Expires: noon + 1000*hour,
		Persons: []receipt.TrustPerson{person("rachel", release, keyRequester), person("alice", release, keyAlice, keyAlicePhone),
			person("bob", release, keyBob), person("carol", []string{"guests"}, keyCarol)},
		Authorities:    []receipt.TrustKey{trustKey(keyAuthority1, "core-1"), trustKey(keyAuthority2, "core-2")},
		AuthorityRules: everything("", 2),
		Advisory:       []receipt.TrustKey{trustKey(keyAdvisory, "engine")},
		Publishers:     []receipt.TrustKey{trustKey(keyPublisher, "publisher-1")},
		Ledger:         []receipt.TrustKey{trustKey(keyLedger, "ledger-1")},
		Resolvers:      everything("release", 0),
		Revokers:       everything("release", 0),
		Approvals:      everything("release", 2),
		LogPolicy:      l.PolicyText(),
		MaxLifetime:    int64(24 * hour),
	}
}

func trustText(t testing.TB, f receipt.TrustFile) []byte {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func releaseOp() marketops.Operation {
	o := marketops.NewOperation(marketops.PublishRelease, marketops.Target{Type: "github", Host: "github.com", RepositoryID: 1296269, FullName: "octo-org/widgets"})
	o.Tag = &marketops.Tag{Name: "v1.4.0", Commit: strings.Repeat("3b1f9c2a", 5), Tree: strings.Repeat("a0b1c2d3", 5), Message: "widgets 1.4.0",
		Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: noon}}
	o.Release = &marketops.Release{Name: "Widgets 1.4.0", Body: "What is new", MakeLatest: "true",
		Assets: []marketops.Asset{{Name: "a.tar.gz", Size: 3, SHA256: marketops.DigestOf([]byte("abc")), ContentType: "application/gzip"},
			{Name: "b.txt", Size: 1, SHA256: marketops.DigestOf([]byte("b")), ContentType: "text/plain"}}}
	return o
}

func head(n int, at marketops.Time) receipt.Head {
	return receipt.Head{Nonce: fmt.Sprintf("%032x", n), IssuedAt: at}
}

// ballot is one verdict that will be signed and logged.
type ballot struct {
	by       byte
	verdict  string
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
	trust        receipt.TrustFile
	op           marketops.Operation // that is authorised
	ballots      []ballot
	authorities  []byte
	requester    byte
	submission   func(*receipt.Submission)
	receipt      func(*receipt.Receipt)
	other        func(*receipt.Receipt) // the last authority signs this receipt
	subject      *marketops.Digest      // the receipt's first subject, where not the operation
	receiptFirst bool                   // the receipts are logged before the submission
	ask          receipt.Asking
}

func newScene() *scene {
	l, op := newLog(), releaseOp()
	return &scene{log: l, trust: newTrust(l), op: op, requester: keyRequester,
		ballots: []ballot{{by: keyAlice, verdict: "approve"}, {by: keyBob, verdict: "approve"}}, authorities: []byte{keyAuthority1, keyAuthority2},
		ask: receipt.Asking{Mode: marketops.Prod, Run: marketops.NewRunID([16]byte{15: 7}), Op: op, Host: "github.com",
			Content:   []marketops.Digest{op.Release.Assets[0].SHA256, op.Release.Assets[1].SHA256},
			Publisher: id(keyPublisher), Now: noon + 60}}
}

// question is a built scene: what a gate is given, and the bytes that it came from.
type question struct {
	ask       receipt.Asking
	ev        receipt.Evidence
	trust     *receipt.Trust
	trustText []byte
	log       *logtest.Log
	document  []byte // of the operation that is asked for
}

func (s *scene) build(t testing.TB) *question {
	t.Helper()
	q := &question{ask: s.ask, log: s.log, trustText: trustText(t, s.trust)}
	var err error
	if q.trust, err = receipt.ParseTrust(q.trustText); err != nil {
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
	prove := func(r *receipt.Record) receipt.Logged {
		l := receipt.Logged{Envelope: r.Envelope}
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
	return q
}

// enter appends what is logged, late verdicts last, and says where.
func (s *scene) enter(records []*receipt.Record) map[*receipt.Record]uint64 {
	index, late := map[*receipt.Record]uint64{}, []*receipt.Record{}
	n := 0
	for _, r := range records {
		if r.Body.Name() == "approval" {
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

func seal(t testing.TB, body receipt.Body, by byte, about marketops.Digest, name string, more ...receipt.Subject) *receipt.Record {
	t.Helper()
	r, err := receipt.Seal(body, logtest.Key(by), append([]receipt.Subject{receipt.SubjectOf(name, about)}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *scene) sealSubmission(t testing.TB, plan, op marketops.Digest) *receipt.Record {
	b := &receipt.Submission{Head: head(1, noon-2*hour), RunID: s.ask.Run, Requester: "rachel", Plan: plan,
		Operations: []marketops.Digest{op}, Findings: marketops.DigestOf([]byte("f")), NotShipped: marketops.DigestOf([]byte("n"))}
	if s.submission != nil {
		s.submission(b)
	}
	return seal(t, b, s.requester, plan, "plan.json")
}

func (s *scene) sealVotes(t testing.TB, plan, op marketops.Digest, sub *receipt.Record) (out []*receipt.Record, named []marketops.Digest) {
	named = []marketops.Digest{}
	for i, v := range s.ballots {
		b := &receipt.Approval{Head: head(10+i, noon-hour), Verdict: v.verdict, RunID: s.ask.Run, Submission: sub.Digest, Requester: "rachel", Plan: plan,
			Operations: []marketops.Digest{op}, Policy: marketops.DigestOf([]byte("policy")), NotBefore: noon - hour, ExpiresAt: noon + 24*hour}
		if v.edit != nil {
			v.edit(b)
		}
		r := seal(t, b, v.by, plan, "plan.json")
		if out = append(out, r); !v.unnamed {
			named = append(named, r.Digest)
		}
	}
	return out, named
}

func (s *scene) sealReceipts(t testing.TB, plan, op marketops.Digest, sub *receipt.Record, named []marketops.Digest, trust *receipt.Trust) (out []*receipt.Record) {
	b := &receipt.Receipt{Head: head(100, noon), ReceiptID: marketops.NewReceiptID([16]byte{15: 9}), RunID: s.ask.Run, OperationKind: s.op.Kind,
		Operation: op, Plan: plan, Policy: marketops.DigestOf([]byte("policy")), Trust: trust.Ref(), Target: s.op.Target,
		Audience: []crypto.KeyID{id(keyPublisher)}, Mode: marketops.Prod, Enforceable: true, NotBefore: noon, ExpiresAt: noon + 8*hour,
		Submission: sub.Digest, Approvals: named}
	if s.receipt != nil {
		s.receipt(b)
	}
	about := op
	if s.subject != nil {
		about = *s.subject
	}
	for i, by := range s.authorities {
		if i == len(s.authorities)-1 && s.other != nil {
			s.other(b)
		}
		var assets []receipt.Subject
		for _, a := range s.op.Release.Assets {
			assets = append(assets, receipt.SubjectOf(a.Name, a.SHA256))
		}
		out = append(out, seal(t, b, by, about, "operation.json", assets...))
	}
	return out
}

// resign puts any payload under any payload type into an envelope of the given key.
func resign(payloadType string, payload []byte, by byte) []byte {
	env, err := crypto.Sign(payloadType, payload, logtest.Key(by))
	if err != nil {
		panic(err)
	}
	return env
}

func payloadOf(env []byte) []byte {
	var e struct{ Payload []byte }
	if err := json.Unmarshal(env, &e); err != nil {
		panic(err)
	}
	return e.Payload
}

// replace exchanges text in the payload of an envelope and signs it again with the same hand.
func replace(env []byte, by byte, old, new string) []byte {
	p := string(payloadOf(env))
	if !strings.Contains(p, old) {
		panic(old + " is not in " + p)
	}
	return resign(receipt.PayloadType, []byte(strings.Replace(p, old, new, 1)), by)
}
