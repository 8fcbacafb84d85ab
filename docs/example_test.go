// Package docs_test computes the worked example of formats.md again, from its seeds, and fails if
// the page says anything else. It also holds the example to the gate and to the verifier.
//
//	go test ./docs -update   writes the blocks of the page anew
package docs_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
)

var update = flag.Bool("update", false, "write the blocks of formats.md anew")

const (
	page   = "formats.md"
	origin = "log.example.com"
)

var noon = marketops.TimeOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

// example is everything that the page shows, made from seeds alone.
type example struct {
	t *testing.T

	op                            marketops.Operation
	doc, plan                     []byte
	opDigest, planDigest          marketops.Digest
	policyDigest                  marketops.Digest
	run                           marketops.RunID
	trust                         *trust.Trust
	trustText                     []byte
	submission, approval, receipt *receipt.Record
	leaves                        []log.Hash
	checkpoint                    *log.Checkpoint
	findings                      []byte
}

// key is the Ed25519 key whose seed is 32 times the byte n.
func (x *example) key(n byte) *crypto.PrivateKey {
	k, err := crypto.NewPrivateKey(bytes.Repeat([]byte{n}, 32))
	x.must(err)
	return k
}

func (x *example) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// The seeds of the keys, by what they are for.
const (
	seedLog, seedBob, seedAlice, seedAuthority, seedAdvisory, seedPublisher, seedLedger = 1, 2, 3, 4, 5, 6, 7
)

func newExample(t *testing.T) *example {
	x := &example{t: t, run: marketops.NewRunID([16]byte(bytes.Repeat([]byte{0x11}, 16))), policyDigest: marketops.DigestOf([]byte("the policy of the example"))}
	x.makeTrust()
	x.makeOperation()
	x.makePlan()
	x.makeRecords()
	x.makeLog()
	return x
}

func (x *example) makeTrust() {
	key := func(id string, seed byte) trust.Key {
		return trust.Key{ID: id, Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(x.key(seed).Public().SPKI()), NotBefore: noon - 3600, NotAfter: noon + 365*86400}
	}
	all := []string{"*"}
	f := trust.File{
		Schema: "marketops.trust/v2", Version: 1, Effective: noon - 3600, Expires: noon + 365*86400, Hosts: []marketops.Host{"github.com"},
		Persons: []trust.Person{
			{ID: "bob", Groups: []string{"requesters", "operators"}, Keys: []trust.Key{key("bob-1", seedBob)}},
			{ID: "alice", Groups: []string{"approvers"}, Keys: []trust.Key{key("alice-1", seedAlice)}},
		},
		Authorities:      []trust.Key{key("authority-1", seedAuthority)},
		AuthorityRules:   []trust.Rule{{Kinds: all, Targets: all, Threshold: 1}},
		Advisory:         []trust.Key{key("core-advisory-1", seedAdvisory)},
		Publishers:       []trust.Key{key("publisher-1", seedPublisher)},
		Ledger:           []trust.Key{key("ledger-1", seedLedger)},
		Resolvers:        []trust.Rule{{Kinds: all, Targets: all, Group: "operators"}},
		Revokers:         []trust.Rule{{Kinds: all, Targets: []string{"github.com#7"}, Group: "operators"}},
		Approvals:        []trust.Rule{{Kinds: all, Targets: all, Group: "approvers", Threshold: 1}},
		LogPolicy:        fmt.Sprintf("log %s\nquorum none\n", log.Vkey(origin, x.key(seedLog).Public())),
		MaxLifetime:      86400,
		KnownCheckpoints: []receipt.CheckpointRef{{Origin: origin, Size: 0, Root: log.EmptyRoot()}},
	}
	text, err := json.Marshal(f, jsontext.WithIndent("  "))
	x.must(err)
	x.trustText = append(text, '\n')
	x.trust, err = trust.Parse(x.trustText)
	x.must(err)
}

func (x *example) makeOperation() {
	x.op = marketops.NewOperation(marketops.TagRepo, marketops.Target{Type: "github", Host: "github.com", RepositoryID: 7, FullName: "octo-org/gadgets"})
	x.op.Tag = &marketops.Tag{
		Name: "v0.3.1", Commit: strings.Repeat("3b1f9c2a", 5), Tree: strings.Repeat("a0b1c2d3", 5), Message: "gadgets 0.3.1",
		Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: noon - 3600},
	}
	var err error
	x.doc, err = x.op.Document()
	x.must(err)
	x.opDigest = marketops.DigestOf(x.doc)
}

