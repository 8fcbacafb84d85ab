package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

const origin = "log.test"

// world is a Core on a real socket, with real SQLite and a real log, and everybody's keys.
type world struct {
	t     testing.TB
	dir   string
	sock  string
	opts  Options
	core  *Core
	down  func()
	clock atomic.Int64
	free  atomic.Uint64
	keys  map[string]*crypto.PrivateKey
	trust trust.File

	clients sync.Map // by name; all of one person's calls share connections
}

func newKey(t testing.TB) *crypto.PrivateKey {
	t.Helper()
	seed := make([]byte, 32)
	rand.Read(seed)
	k, err := crypto.NewPrivateKey(seed)
	must(t, err)
	return k
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// newWorld starts a Core. Persons: bob asks, operates and revokes; alice, carol and dora approve;
// mallory is a person in no group. Publishers: pub and pub2.
func newWorld(t testing.TB) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "mops")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{t: t, dir: dir, sock: filepath.Join(dir, "core.sock"), keys: map[string]*crypto.PrivateKey{}}
	w.clock.Store(time.Now().Unix())
	w.free.Store(1 << 40)
	for _, name := range []string{"bob", "alice", "carol", "dora", "mallory", "stranger", "pub", "pub2", "authority", "advisory", "ledger", "checkpoint"} {
		w.keys[name] = newKey(t)
	}
	w.writeTrust(1, nil)
	must(t, policy.WriteStarter(filepath.Join(dir, "policy")))
	c := config.DefaultCore(origin).In(dir)
	c.Limits.MaxSubmissionsPerDay = 10_000
	w.opts = Options{
		State: dir, Config: c, Keys: issue.Keys{Authority: w.keys["authority"], Advisory: w.keys["advisory"], Ledger: w.keys["ledger"]},
		Checkpoint: w.keys["checkpoint"], Version: "test", Random: rand.Reader, Now: w.now,
		Plan: readPlan, Free: func(string) (uint64, error) { return w.free.Load(), nil },
		Log: slog.New(slog.DiscardHandler),
	}
	w.start()
	t.Cleanup(func() { w.down() })
	return w
}

func readPlan(data []byte, documents [][]byte) ([]marketops.Digest, error) {
	p, err := plan.Parse(data)
	if err != nil {
		return nil, err
	}
	if err := plan.Fits(p, documents); err != nil {
		return nil, err
	}
	var out []marketops.Digest
	for _, o := range p.Operations {
		out = append(out, o.Operation)
	}
	return out, nil
}

func (w *world) now() marketops.Time { return marketops.Time(w.clock.Load()) }

func (w *world) pass(d time.Duration) { w.clock.Add(int64(d / time.Second)) }

func (w *world) start() {
	w.t.Helper()
	core, err := Open(context.Background(), w.opts)
	must(w.t, err)
	l, err := ListenUnix(w.sock)
	must(w.t, err)
	w.run(core, l)
}

func (w *world) run(core *Core, l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- core.Serve(ctx, l) }()
	stopped := false
	w.core = core
	w.down = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-served, core.Close()); err != nil {
			w.t.Errorf("stopping: %v", err)
		}
	}
}

// restart stops the Core as a signal would, and starts it again on the same folder.
func (w *world) restart() {
	w.t.Helper()
	w.down()
	w.start()
}

// writeTrust writes a trust file of this version; change may edit it.
func (w *world) writeTrust(version int64, change func(*trust.File)) {
	w.t.Helper()
	key := func(name string) trust.Key {
		return trust.Key{ID: name + "-1", Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(w.keys[name].Public().SPKI()),
			NotBefore: w.now() - 3600, NotAfter: w.now() + 365*86400}
	}
	all := []string{"*"}
	f := trust.File{
		Schema: "marketops.trust/v1", Version: version, Expires: w.now() + 300*86400,
		Persons: []trust.Person{
			{ID: "bob", Groups: []string{"requesters", "operators"}, Keys: []trust.Key{key("bob")}},
			{ID: "alice", Groups: []string{"approvers"}, Keys: []trust.Key{key("alice")}},
			{ID: "carol", Groups: []string{"approvers", "requesters"}, Keys: []trust.Key{key("carol")}},
			{ID: "dora", Groups: []string{"approvers"}, Keys: []trust.Key{key("dora")}},
			{ID: "mallory", Groups: []string{}, Keys: []trust.Key{key("mallory")}},
		},
		Authorities: []trust.Key{key("authority")}, AuthorityRules: []trust.Rule{{Kinds: all, Targets: all, Threshold: 1}},
		Advisory: []trust.Key{key("advisory")}, Publishers: []trust.Key{key("pub"), key("pub2")}, Ledger: []trust.Key{key("ledger")},
		Resolvers: []trust.Rule{{Kinds: all, Targets: all, Group: "operators"}}, Revokers: []trust.Rule{{Kinds: all, Targets: all, Group: "operators"}},
		Approvals:   []trust.Rule{{Kinds: all, Targets: all, Group: "approvers", Threshold: 1}},
		LogPolicy:   fmt.Sprintf("log %s\nquorum none\n", log.Vkey(origin, w.keys["checkpoint"].Public())),
		MaxLifetime: 86400, KnownCheckpoints: []receipt.CheckpointRef{},
	}
	if change != nil {
		change(&f)
	}
	b, err := json.Marshal(f)
	must(w.t, err)
	must(w.t, os.WriteFile(filepath.Join(w.dir, "trust.json.new"), b, 0o600))
	must(w.t, os.Rename(filepath.Join(w.dir, "trust.json.new"), filepath.Join(w.dir, "trust.json")))
	w.trust = f
}

