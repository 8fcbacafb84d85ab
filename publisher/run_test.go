package publisher_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/unpaced"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/receipt"
)

// run is an authorised run, with a run folder as the engine leaves it.
type run struct {
	*stage
	plan       *world.Run
	submission api.Entry
	approvals  []api.Entry
	receipts   [][]api.Entry
	sources    string       // folder of the assets
	used       atomic.Int64 // writes that were begun on this run's behalf
}

// authorised plans operations, has them submitted, approved by alice and authorised.
func (s *stage) authorised(ops ...marketops.Operation) *run {
	s.Helper()
	return s.authorisedPlan(s.NewRun(ops...))
}

func (s *stage) authorisedPlan(plan *world.Run) *run {
	s.Helper()
	r := &run{stage: s, plan: plan, sources: s.TempDir()}
	for name, content := range assets {
		s.ok(os.WriteFile(filepath.Join(r.sources, name), []byte(content), 0o600))
	}
	r.submission = world.Got(r.plan.SubmitAs("bob", nil))(s)
	r.vote("alice", receipt.Approve)
	return r.authorize()
}

// authorize has the run authorised, perhaps again.
func (r *run) authorize() *run {
	r.Helper()
	r.receipts = nil
	last := uint64(0)
	for _, d := range r.plan.Authorize().Decided.Decisions {
		r.receipts = append(r.receipts, d.Receipts)
		last = max(last, d.Receipts[0].Position.Index)
	}
	r.Tree(last)
	return r
}

// vote signs and hands in a verdict of a person.
func (r *run) vote(name string, verdict receipt.Verdict) api.Entry {
	r.Helper()
	e := world.Got(r.plan.VoteAs(name, func(a *receipt.Approval) { a.Verdict = verdict }))(r)
	r.approvals = append(r.approvals, e)
	return e
}

// folder writes a run folder as the engine does, so that journal and content are the real ones.
func (r *run) folder() string {
	r.Helper()
	dir := r.TempDir()
	put := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		r.ok(errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)))
	}
	put("run.json", must(canon.Encode(plan.Info{Schema: "marketops.run/v1", RunID: r.plan.ID, CreatedAt: r.World.Now()})))
	put("plan.json", r.plan.Plan)
	src := plan.Sources{Schema: "marketops.sources/v1", Root: r.sources}
	for i, doc := range r.plan.Docs {
		put(fmt.Sprintf("operations/%d.json", i+1), doc)
		files := plan.Files{Number: i + 1, Files: []plan.File{}}
		for _, f := range r.plan.Ops[i].Files() {
			files.Files = append(files.Files, plan.File{Name: f.Name, Path: f.Name})
		}
		src.Operations = append(src.Operations, files)
	}
	put("sources.json", must(canon.Encode(src)))
	return dir
}

// journal lets the port write into the run's real journal.
type journal struct{ *plan.OperationJournal }

func (j journal) Call(c publisher.CallEvidence) error { return j.Append("call", c) }

// seat is one publisher process: its key, its run folder, its memory of the log.
type seat struct {
	*run
	*publisher.Publisher
	folder  *plan.Run
	jobs    []*publisher.Job
	ready   int
	told    []string
	telling sync.Mutex
}

// sit starts a publisher process on a run folder. leave ends it.
func (r *run) sit(key, dir string) *seat {
	r.Helper()
	folder, err := plan.Open(dir)
	r.ok(err)
	s := &seat{run: r, folder: folder}
	core := r.Client(key)
	o := r.portOptions()
	o.Pacing.Limiter = counted{used: &r.used}
	port, err := github.New(o)
	r.ok(err)
	s.Publisher = &publisher.Publisher{
		Core: core, Log: view.New(core, r.World.Trust.Log(), filepath.Join(r.Dir, "memory-of-"+key)), Trust: r.World.Trust, Signer: r.Keys[key],
		Port: port, Host: r.host(), Now: r.World.Now, Random: rand.Reader, Outbox: publisher.Outbox{Dir: filepath.Join(dir, "outbox")},
		Ready: func(context.Context, time.Duration) error { s.ready++; return nil },
		Tell: func(e publisher.Event) { // an interrupt is told from another goroutine
			s.telling.Lock()
			defer s.telling.Unlock()
			s.told = append(s.told, e.Step)
		},
	}
	j, err := folder.Journal(time.Now)
	// The practice GitHub starts git: until such a child has begun, it holds the lock of a journal
	// that was open when it was forked.
	for end := time.Now().Add(5 * time.Minute); errors.Is(err, marketops.OperationInFlight) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		j, err = folder.Journal(time.Now)
	}
	r.ok(err)
	for i := range r.plan.Ops {
		s.jobs = append(s.jobs, s.job(i, j))
	}
	return s
}

