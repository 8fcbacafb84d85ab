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
	Number     int // from 1, in plan order
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
	Opened   *receipt.Record // nil if it does not open: [Publisher.Gate] refuses it and says why
	Position log.Position    // where the log is said to hold it
	envelope []byte
}

// OpenRecords opens records under the keys of a trust file.
func OpenRecords(t *trust.Trust, entries ...api.Entry) []Record {
	out := make([]Record, len(entries))
	for i, e := range entries {
		out[i] = OpenRecord(t, e)
	}
	return out
}

// OpenRecord opens one record. Whose key signed it, and whether it may be used, the gate judges.
func OpenRecord(t *trust.Trust, e api.Entry) Record {
	opened, err := receipt.Open(e.Envelope, t.Ring())
	if err != nil {
		opened = nil
	}
	return Record{opened, e.Position, e.Envelope}
}

// evidence is what the gate judges by: each record with a fresh proof under one checkpoint.
func (j *Job) evidence(tree *log.Tree) gate.Evidence {
	return gate.Evidence{Checkpoint: tree.Checkpoint(), Submission: j.Submission.prove(tree),
		Receipts: proveAll(tree, j.Receipts), Approvals: proveAll(tree, j.Approvals)}
}

func proveAll(tree *log.Tree, records []Record) (out []receipt.LoggedEnvelope) {
	for _, r := range records {
		out = append(out, r.prove(tree))
	}
	return out
}

// prove attaches a proof. What cannot be proved goes without, and the gate refuses it.
func (r Record) prove(tree *log.Tree) receipt.LoggedEnvelope {
	var proof *log.Proof
	if r.Position.Origin == tree.Checkpoint().Origin && r.Position.Index < tree.Checkpoint().Size {
		if p, err := tree.Inclusion(r.Position.Index); err == nil {
			proof = p
		}
	}
	if r.Opened == nil {
		return receipt.LoggedEnvelope{Envelope: r.envelope, Proof: proof}
	}
	return r.Opened.Logged(proof)
}

// receiptOf returns the first receipt of a job that an authority signed. Whether it may be used is the
// gate's.
func (p *Publisher) receiptOf(j *Job) (Record, *receipt.Receipt) {
	for _, r := range j.Receipts {
		if r.Opened == nil {
			continue
		}
		h, _ := p.Trust.Holder(r.Opened.By)
		if body, ok := r.Opened.Body.(*receipt.Receipt); ok && h.Role == trust.RoleAuthority {
			return r, body
		}
	}
	return Record{}, nil
}