func (w *world) client(name string) *api.Client {
	w.t.Helper()
	if c, ok := w.clients.Load(name); ok {
		return c.(*api.Client)
	}
	c, err := api.Dial(w.sock, origin, w.keys[name], w.now)
	must(w.t, err)
	w.clients.Store(name, c)
	return c
}

func (w *world) head() receipt.Header {
	h, err := receipt.NewHeader(rand.Reader, w.now())
	must(w.t, err)
	return h
}

// story is one run on its way, as the tools of its people would carry it.
type story struct {
	*world
	run        marketops.RunID
	ops        []marketops.Operation
	docs       [][]byte
	digests    []marketops.Digest
	plan       []byte
	submission *receipt.Record
	receipts   []*receipt.Record
}

var stories atomic.Int64

func tagOp(name string) marketops.Operation {
	op := marketops.NewOperation(marketops.TagRepo, marketops.Target{Type: "github", Host: "api.github.test", RepositoryID: 7, FullName: "octo-org/widgets"})
	op.Tag = &marketops.Tag{Name: name, Commit: "3b1f9c2d4e5f60718293a4b5c6d7e8f901234567", Tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		Message: "widgets " + name, Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: 1700000000}}
	return op
}

func releaseOp(name string) marketops.Operation {
	op := tagOp(name)
	op.Kind = marketops.PublishRelease
	op.Release = &marketops.Release{Name: "Widgets " + name, Body: "notes", MakeLatest: "true", Assets: []marketops.Asset{
		{Name: "a.tar.gz", Size: 3, SHA256: marketops.DigestOf([]byte("abc")), ContentType: "application/gzip"}}}
	return op
}

// newStory plans operations; with none, one tag of a name that nobody else uses.
func (w *world) newStory(ops ...marketops.Operation) *story {
	w.t.Helper()
	if len(ops) == 0 {
		ops = []marketops.Operation{tagOp(fmt.Sprintf("v1.%d.1", stories.Add(1)))}
	}
	var id [16]byte
	rand.Read(id[:])
	s := &story{world: w, run: marketops.NewRunID(id), ops: ops}
	p := plan.Plan{Schema: "marketops.plan/v1", Host: ops[0].Target.Host, Mode: marketops.DryRun, Operations: []plan.Operation{}, Rejected: []plan.Rejected{}, Findings: []plan.Finding{}}
	for i, op := range ops {
		doc, err := op.Document()
		must(w.t, err)
		s.docs, s.digests = append(s.docs, doc), append(s.digests, marketops.DigestOf(doc))
		p.Operations = append(p.Operations, plan.Operation{Number: i + 1, Kind: op.Kind, Repository: op.Target.FullName, RepositoryID: op.Target.RepositoryID,
			Resource: op.Resource(), Operation: marketops.DigestOf(doc), BlockedByMode: true, Calls: []marketops.Call{}})
	}
	var err error
	s.plan, err = p.Encode()
	must(w.t, err)
	return s
}

func (s *story) planDigest() marketops.Digest { return marketops.DigestOf(s.plan) }