func (s *seat) leave() { s.ok(s.folder.Close()) }

func (s *seat) job(i int, j *plan.Journal) *publisher.Job {
	s.Helper()
	trust := s.Publisher.Trust
	job := &publisher.Job{Number: i + 1, After: s.folder.Plan.Operations[i].After, Run: s.plan.ID, Op: s.plan.Ops[i],
		Submission: publisher.OpenRecord(trust, s.submission), Approvals: publisher.OpenRecords(trust, s.approvals...),
		Journal: journal{j.Operation(s.plan.Digests[i])}, Measured: []marketops.Digest{}}
	if i < len(s.receipts) {
		job.Receipts = publisher.OpenRecords(trust, s.receipts[i]...)
	}
	content, err := s.folder.Content(context.Background(), i+1)
	s.ok(err)
	for _, c := range content {
		job.Content, job.Measured = append(job.Content, c), append(job.Measured, c.Measured)
	}
	return job
}

// counted is a limiter that counts the writes: each is reserved right before it is sent.
type counted struct {
	unpaced.Limiter
	used *atomic.Int64
}

func (c counted) Reserve(context.Context, time.Time) (time.Duration, string, error) {
	c.used.Add(1)
	return 0, "", nil
}

func (s *stage) portOptions() github.Options {
	ms := time.Millisecond
	return github.Options{
		API: s.api, Uploads: s.files, Now: time.Now, Pacing: github.Pacing{Limiter: unpaced.Limiter{}, LimitWait: ms}, UserAgent: "marketops/test",
		Token:  func(context.Context) (string, error) { s.asked.Add(1); return secret, nil },
		Denied: func(string) {},
		Wait:   func(string, time.Duration) {},
		Pauses: []time.Duration{ms, ms, ms},
	}
}

// publish is one whole process: sit, publish everything, leave.
func (r *run) publish(key, dir string) ([]publisher.Result, error) {
	r.Helper()
	s := r.sit(key, dir)
	defer s.leave()
	return s.Run(context.Background(), marketops.Prod, s.jobs)
}

// story is everything that the log holds of one receipt, opened, proved and in log order.
type story struct {
	names    []string
	entries  []api.Entry
	claims   []*receipt.Record
	intents  []*receipt.Record
	outcomes []*receipt.Record
	refusals []*receipt.Record
}

// told reads the story of the i-th operation. Every record must stand in the log under the very
// position that the Core names.
func (r *run) told(i int) *story {
	r.Helper()
	all, err := r.Client("bob").Records(context.Background(), r.plan.ID)
	r.ok(err)
	tree := r.Tree(all.Entries[len(all.Entries)-1].Position.Index)
	st := &story{}
	id := r.plan.Receipt(i).ReceiptID
	for _, e := range all.Entries {
		rec, _, err := r.World.Trust.Open(e.Envelope, r.World.Now(), &e.Position)
		r.ok(err)
		if _, err := view.ProveIn(tree, rec.LeafHash(), e.Position); err != nil {
			r.Errorf("%s at %d: %v", e.Name, e.Position.Index, err)
		}
		if st.take(rec, id) {
			st.names, st.entries = append(st.names, string(e.Name)), append(st.entries, e)
		}
	}
	return st
}

