package publisher

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// Job is one operation of a run with everything that was authorised about it.
type Job struct {
	Number     int   // from 1, in plan order
	After      []int // numbers of the operations that must succeed first
	Run        marketops.RunID
	Op         marketops.Operation
	Receipts   []Record
	Submission Record
	Approvals  []Record
	Content    []Content          // open; one per asset or change
	Measured   []marketops.Digest // of Content, one each; not nil
	Journal    Journal
}

// Record is a record of a run as it was handed over: opened once, by [OpenRecords].
type Record struct {
	Opened *receipt.Record // nil if it does not open: [Publisher.Gate] refuses it and says why
	Entry  api.Entry
}

// OpenRecords opens records under the keys of a trust file. Whose key signed one, and whether it may be
// used, the gate judges.
func OpenRecords(t *trust.Trust, entries ...api.Entry) []Record {
	out := make([]Record, len(entries))
	for i, e := range entries {
		if opened, err := receipt.Open(e.Envelope, t.Ring()); err == nil {
			out[i].Opened = opened
		}
		out[i].Entry = e
	}
	return out
}

// OpenRecord is [OpenRecords] for one.
func OpenRecord(t *trust.Trust, e api.Entry) Record { return OpenRecords(t, e)[0] }

// evidence is what the gate judges by: each record with a fresh proof under one checkpoint.
func (j *Job) evidence(tree *log.Tree) gate.Evidence {
	ev := gate.Evidence{Checkpoint: tree.Checkpoint(), Submission: j.Submission.prove(tree)}
	for _, r := range j.Receipts {
		ev.Receipts = append(ev.Receipts, r.prove(tree))
	}
	for _, r := range j.Approvals {
		ev.Approvals = append(ev.Approvals, r.prove(tree))
	}
	return ev
}

// prove attaches a proof. What cannot be proved goes without, and the gate refuses it.
func (r Record) prove(tree *log.Tree) receipt.LoggedEnvelope {
	l := receipt.LoggedEnvelope{Envelope: r.Entry.Envelope}
	if r.Opened != nil {
		l = r.Opened.Logged(nil)
	}
	if at := r.Entry.Position; at.Origin == tree.Checkpoint().Origin && at.Index < tree.Checkpoint().Size {
		if proof, err := tree.Inclusion(at.Index); err == nil {
			l.Proof = proof
		}
	}
	return l
}

// receiptOf returns the first receipt of a job that an authority signed, or nil. Whether it may be used
// is the gate's.
func (p *Publisher) receiptOf(j *Job) *receipt.Receipt {
	for _, r := range j.Receipts {
		if r.Opened == nil {
			continue
		}
		h, _ := p.Trust.Holder(r.Opened.By)
		if body, ok := r.Opened.Body.(*receipt.Receipt); ok && h.Role == trust.RoleAuthority {
			return body
		}
	}
	return nil
}

// isAdmitted reports whether a record opens and its key may sign such records, now and at its position.
func (p *Publisher) isAdmitted(r Record) bool {
	if r.Opened == nil {
		return false
	}
	_, err := p.Trust.Admit(r.Opened, p.Now(), &r.Entry.Position)
	return err == nil
}
