package lifecycle

import (
	"maps"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// run is every record of one run so far, for the seal that must name them all.
type run struct {
	id         marketops.RunID
	plan       marketops.Digest // of its submission
	submission marketops.Digest
	records    []named                         // in order, physical duplicates included
	latest     map[crypto.KeyID]marketops.Time // of the records of each signer
	seals      []marketops.Digest              // every run-closed, in order
	later      int                             // records above the latest seal
	succeeded  map[marketops.Digest]bool       // operations
	votes      []*vote
	rejections []*vote
	touched    uint64 // when a record named it last
	number     int    // in the archive; -1 for none
	tied       bool   // to another run, so that it cannot be read again by itself
}

type named struct {
	digest marketops.Digest
	kind   receipt.Kind
	index  uint64
}

func (r *run) weight() int { return len(r.records) + 1 }

func (r *run) add(e Entry) {
	kind := e.Record.Body.Kind()
	r.records = append(r.records, named{e.Record.Digest, kind, e.Position.Index})
	if r.latest == nil {
		r.latest = map[crypto.KeyID]marketops.Time{}
	}
	r.latest[e.Record.By] = max(r.latest[e.Record.By], e.Record.Body.Issued())
	r.later++
	if kind == receipt.KindRunClosed {
		r.seals, r.later = append(r.seals, e.Record.Digest), 0
	}
}

// tie notes that a record of one run changed another.
func tie(x, y *run) {
	if x != y {
		x.tied, y.tied = true, true
	}
}

// maxSealed is how many records one seal can name: it is a record itself, of bounded size.
const maxSealed = receipt.MaxRecord / 64

// runs judges the seals of runs.
type runs struct{ *records }

// seal compares a seal with what stands below it. Earlier seals are tied by Previous, so that
// a seal may list them or not.
func (r runs) seal(e Entry, c *receipt.RunClosed) {
	run := r.run(c.RunID)
	if slices.Contains(run.seals, e.Record.Digest) {
		return
	}
	r.checkPrevious(e, run, c)
	for _, by := range slices.Sorted(maps.Keys(run.latest)) {
		r.checkDate(e, run.latest[by], by)
	}
	if len(run.records) > maxSealed || !r.namesAll(e, run, c) {
		r.broken(sealNames, e.subject(), nil, nil, "")
	}
	if run.holds(c.Records) {
		r.endWaits(func(w Wait) bool { return w.run == run })
	}
}

// holds reports whether all these records of a run are at hand.
func (r *run) holds(records []marketops.Digest) bool {
	given := map[marketops.Digest]bool{}
	for _, n := range r.records {
		given[n.digest] = true
	}
	return !slices.ContainsFunc(records, func(d marketops.Digest) bool { return !given[d] })
}

func (r runs) checkPrevious(e Entry, run *run, c *receipt.RunClosed) {
	switch n := len(run.seals); {
	case c.Previous == nil && n == 0, c.Previous != nil && n > 0 && *c.Previous == run.seals[n-1]:
	case c.Previous != nil && !slices.Contains(run.seals, *c.Previous):
		r.reportMissing(RunClosed, e, "seal", *c.Previous, trust.RoleLedger)
	default:
		r.broken(sealPrevious, e.subject(), nil, nil, "")
	}
}

// namesAll reports whether a seal names the records of the run below it, in their order and with
// their counts. A record that it names and that was not given is a finding of its own.
func (r runs) namesAll(e Entry, run *run, c *receipt.RunClosed) bool {
	stands, seals := map[marketops.Digest]int{}, map[marketops.Digest]bool{}
	var want, got []marketops.Digest
	for _, n := range run.records {
		if n.kind == receipt.KindRunClosed {
			seals[n.digest] = true
			continue
		}
		stands[n.digest]++
		want = append(want, n.digest)
	}
	for _, d := range c.Records {
		switch {
		case seals[d]:
		case stands[d] == 0 && r.mayBeWithheld(d):
			r.report(Finding{Condition: sealNames, Check: RunClosed, Subject: e.subject(), Code: marketops.RecordWithheld, Expected: d.String(), Detail: "the seal names a record that was not given"})
			return true
		default:
			got = append(got, d)
		}
	}
	for _, d := range got { // of several authorities, or after a crash, each may be named
		if stands[d]--; stands[d] < 0 {
			return false
		}
	}
	return slices.Equal(unique(want), unique(got)) && run.hasCounts(c.Counts)
}

// hasCounts compares counts by name. Envelopes of several authorities over one payload may be
// counted as one record or as several.
func (r *run) hasCounts(counts []receipt.Count) bool {
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