func (x *example) makePlan() {
	p := document.New("github.com")
	p.Add(&x.op, x.opDigest)
	var err error
	x.plan, err = p.Encode()
	x.must(err)
	x.planDigest = marketops.DigestOf(x.plan)
	x.findings, err = canon.Encode(p.Findings)
	x.must(err)
}

func head(nonce byte, at marketops.Time) receipt.Header {
	return receipt.Header{Nonce: strings.Repeat(fmt.Sprintf("%02x", nonce), 16), IssuedAt: at}
}

func (x *example) seal(b receipt.Body, seed byte) *receipt.Record {
	rec, err := receipt.Seal(b, x.key(seed))
	x.must(err)
	return rec
}

func (x *example) makeRecords() {
	ops := []receipt.OperationRef{receipt.RefTo(&x.op, x.opDigest)}
	h := head(0xa1, noon)
	x.submission = x.seal(&receipt.Submission{Header: h, RunID: x.run, Requester: "bob", Plan: x.planDigest, Operations: ops,
		Findings: h.Salted(x.findings), NotShipped: h.Salted([]byte("[]"))}, seedBob)
	x.approval = x.seal(&receipt.Approval{Header: head(0xa2, noon+60), Verdict: "approve", RunID: x.run, Submission: x.submission.Digest, Requester: "bob",
		Plan: x.planDigest, Operations: ops, Policy: x.policyDigest, Reason: "read and agreed", NotBefore: noon + 60, ExpiresAt: noon + 60 + 12*3600}, seedAlice)
	x.receipt = x.seal(&receipt.Receipt{Header: head(0xa3, noon+120), ReceiptID: marketops.NewReceiptID([16]byte(bytes.Repeat([]byte{0x22}, 16))), RunID: x.run,
		OperationKind: x.op.Kind, Operation: x.opDigest, Plan: x.planDigest, Policy: x.policyDigest, Trust: x.trust.Ref(), Target: x.op.Target,
		Audience: []crypto.KeyID{x.key(seedPublisher).Public().ID()}, Mode: marketops.Prod, Enforceable: true,
		NotBefore: noon + 120, ExpiresAt: noon + 120 + 7200, Submission: x.submission.Digest, Approvals: []marketops.Digest{x.approval.Digest}},
		seedAuthority)
}

// node is the inner node of RFC 6962 §2.1, written out so that the page is not checked with
// the code that it describes.
func node(l, r log.Hash) log.Hash {
	return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
}

func leafHash(leaf []byte) log.Hash { return sha256.Sum256(append([]byte{0}, leaf...)) }

// makeLog signs the checkpoint of a log with the three records: ((0 1) 2).
func (x *example) makeLog() {
	for _, r := range []*receipt.Record{x.submission, x.approval, x.receipt} {
		x.leaves = append(x.leaves, leafHash(r.Leaf()))
	}
	root := node(node(x.leaves[0], x.leaves[1]), x.leaves[2])
	text := fmt.Sprintf("%s\n3\n%s\n", origin, base64.StdEncoding.EncodeToString(root[:]))
	k := x.key(seedLog)
	sig, err := k.Sign([]byte(text))
	x.must(err)
	id := sha256.Sum256(append([]byte(origin+"\n\x01"), k.Public().Raw()...))
	raw := fmt.Sprintf("%s\n\u2014 %s %s\n", text, origin, base64.StdEncoding.EncodeToString(append(id[:4], sig...)))
	x.checkpoint, err = x.trust.Log().Open([]byte(raw))
	x.must(err)
}

func (x *example) proof(i int) *log.Proof {
	h := [][]log.Hash{{x.leaves[1], x.leaves[2]}, {x.leaves[0], x.leaves[2]}, {node(x.leaves[0], x.leaves[1])}}[i]
	return &log.Proof{Index: uint64(i), Hashes: h, Checkpoint: x.checkpoint.Raw}
}

func (x *example) pack() []byte {
	c := pack.Contents{Run: x.run, Plan: x.plan, Operations: [][]byte{x.doc}, Checkpoint: x.checkpoint}
	for i, r := range []*receipt.Record{x.submission, x.approval, x.receipt} {
		c.Entries = append(c.Entries, pack.Entry{Record: r, Proof: x.proof(i)})
	}
	var b bytes.Buffer
	x.must(pack.Write(&b, c))
	return b.Bytes()
}