// submitAs makes and hands in a submission; change may edit record and call.
func (s *story) submitAs(name string, change func(*receipt.Submission, *api.Submit)) (api.Entry, error) {
	s.t.Helper()
	head := s.head()
	findings := []byte("{}")
	sub := &receipt.Submission{Header: head, RunID: s.run, Requester: name, Plan: s.planDigest(), Operations: s.digests,
		Findings: head.Salted(findings), NotShipped: head.Salted([]byte("[]"))}
	in := api.Submit{Plan: s.plan, Operations: s.docs, Evidence: []api.Evidence{{Digest: sub.Findings, Text: findings}, {Digest: sub.NotShipped, Text: []byte("[]")}}}
	if change != nil {
		change(sub, &in)
	}
	rec, err := receipt.Seal(sub, s.keys[name], receipt.SubjectOf("plan.json", sub.Plan))
	must(s.t, err)
	if in.Envelope == nil {
		in.Envelope = rec.Envelope
	}
	e, err := s.client(name).Submit(context.Background(), in)
	if err == nil {
		s.submission = rec
	}
	return e, err
}

func (s *story) submit() *story {
	s.t.Helper()
	_, err := s.submitAs("bob", nil)
	must(s.t, err)
	return s
}

func (s *story) vote(name string, change func(*receipt.Approval)) *receipt.Record {
	s.t.Helper()
	a := &receipt.Approval{Header: s.head(), Verdict: "approve", RunID: s.run, Submission: s.submission.Digest, Requester: "bob", Plan: s.planDigest(),
		Operations: s.digests, Policy: s.core.active.Load().policy.Digest(), NotBefore: s.now(), ExpiresAt: s.now() + 4*3600}
	if change != nil {
		change(a)
	}
	rec, err := receipt.Seal(a, s.keys[name], receipt.SubjectOf("plan.json", a.Plan))
	must(s.t, err)
	return rec
}

func (s *story) voteAs(name string, change func(*receipt.Approval)) (api.Entry, error) {
	s.t.Helper()
	return s.client(name).Approve(context.Background(), s.vote(name, change).Envelope)
}

func (s *story) approve(names ...string) *story {
	s.t.Helper()
	for _, name := range names {
		_, err := s.voteAs(name, nil)
		must(s.t, err)
	}
	return s
}

func (s *story) decide() api.Decisions {
	s.t.Helper()
	d, err := s.client("bob").Authorize(context.Background(), s.run)
	must(s.t, err)
	return d
}

func (s *story) authorize() *story {
	s.t.Helper()
	d := s.decide()
	if !d.Authorized {
		s.t.Fatalf("not authorised: %+v", d)
	}
	s.receipts = nil
	for _, dec := range d.Decisions {
		rec, err := receipt.Open(dec.Receipts[0].Envelope, s.core.active.Load().trust.Ring())
		must(s.t, err)
		s.receipts = append(s.receipts, rec)
	}
	return s
}

// ready is a run that is authorised.
func (w *world) ready(ops ...marketops.Operation) *story {
	w.t.Helper()
	return w.newStory(ops...).submit().approve("alice").authorize()
}

func (s *story) receipt(i int) *receipt.Receipt { return s.receipts[i].Body.(*receipt.Receipt) }

func (s *story) wanted(i int, by string) api.ClaimWanted {
	r := s.receipt(i)
	return api.ClaimWanted{Receipt: r.ReceiptID, Run: r.RunID, Operation: r.Operation, Publisher: s.keys[by].Public().ID(), Trust: s.trust.Version}
}

func (s *story) claim(i int, by string) (api.Claimed, error) {
	return s.client(by).Claim(context.Background(), s.wanted(i, by))
}

// claimUnlogged grants the next epoch as the Core does, and stops before its record is appended.
func (s *story) claimUnlogged(i int, by string) claims.Claim {
	s.t.Helper()
	ctx := context.Background()
	w := got(s.core.binding(ctx, &caller{key: s.keys[by].Public().ID()}, s.wanted(i, by)))(s.t)
	n := s.core.newClaim(w)
	n.Build = func(epoch int64, previous marketops.Digest) (claims.Record, error) {
		rec, err := s.core.mint.Claim(w.spending(), w.owner, epoch, previous)
		return frozenForm(rec), err
	}
	_, held, err := s.core.ledger.Get(ctx, n.Receipt)
	must(s.t, err)
	grant := s.core.ledger.Claim
	if held {
		grant = s.core.ledger.Takeover
	}
	row, _, err := grant(ctx, n)
	must(s.t, err)
	return row
}

func (s *story) intentOf(i int, by string, c api.Claimed) *receipt.Record {
	s.t.Helper()
	r := s.receipt(i)
	rec, err := receipt.Seal(&receipt.Intent{Header: s.head(), RunID: r.RunID, ReceiptID: r.ReceiptID, Claim: c.Entry.Digest, Receipt: s.receipts[i].Digest,
		Operation: r.Operation, Epoch: c.Claim.Epoch}, s.keys[by], receipt.SubjectOf("operation.json", r.Operation))
	must(s.t, err)
	return rec
}

