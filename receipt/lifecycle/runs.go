package lifecycle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

type keyID = crypto.KeyID

// run is every record of one run so far, for the seal that must name them all.
type run struct {
	id         marketops.RunID
	records    []named            // in order, physical duplicates included
	seals      []marketops.Digest // every run-closed, in order
	later      int                // records above the latest seal
	rejections []*vote
	spoken     uint64 // when it was spoken of last
	number     int    // in the archive; -1 for none
	tied       bool   // to another run, so that it cannot be read again by itself
}

type named struct {
	digest marketops.Digest
	kind   receipt.Kind
	index  uint64
}

func (r *run) weight() int { return len(r.records) + 1 }

func tie(x, y *run) {
	if x != y {
		x.tied, y.tied = true, true
	}
}

// tied ties the run of a record to that of the receipt that it changes.
func (b *Tracker) tied(e Entry, s *Spending) { tie(s.run, b.run(e.Record.Body.Refs().Run)) }

// enter notes a record under its run.
func (b *Tracker) enter(e Entry) {
	id := e.Record.Body.Refs().Run
	if id == "" {
		return
	}
	r := b.run(id)
	r.records = append(r.records, named{e.Record.Digest, e.Record.Body.Kind(), e.Position.Index})
	b.weight++
	r.later++
	if e.Record.Body.Kind() == receipt.KindRunClosed {
		r.seals, r.later = append(r.seals, e.Record.Digest), 0
	}
}

func (b *Tracker) run(id marketops.RunID) *run {
	if b.runs[id] == nil {
		b.recall(aRun, []byte(id))
	}
	r := b.runs[id]
	if r == nil {
		r = &run{id: id, number: -1}
		b.runs[id] = r
		b.weight += r.weight()
	}
	return r
}

// Sealed reports whether a run has a run-closed record, and how many of its records came later.
func (b *Tracker) Sealed(id marketops.RunID) (sealed bool, later int) {
	r := b.runs[id]
	return r != nil && len(r.seals) > 0, b.run(id).later
}

// maxSealed is how many records one seal can name: it is a record itself, of bounded size.
const maxSealed = receipt.MaxRecord / 64

// closed compares a seal with what stands below it. Earlier seals are tied by Previous, so that
// a seal may list them or not.
func (b *Tracker) closed(e Entry, c *receipt.RunClosed) {
	r := b.run(c.RunID)
	if slices.ContainsFunc(r.seals, func(d marketops.Digest) bool { return d == e.Record.Digest }) {
		return
	}
	same(b, RunClosed, e, marketops.PlanMismatch, "a seal is about the run's plan", c.Plan, e.Record.About())
	b.sealChain(e, r, c)
	if len(r.records) > maxSealed || !b.namesAll(e, r, c) {
		b.find(Finding{Check: RunClosed, Subject: e.subject(), Code: marketops.OrderViolation, Detail: "the seal does not name exactly the records of the run below it"})
	}
}

func (b *Tracker) sealChain(e Entry, r *run, c *receipt.RunClosed) {
	switch n := len(r.seals); {
	case c.Previous == nil && n == 0, c.Previous != nil && n > 0 && *c.Previous == r.seals[n-1]:
	case c.Previous != nil && n == 0:
		b.missing(RunClosed, e, "seal", *c.Previous, trust.RoleLedger)
	default:
		b.find(Finding{Check: RunClosed, Subject: e.subject(), Code: marketops.OrderViolation, Detail: "the seal does not name the one before"})
	}
}

// namesAll reports whether a seal names the records of the run below it, in their order and with
// their counts. A record that it names and that was not given is a finding of its own.
func (b *Tracker) namesAll(e Entry, r *run, c *receipt.RunClosed) bool {
	known, seals := map[marketops.Digest]bool{}, map[marketops.Digest]bool{}
	var want, got []marketops.Digest
	for _, n := range r.records {
		if n.kind == receipt.KindRunClosed {
			seals[n.digest] = true
			continue
		}
		known[n.digest] = true
		want = append(want, n.digest)
	}
	for _, d := range c.Records {
		switch {
		case seals[d]:
		case !known[d] && b.elsewhere(d):
			b.find(Finding{Check: RunClosed, Subject: e.subject(), Code: marketops.RecordWithheld, Expected: d.String(), Detail: "the seal names a record that was not given"})
			return true
		default:
			got = append(got, d)
		}
	}
	return slices.Equal(unique(want), unique(got)) && r.counted(c.Counts)
}

// elsewhere reports whether a record that is not known here may be a withheld one.
func (b *Tracker) elsewhere(d marketops.Digest) bool {
	if b.rules.Contained != nil {
		return !b.rules.Contained[d]
	}
	return len(b.withheld) > 0
}

// counted compares counts by name. Envelopes of several authorities over one payload may be
// counted as one record or as several.
func (r *run) counted(counts []receipt.Count) bool {
	all, distinct, seen := map[receipt.Kind]int64{}, map[receipt.Kind]int64{}, map[marketops.Digest]bool{}
	for _, n := range r.records {
		if n.kind == receipt.KindRunClosed {
			continue
		}
		all[n.kind]++
		if !seen[n.digest] {
			seen[n.digest] = true
			distinct[n.kind]++
		}
	}
	named := 0
	for i, c := range counts {
		if i > 0 && counts[i-1].Name >= c.Name {
			return false
		}
		if c.Name == receipt.KindRunClosed {
			continue
		}
		if named++; c.Count != all[c.Name] && c.Count != distinct[c.Name] || c.Count == 0 {
			return false
		}
	}
	return named == len(all)
}

// unique drops repetitions and keeps the order.
func unique(in []marketops.Digest) []marketops.Digest {
	seen := make(map[marketops.Digest]bool, len(in))
	out := make([]marketops.Digest, 0, len(in))
	for _, d := range in {
		if !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	return out
}
