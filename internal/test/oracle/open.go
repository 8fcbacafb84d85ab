package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// checkpoint: a log of the newest version signed it, every root that the version knows is the log's, and no record is
// dated after the cosignatures or, in a pack, after the verification.
func (j *judge) checkpoint() {
	policy, err := log.ParsePolicy(j.chain[0].LogPolicy)
	if err != nil {
		j.say(marketops.TrustMissing)
		return
	}
	cp, err := policy.Open(j.Checkpoint)
	if err != nil {
		j.say(marketops.CheckpointUnsigned)
		return
	}
	j.origin, j.size = cp.Origin, cp.Size
	for _, known := range j.chain[0].KnownCheckpoints {
		if known.Origin == j.origin {
			j.knownRoot(known)
		}
	}
	cosigned, quorum := policy.CosignedAt(j.Checkpoint)
	for _, e := range j.Entries {
		j.must(!quorum || e.Record.Body.Issued() <= cosigned+60, marketops.OrderViolation)
		j.must(j.Whole || e.Record.Body.Issued() <= j.End+60, marketops.ClockUnsure)
	}
}

// knownRoot compares a checkpoint that the trust file knows.
func (j *judge) knownRoot(known receipt.CheckpointRef) {
	size := uint64(known.Size)
	switch {
	case j.Whole && size > j.size:
		j.say(marketops.LogRolledBack)
	case !j.determined(size) || j.Root(size) == known.Root:
	case j.Whole && size < j.size:
		j.say(marketops.ConsistencyInvalid)
	default:
		j.say(marketops.SplitView)
	}
}

// determined: a log has all its earlier roots, a pack those below which the last entry is one of the pack's.
func (j *judge) determined(size uint64) bool {
	if j.Whole || size == j.size {
		return size <= j.size
	}
	return slices.ContainsFunc(j.Entries, func(e Entry) bool { return e.Index+1 == size })
}

// open asks for each record which version is in force at its place, and whether its key may have signed it.
func (j *judge) open() {
	inForce, ledger := j.chain.first(), marketops.Time(0)
	for i, e := range j.Entries {
		if j.wasThere(i) {
			continue
		}
		law := inForce
		if v := j.version(takesIntoForce(e.Record.Body)); v != nil {
			law = v
		}
		listed := j.chain.lists(e.Record.By) // else its signature cannot be verified, and what it says is not known
		if law == nil || listed && j.unavailable(e.Record.Body) {
			j.stop(marketops.TrustUnavailable, i)
			return
		}
		if !j.Whole && listed && j.later(e.Record.Body, law) {
			j.stop(marketops.RecordWithheld, i)
			return
		}
		r := &rec{e.Record, e.Index, law, max(e.Record.Body.Issued(), ledger), law.holder(e.Record.By)}
		if code := j.chain.mayBe(law, r.By, signers[r.Body.Kind()], r.at, j.place(r)); code != "" {
			j.say(code)
			j.refused = append(j.refused, refusal{r, code})
			continue
		}
		j.recs = append(j.recs, r)
		if r.by.role == trust.RoleLedger {
			ledger = r.at
		}
		if takesIntoForce(r.Body) != nil {
			j.adoption(r, inForce)
			inForce = law
		}
	}
}

// stop: it is not known which version is in force. From here on nothing of a log is judged. Of a pack nothing is
// judged at all but what each record below is by itself, under every version that may have been in force.
func (j *judge) stop(c marketops.Code, at int) {
	j.stopped = true
	if j.Whole {
		j.say(c)
		return
	}
	j.recs, j.codes = nil, []marketops.Code{c}
	for _, r := range j.refused {
		j.must(j.goodLater(r), r.code)
	}
	for _, e := range j.Entries[:at] {
		_ = j.version(takesIntoForce(e.Record.Body))
		if run := e.Record.Body.Refs().Run; run != "" && !j.isRefused(e) {
			j.must(run == j.Run, marketops.RunMismatch)
		}
	}
}

// goodLater: a later version than the one in force lets the key sign the record.
func (j *judge) goodLater(r refusal) bool {
	return slices.ContainsFunc(j.chain, func(v *version) bool {
		return v.Version > r.law.Version && j.chain.mayBe(v, r.By, signers[r.Body.Kind()], r.at, j.place(r.rec)) == ""
	})
}

func (j *judge) isRefused(e Entry) bool {
	return slices.ContainsFunc(j.refused, func(r refusal) bool { return r.index == e.Index })
}

func (j *judge) place(r *rec) log.Position { return log.Position{Origin: j.origin, Index: r.index} }

// wasThere: the leaf of an entry stands below it already.
func (j *judge) wasThere(n int) bool {
	return slices.ContainsFunc(j.Entries[:n], func(e Entry) bool { return e.Record.LeafHash() == j.Entries[n].Record.LeafHash() })
}

// version returns the version that a record takes into force, or nil.
func (j *judge) version(ref *receipt.TrustRef) *version {
	if ref == nil {
		return nil
	}
	v, code := j.chain.named(*ref)
	j.must(code != marketops.TrustRolledBack, code)
	return v
}

// unavailable: a record takes a version into force that is not at hand. A receipt in a pack may be the only one
// that names it.
func (j *judge) unavailable(b receipt.Body) bool {
	ref := takesIntoForce(b)
	if r, ok := b.(*receipt.Receipt); ok && !j.Whole {
		ref = &r.Trust
	}
	if ref == nil {
		return false
	}
	_, code := j.chain.named(*ref)
	return code == marketops.TrustUnavailable
}

// later: a receipt names a later version than the one in force.
func (j *judge) later(b receipt.Body, law *version) bool {
	r, ok := b.(*receipt.Receipt)
	if !ok {
		return false
	}
	v, _ := j.chain.named(r.Trust)
	return v != nil && v.Version > law.Version
}

// takesIntoForce returns the version that a record takes into force, or nil.
func takesIntoForce(b receipt.Body) *receipt.TrustRef {
	switch b := b.(type) {
	case *receipt.TrustAdopted:
		return &b.Trust
	case *receipt.ShardGenesis:
		return &b.Trust
	}
	return nil
}

// adoption: a trust-adopted names the version below it, takes a later one into force, and not before its time.
func (j *judge) adoption(r *rec, below *version) {
	a, ok := r.Body.(*receipt.TrustAdopted)
	if !ok {
		return
	}
	if r.index == 0 {
		j.must(a.Previous.IsZero(), marketops.TrustRolledBack)
	} else {
		j.must(below != nil && a.Previous == below.digest && a.Trust.Version > below.Version, marketops.TrustRolledBack)
	}
	j.must(a.Effective == r.law.Effective && a.IssuedAt+60 >= a.Effective, marketops.OrderViolation)
}