func (s *story) intend(i int, by string, c api.Claimed) (api.Entry, error) {
	s.t.Helper()
	return s.client(by).Intent(context.Background(), s.intentOf(i, by, c).Envelope)
}

func (s *story) fence(i int, epoch int64) api.Fence {
	return api.Fence{Receipt: s.receipt(i).ReceiptID, Epoch: epoch}
}

func (s *story) outcomeOf(i int, by string, epoch int64, intent log.Position, change func(*receipt.Outcome)) api.Decided {
	s.t.Helper()
	r, head := s.receipt(i), s.head()
	answer := []byte(`{"status":201}`)
	o := &receipt.Outcome{Header: head, OperationID: r.Operation, RunID: r.RunID, ReceiptID: r.ReceiptID, Receipt: s.receipts[i].Digest,
		OperationKind: r.OperationKind, Epoch: epoch, Intent: &intent, Status: "success", Effects: []receipt.Effect{{Name: "tag", State: "applied"}},
		Response: head.Salted(answer), GitHub: []receipt.GitHubID{{Name: "tag", Value: "1"}}, Checkpoint: &receipt.CheckpointRef{Origin: origin, Size: int64(intent.Index) + 1, Root: log.Hash{1}}}
	if change != nil {
		change(o)
	}
	rec, err := receipt.Seal(o, s.keys[by], receipt.SubjectOf("operation.json", r.Operation))
	must(s.t, err)
	return api.Decided{Epoch: epoch, Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: head.Salted(answer), Text: answer}}}
}

// executing takes operation i through the door and returns its intent.
func (s *story) executing(i int, by string) (api.Claimed, api.Entry) {
	s.t.Helper()
	ctx := context.Background()
	c, err := s.claim(i, by)
	must(s.t, err)
	e, err := s.intend(i, by, c)
	must(s.t, err)
	_, err = s.client(by).Execute(ctx, s.fence(i, c.Claim.Epoch))
	must(s.t, err)
	return c, e
}

// publish takes operation i all the way.
func (s *story) publish(i int, by string) api.Entry {
	s.t.Helper()
	c, e := s.executing(i, by)
	ctx := context.Background()
	got(s.client(by).Renew(ctx, s.fence(i, c.Claim.Epoch)))(s.t)
	got(s.client(by).Attempt(ctx, s.fence(i, c.Claim.Epoch)))(s.t)
	return got(s.client(by).Outcome(ctx, s.outcomeOf(i, by, c.Claim.Epoch, e.Position, nil)))(s.t)
}

// wantCode fails the test unless err carries the code.
func wantCode(t testing.TB, err error, code marketops.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// tree returns the log as a reader sees it once index is published.
func (w *world) tree(index uint64) *log.Tree {
	w.t.Helper()
	_, err := w.core.tree.Published(context.Background(), index)
	must(w.t, err)
	reader, err := api.Dial(w.sock, origin, nil, w.now)
	must(w.t, err)
	raw, err := reader.ReadFile(log.CheckpointPath)
	must(w.t, err)
	policy, err := log.ParsePolicy(w.trust.LogPolicy)
	must(w.t, err)
	cp, err := policy.Open(raw)
	must(w.t, err)
	return log.NewTree(cp, reader)
}

// proved asserts that a position holds the leaf of this very envelope, and that the record
// store hands the envelope out under it.
func (w *world) proved(tree *log.Tree, e api.Entry) *receipt.Record {
	w.t.Helper()
	rec, err := receipt.Open(e.Envelope, w.core.active.Load().trust.Ring())
	must(w.t, err)
	leaf, err := tree.LeafHash(e.Position.Index)
	must(w.t, err)
	if leaf != rec.LeafHash() || leaf != e.Leaf || rec.Digest != e.Digest || e.Position.Origin != origin {
		w.t.Fatalf("%s at %d is not the record that was answered", e.Name, e.Position.Index)
	}
	reader, err := api.Dial(w.sock, origin, nil, w.now)
	must(w.t, err)
	stored, err := reader.ReadFile("records/" + log.RecordPath(leaf))
	must(w.t, err)
	if string(stored) != string(e.Envelope) {
		w.t.Fatalf("the record store holds another %s", e.Name)
	}
	return rec
}

// records returns the names of a run's records in log order.
func (w *world) records(run marketops.RunID) ([]api.Entry, []string) {
	w.t.Helper()
	r, err := w.client("bob").Records(context.Background(), run)
	must(w.t, err)
	var names []string
	for _, e := range r.Entries {
		names = append(names, string(e.Name))
	}
	return r.Entries, names
}