func (st *story) take(rec *receipt.Record, id marketops.ReceiptID) bool {
	switch b := rec.Body.(type) {
	case *receipt.Claim:
		if b.ReceiptID == id {
			st.claims = append(st.claims, rec)
			return true
		}
	case *receipt.Intent:
		if b.ReceiptID == id {
			st.intents = append(st.intents, rec)
			return true
		}
	case *receipt.Outcome:
		if b.ReceiptID == id {
			st.outcomes = append(st.outcomes, rec)
			return true
		}
	case *receipt.Refusal:
		if b.ReceiptID == string(id) {
			st.refusals = append(st.refusals, rec)
			return true
		}
	}
	return false
}

// outcome is the one outcome of the i-th operation, with everything that must be true of it: the
// claim chain is whole, each intent names the claim of its epoch and comes after it, the outcome
// comes after the newest intent and names it, and the checkpoint that was seen covers it and is
// the log's own.
func (r *run) outcome(i int) *receipt.Outcome {
	r.Helper()
	st := r.told(i)
	if len(st.outcomes) != 1 || len(st.claims) == 0 {
		r.Fatalf("records %q: want one outcome", st.names)
	}
	o := st.outcomes[0].Body.(*receipt.Outcome)
	at := map[marketops.Digest]uint64{}
	for _, e := range st.entries {
		at[e.Digest] = e.Position.Index
	}
	for n, c := range st.claims {
		b := c.Body.(*receipt.Claim)
		if b.Epoch != int64(n)+1 || n == 0 && b.Previous != nil || n > 0 && (b.Previous == nil || *b.Previous != st.claims[n-1].Digest) {
			r.Errorf("claim %d of %s: epoch %d, previous %v", n, b.ReceiptID, b.Epoch, b.Previous)
		}
	}
	for _, in := range st.intents {
		b := in.Body.(*receipt.Intent)
		if b.Claim != st.claims[b.Epoch-1].Digest || at[in.Digest] <= at[b.Claim] {
			r.Errorf("the intent of epoch %d at %d does not follow its claim at %d", b.Epoch, at[in.Digest], at[b.Claim])
		}
	}
	if o.Status == "rejected" {
		return o
	}
	newest := st.intents[len(st.intents)-1]
	if o.Intent == nil || o.Intent.Index != at[newest.Digest] || at[st.outcomes[0].Digest] <= o.Intent.Index || o.OperationID != r.plan.Digests[i] {
		r.Errorf("outcome %+v at %d does not follow the newest intent at %d", o, at[st.outcomes[0].Digest], at[newest.Digest])
	}
	if o.Checkpoint == nil || uint64(o.Checkpoint.Size) <= o.Intent.Index || o.Checkpoint.Origin != world.Origin {
		r.Fatalf("the checkpoint that was seen, %+v, does not cover the intent at %d", o.Checkpoint, o.Intent.Index)
	}
	return o
}

// shipped demands the one right ending: everything visible happened once, and the outcome is
// the only one and says so.
func (r *run) shipped(i int) *receipt.Outcome {
	r.Helper()
	o, op := r.outcome(i), r.plan.Ops[i]
	if o.Status != "success" {
		r.Errorf("operation %d: %s %s", i+1, o.Status, o.Code)
	}
	want := []string{"ref-created"}
	if op.Release != nil {
		want = append(want, "release-published")
	}
	if got := r.visible(op); !slices.Equal(got, want) {
		r.Errorf("operation %d: visible effects %q, want %q", i+1, got, want)
	}
	obs, err := must(github.New(r.portOptions())).Observe(context.Background(), op, r.plan.State(i).Drafts)
	if err != nil || obs.State != publisher.Found {
		r.Errorf("operation %d: GitHub shows %s: %s, %v", i+1, obs.State, obs.Detail, err)
	}
	state, err := r.Client("pub").ClaimState(context.Background(), r.plan.Receipt(i).ReceiptID)
	if err != nil || state.State != "closed" || state.Outcome != "success" {
		r.Errorf("operation %d: the claim is %+v, %v", i+1, state, err)
	}
	return o
}