// values are the digests of the page, one a line.
func (x *example) values() string {
	var b strings.Builder
	say := func(name string, v any) { fmt.Fprintf(&b, "%-24s %v\n", name, v) }
	opKey, err := x.op.Key()
	x.must(err)
	say("trust.json SHA-256", x.trust.Digest())
	say("operation digest", x.opDigest)
	say("op_key", opKey)
	say("plan digest P", x.planDigest)
	say("findings, salted", receipt.Header{Nonce: strings.Repeat("a1", 16)}.Salted(x.findings))
	for _, r := range []struct {
		name string
		rec  *receipt.Record
	}{{"submission", x.submission}, {"approval", x.approval}, {"receipt", x.receipt}} {
		say(r.name+" record", r.rec.Digest)
		say(r.name+" leaf", r.rec.LeafHash())
	}
	say("root at size 3", x.checkpoint.Root)
	say("authority key id", x.key(seedAuthority).Public().ID())
	say("pack SHA-256", marketops.DigestOf(x.pack()))
	say("pack size", len(x.pack()))
	return b.String()
}

// blocks are the contents of the page's marked blocks, without a newline at their end.
func (x *example) blocks() map[string]string {
	message, err := x.op.TagMessage()
	x.must(err)
	request := x.seal(&receipt.Request{Header: head(0xa4, noon+180), Method: "POST /v1/authorize", Body: marketops.DigestOf([]byte(`{"run":"` + string(x.run) + `"}`)),
		Core: origin, ExpiresAt: noon + 240}, seedBob)
	return map[string]string{
		"trust": string(x.trustText), "operation": string(x.doc), "tag-message": message, "plan": string(x.plan),
		"submission": string(x.submission.Opened.Payload), "approval": string(x.approval.Opened.Payload), "receipt": string(x.receipt.Opened.Payload),
		"envelope": string(x.receipt.Envelope), "leaf": string(x.receipt.Leaf()), "checkpoint": string(x.checkpoint.Raw),
		"proof": string(x.proof(2).Format()), "request": string(request.Opened.Payload), "values": x.values(),
	}
}

var blockRE = regexp.MustCompile("(?s)<!-- example: ([a-z-]+) -->\n```[a-z]*\n(.*?)\n```\n")

func TestFormatsPage(t *testing.T) {
	x := newExample(t)
	raw, err := os.ReadFile(page)
	x.must(err)
	want, seen := x.blocks(), map[string]bool{}
	text := blockRE.ReplaceAllStringFunc(string(raw), func(block string) string {
		m := blockRE.FindStringSubmatch(block)
		content, known := want[m[1]]
		if !known || seen[m[1]] {
			t.Errorf("the page has a block %q that is unknown, or there twice", m[1])
			return block
		}
		seen[m[1]] = true
		content = strings.TrimSuffix(content, "\n")
		if content != m[2] && !*update {
			t.Errorf("block %s of the page is\n%s\nwant\n%s", m[1], m[2], content)
		}
		return strings.Replace(block, "\n"+m[2]+"\n```\n", "\n"+content+"\n```\n", 1)
	})
	for name := range want {
		if !seen[name] {
			t.Errorf("the page has no block %q", name)
		}
	}
	if *update {
		x.must(os.WriteFile(page, []byte(text), 0o644))
	}
}

// TestExamplePassesTheGate holds the example to what the page promises of it, and to the control:
// one changed binding is refused.
func TestExamplePassesTheGate(t *testing.T) {
	x := newExample(t)
	ask := gate.Query{Mode: marketops.Prod, Run: x.run, Op: x.op, Host: "github.com", Content: []marketops.Digest{},
		Publisher: x.key(seedPublisher).Public().ID(), Now: noon + 180}
	ev := gate.Evidence{
		Receipts:   []receipt.LoggedEnvelope{{Envelope: x.receipt.Envelope, Proof: x.proof(2)}},
		Submission: receipt.LoggedEnvelope{Envelope: x.submission.Envelope, Proof: x.proof(0)},
		Approvals:  []receipt.LoggedEnvelope{{Envelope: x.approval.Envelope, Proof: x.proof(1)}},
		Checkpoint: x.checkpoint,
	}
	if rec, checks := gate.Check(ask, ev, x.trust); rec == nil {
		c, _ := checks.FirstFailure()
		t.Fatalf("the example does not pass: %+v", c)
	}
	ask.Run = marketops.NewRunID([16]byte{})
	rec, checks := gate.Check(ask, ev, x.trust)
	if c, _ := checks.FirstFailure(); rec != nil || c.Code != marketops.RunMismatch {
		t.Fatalf("another run is answered with %+v", c)
	}
}

func TestExamplePackVerifies(t *testing.T) {
	x := newExample(t)
	b := x.pack()
	p, err := pack.Read(bytes.NewReader(b), int64(len(b)))
	x.must(err)
	if r := verifier.Verify(p, x.trust, noon+180); !r.Verified() {
		t.Fatalf("%s %s: %+v", r.Verdict, r.Code, r.Checks)
	}
}
