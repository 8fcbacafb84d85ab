package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// afterwards asks the questions of a receipt again, as they stood at its first claim.
func (j *judge) afterwards(h *life) {
	first := h.envelopes[0]
	law := j.law(h)
	if law == nil {
		return
	}
	j.must(!j.chain.tooLate(law, first.at), marketops.TrustRolledBack)
	a := &asked{chain: j.chain, inForce: first.law, Question: Question{Origin: j.origin, Run: h.RunID, Operation: j.Documents[h.Operation]}}
	below := first.index
	if len(h.claims) > 0 {
		claim := h.claims[0]
		a.Publisher, a.Now, a.inForce, below = claim.Body.(*receipt.Claim).Publisher, claim.Body.Issued(), claim.law, claim.index
	} else {
		a.Unclaimed, a.Now = true, max(h.IssuedAt, h.NotBefore)
	}
	if !j.Whole {
		a.Run = j.Run
	}
	for _, e := range h.envelopes {
		if a.Unclaimed || e.index < below {
			a.Receipts = append(a.Receipts, Entry{e.Record, e.index})
		}
	}
	if len(a.Receipts) == 0 {
		return // the claim stands below its receipt
	}
	a.Submission, a.Votes = j.submissionOf(h), j.votesOf(h, below)
	a.withheld = slices.ContainsFunc(names(h.Receipt), j.withheld)
	a.ask()
	j.codes = append(j.codes, a.failed...)
}

func (j *judge) submissionOf(h *life) *Entry {
	if r := j.find(name{digest: h.Submission}); r != nil {
		return &Entry{r.Record, r.index}
	}
	return nil
}

// votesOf are the votes of the run below a place, and all that the receipt names.
func (j *judge) votesOf(h *life, below uint64) (out []Entry) {
	for _, r := range j.recs {
		a, ok := r.Body.(*receipt.Approval)
		ofRun := ok && a.RunID == h.RunID && r.index < below
		if ofRun || slices.Contains(h.Approvals, r.Digest) {
			out = append(out, Entry{r.Record, r.index})
		}
	}
	return out
}
