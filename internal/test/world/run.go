package world

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
)

// Run is one run on its way, as the tools of its people would carry it.
type Run struct {
	*World
	ID         marketops.RunID
	Ops        []marketops.Operation
	Docs       [][]byte
	Digests    []marketops.Digest // of the operations
	Plan       []byte
	Submission *receipt.Record
	Decided    api.Decisions // the answer with the receipts
	Receipts   []*receipt.Record
}

var runs atomic.Int64

// TagOp is a tag in the repository octo-org/widgets of a GitHub that is not there.
func TagOp(name string) marketops.Operation {
	op := marketops.NewOperation(marketops.TagRepo, marketops.Target{Type: "github", Host: "github.com", RepositoryID: 7, FullName: "octo-org/widgets"})
	op.Tag = &marketops.Tag{Name: name, Commit: "3b1f9c2d4e5f60718293a4b5c6d7e8f901234567", Tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		Message: "widgets " + name, Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: 1700000000}}
	return op
}

// ReleaseOp is a release with one asset, of such a tag.
func ReleaseOp(name string) marketops.Operation {
	op := TagOp(name)
	op.Kind = marketops.PublishRelease
	op.Release = &marketops.Release{Name: "Widgets " + name, Body: "notes", MakeLatest: "true", Assets: []marketops.Asset{
		{Name: "a.tar.gz", Size: 3, SHA256: marketops.DigestOf([]byte("abc")), ContentType: "application/gzip"}}}
	return op
}

// NewRun plans operations; with none, one tag of a name that no other run uses.
func (w *World) NewRun(ops ...marketops.Operation) *Run {
	w.Helper()
	if len(ops) == 0 {
		ops = []marketops.Operation{TagOp(fmt.Sprintf("v1.%d.1", runs.Add(1)))}
	}
	var id [16]byte
	rand.Read(id[:])
	r := &Run{World: w, ID: marketops.NewRunID(id), Ops: ops}
	p := document.New(ops[0].Target.Host)
	for i := range ops {
		doc := Got(ops[i].Document())(w)
		d := marketops.DigestOf(doc)
		r.Docs, r.Digests = append(r.Docs, doc), append(r.Digests, d)
		p.Add(&ops[i], d)
	}
	r.Plan = Got(p.Encode())(w)
	return r
}

// After makes operation i of the plan come after others, by their indexes. It is for a run that was not submitted yet.
func (r *Run) After(i int, others ...int) *Run {
	r.Helper()
	p := Got(document.Parse(r.Plan))(r)
	for _, n := range others {
		p.Operations[i].After = append(p.Operations[i].After, n+1)
	}
	r.Plan = Got(p.Encode())(r)
	return r
}

// Refs names the operations of the plan.
func (r *Run) Refs() []receipt.OperationRef { return Got(document.Parse(r.Plan))(r).Refs() }

// PlanDigest names the plan.
func (r *Run) PlanDigest() marketops.Digest { return marketops.DigestOf(r.Plan) }

// Head is the head of a record that is made now. Where the clock went back it stands still.
func (w *World) Head() receipt.Header {
	h := Got(receipt.NewHeader(rand.Reader, w.Now()))(w)
	w.mu.Lock()
	defer w.mu.Unlock()
	if h.IssuedAt > w.dated {
		w.dated = h.IssuedAt
	}
	h.IssuedAt = w.dated
	return h
}

// SubmitAs makes and hands in a submission; change may edit record and call.
func (r *Run) SubmitAs(name string, change func(*receipt.Submission, *api.Submit)) (api.Entry, error) {
	r.Helper()
	head := r.Head()
	findings := []byte("{}")
	sub := &receipt.Submission{Header: head, RunID: r.ID, Requester: name, Plan: r.PlanDigest(), Operations: r.Refs(),
		Findings: head.Salted(findings), NotShipped: head.Salted([]byte("[]"))}
	in := api.Submit{Plan: r.Plan, Operations: r.Docs, Evidence: []api.Evidence{{Digest: sub.Findings, Text: findings}, {Digest: sub.NotShipped, Text: []byte("[]")}}}
	if change != nil {
		change(sub, &in)
	}
	rec := Got(receipt.Seal(sub, r.Keys[name]))(r)
	if in.Envelope == nil {
		in.Envelope = rec.Envelope
	}
	e, err := r.Client(name).Submit(context.Background(), in)
	if err == nil {
		r.Submission = rec
	}
	return e, err
}

// Submit hands in the plan as bob.
func (r *Run) Submit() *Run {
	r.Helper()
	Got(r.SubmitAs("bob", nil))(r)
	return r
}

// Vote is a verdict on the submission, an approval unless change says otherwise.
func (r *Run) Vote(name string, change func(*receipt.Approval)) *receipt.Record {
	r.Helper()
	a := &receipt.Approval{Header: r.Head(), Verdict: receipt.Approve, RunID: r.ID, Submission: r.Submission.Digest, Requester: "bob", Plan: r.PlanDigest(),
		Operations: r.Refs(), Policy: r.Core.Info().Policy, NotBefore: r.Now(), ExpiresAt: r.Now() + 4*3600}
	if change != nil {
		change(a)
	}
	return Got(receipt.Seal(a, r.Keys[name]))(r)
}

// VoteAs hands in such a verdict.
func (r *Run) VoteAs(name string, change func(*receipt.Approval)) (api.Entry, error) {
	r.Helper()
	return r.Client(name).Approve(context.Background(), r.Vote(name, change).Envelope)
}

// Approve approves as each of the persons.
func (r *Run) Approve(names ...string) *Run {
	r.Helper()
	for _, name := range names {
		Got(r.VoteAs(name, nil))(r)
	}
	return r
}

// Decide asks for receipts as bob.
func (r *Run) Decide() api.Decisions {
	r.Helper()
	return Got(r.Client("bob").Authorize(context.Background(), r.ID))(r)
}

// Authorize gets the receipts.
func (r *Run) Authorize() *Run {
	r.Helper()
	d := r.Decide()
	if !d.Authorized {
		r.Fatalf("not authorised: %+v", d)
	}
	r.Decided, r.Receipts = d, nil
	for _, dec := range d.Decisions {
		r.Receipts = append(r.Receipts, Got(receipt.Open(dec.Receipts[0].Envelope, r.Core.Trust().Ring()))(r))
	}
	return r
}

// Ready is a run that is authorised.
func (w *World) Ready(ops ...marketops.Operation) *Run {
	w.Helper()
	return w.NewRun(ops...).Ready()
}

// Ready submits and authorises the run.
func (r *Run) Ready() *Run {
	r.Helper()
	return r.Submit().Approve("alice").Authorize()
}

// Receipt is the receipt for operation i.
func (r *Run) Receipt(i int) *receipt.Receipt { return r.Receipts[i].Body.(*receipt.Receipt) }
