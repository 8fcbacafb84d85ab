package verifier

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
)

// openRecords opens every record under the keys of the trust file and proves its place.
func (v *verification) openRecords() bool {
	sound := true
	names := inOrder(v.pack.Records)
	for i, o := range v.openAll(names) {
		name, err := names[i], o.err
		switch code := marketops.CodeOf(err); {
		case err == nil:
			v.entries = append(v.entries, o.entry)
		case code == marketops.KeyUnknown && v.report.Level != Signature:
			v.unopened = append(v.unopened, unopened{name, v.placeOf(name), err})
		case code == marketops.RecordUnknown:
			v.fail(CheckRecords, "record "+name.String(), err)
		case code == marketops.LeafMismatch || code == marketops.InclusionInvalid:
			v.fail(CheckInclusion, "record "+name.String(), err)
			sound = false
		default:
			v.fail(CheckRecords, "record "+name.String(), err)
			sound = false
		}
	}
	sort.Slice(v.entries, func(i, j int) bool { return v.entries[i].Position.Index < v.entries[j].Position.Index })
	return sound && v.checkDistinct()
}

// unopened is a record by a key that no version of trust.json at hand lists: a later version may.
type unopened struct {
	name  log.Hash
	index uint64 // 0 where its place is not proved
	err   error
}

// placeOf returns where a leaf is proved to stand, and 0 if it is not.
func (v *verification) placeOf(name log.Hash) uint64 {
	proof, err := log.ParseProof(v.pack.Proofs[name])
	if err != nil || !bytes.Equal(proof.Checkpoint, v.cp.Raw) || log.VerifyInclusion(name, proof.Index, proof.Hashes, v.cp) != nil {
		return 0
	}
	return proof.Index
}

// failUnopened reports the records by unknown keys below an index.
func (v *verification) failUnopened(below uint64) (found bool) {
	for _, u := range v.unopened {
		if u.index < below {
			v.fail(CheckRecords, "record "+u.name.String(), u.err)
			found = true
		}
	}
	return found
}

// inOrder returns the keys of a map by their bytes. slices.SortFunc would be quicker, and one instance
// of it costs marketops-verify 16 KB.
func inOrder[K ~[32]byte, V any](m map[K]V) []K {
	out := slices.Collect(maps.Keys(m))
	sort.Slice(out, func(i, j int) bool { return bytes.Compare(out[i][:], out[j][:]) < 0 })
	return out
}

// opened is what became of one record.
type opened struct {
	entry entry
	err   error
}

// share is how many records are worth a processor of their own: starting one costs as much as some.
const share = 16

// openAll opens records on as many processors as they are worth: signatures take most of a verification.
func (v *verification) openAll(names []log.Hash) []opened {
	out := make([]opened, len(names))
	var next atomic.Int64
	open := func() {
		for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
			out[i].entry, out[i].err = v.openOne(names[i])
		}
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)/share) - 1 {
		wait.Go(open)
	}
	open()
	wait.Wait()
	return out
}

// openOne opens one record. Its leaf is computed from the record itself: a proof of some other
// leaf proves nothing about it.
func (v *verification) openOne(name log.Hash) (entry, error) {
	rec, err := receipt.Open(v.pack.Records[name], v.trust.Ring())
	if err != nil {
		return entry{}, err
	}
	leaf := rec.Leaf()
	if log.LeafHash(leaf) != name {
		return entry{}, marketops.Refuse(marketops.LeafMismatch, "the record is not the one that its file name says")
	}
	proof, err := log.ParseProof(v.pack.Proofs[name])
	if err != nil {
		return entry{}, err
	}
	at := log.Position{Origin: v.pack.Origin, Index: proof.Index}
	if v.report.Level == Signature {
		return entry{Entry: lifecycle.Entry{Position: at, Leaf: name, Record: rec}, proof: proof}, nil
	}
	if err := proof.VerifyUnder(v.cp, leaf); err != nil {
		return entry{}, err
	}
	return entry{Entry: lifecycle.Entry{Position: at, Leaf: name, Record: rec}, proof: proof}, nil
}

// checkDistinct refuses two records at one place, which no log can hold.
func (v *verification) checkDistinct() bool {
	v.byDigest = map[marketops.Digest]int{}
	for i, e := range v.entries {
		if i > 0 && v.entries[i-1].Position == e.Position {
			v.fail(CheckInclusion, e.subject(), marketops.Refuse(marketops.InclusionInvalid, "two records are proved at one place"))
			return false
		}
		if _, ok := v.byDigest[e.Record.Digest]; !ok {
			v.byDigest[e.Record.Digest] = i
		}
	}
	if v.report.Level != Signature {
		v.report.Pass(CheckInclusion, "", fmt.Sprintf("%d of %d records", len(v.entries), len(v.pack.Records)))
	}
	return true
}

func (e entry) subject() string { return fmt.Sprintf("leaf %d", e.Position.Index) }

// admit asks for each record whether its key had the right role at its time and place. Where the version of trust.json
// that is in force turns out not to be known, nothing above is asked; and below, a key may be one of a later version.
func (v *verification) admit() bool {
	var refused []refusedRecord
	ledger, course := marketops.Time(0), trust.NewCourse(v.trust)
	for i := range v.entries {
		e := &v.entries[i]
		e.time = max(e.Record.Body.Issued(), ledger)
		switch check, err := v.admitUnder(course, e); {
		case err != nil && Undecided(marketops.CodeOf(err)):
			refused = slices.DeleteFunc(refused, v.mayBeOfLater)
			v.failUnopened(e.Position.Index)
			v.failAdmission(append(refused, refusedRecord{e, check, err})...)
			return false
		case err != nil:
			refused = append(refused, refusedRecord{e, check, err})
			continue
		}
		course.Adopt(e.Record.Body, e.Position.Index)
		if e.Holder.Role == trust.RoleLedger {
			ledger = max(ledger, e.Record.Body.Issued())
		}
	}
	unknown := v.failUnopened(log.MaxSize)
	v.failAdmission(refused...)
	sound := !unknown && len(refused) == 0 && v.checkDate()
	if sound {
		if !v.report.Answered(CheckRecords) { // a record of an unknown type was found before
			v.report.Pass(CheckRecords, "", lifecycle.Count(len(v.entries), "record")+" by "+lifecycle.Count(v.countKeys(), "key"))
		}
		v.report.Pass(CheckPack, "", lifecycle.Count(len(v.pack.Manifest.Files), "file")+" of run "+string(v.report.Run))
	}
	return sound
}

// checkDate compares the date in the manifest with the latest of the records. It means nothing, but
// no byte of a pack may be free to change.
func (v *verification) checkDate() bool {
	var last marketops.Time
	for _, e := range v.entries {
		last = max(last, e.Record.Body.Issued())
	}
	got, whole := v.pack.Manifest.CreatedAt, len(v.entries) == len(v.pack.Records)
	if got == last || !whole && got > last {
		return true
	}
	v.report.Fail(Check{Name: CheckPack, Code: marketops.PackMalformed, Expected: last.String(), Got: got.String(), Detail: "created_at is not the time of the latest record"})
	return false
}

// admitUnder admits a record under the version of trust.json in force at its place, or says which check it fails. A
// receipt names a later version only if what took that into force was not given.
func (v *verification) admitUnder(course *trust.Course, e *entry) (check string, err error) {
	if e.Law, err = course.Law(e.Record.Body); err != nil {
		return CheckRecords, err
	}
	if r, ok := e.Record.Body.(*receipt.Receipt); ok && r.Trust.Version > e.Law.Version() {
		if _, err := v.trust.Named(r.Trust); err != nil {
			return CheckRecords, err
		}
		return CheckRecords, marketops.Refuse(marketops.RecordWithheld, fmt.Sprintf("the record that took version %d of trust.json into force was not given", r.Trust.Version))
	}
	if err := v.admitOne(e, e.Law); err != nil {
		return CheckRecords, err
	}
	if run := e.Record.Body.Refs().Run; run != v.report.Run && run != "" {
		return CheckPack, marketops.Refuse(marketops.RunMismatch, fmt.Sprintf("a %s of run %s in a pack of run %s", e.Record.Body.Kind(), run, v.report.Run))
	}
	return "", nil
}

// refusedRecord is a record that was not admitted, and the check that it fails.
type refusedRecord struct {
	*entry
	check string
	err   error
}

// mayBeOfLater reports whether a key that the version in force does not allow is good under a later one, which may have
// been in force already.
func (v *verification) mayBeOfLater(r refusedRecord) bool {
	e := *r.entry
	return r.check == CheckRecords && e.Law != nil && slices.ContainsFunc(v.trust.Versions(), func(law *trust.Trust) bool {
		return law.Version() > e.Law.Version() && v.admitOne(&e, law) == nil
	})
}

// failAdmission reports why records were not admitted. Without the version of trust.json that judges one nothing
// is known.
func (v *verification) failAdmission(refused ...refusedRecord) {
	for _, r := range refused {
		if Undecided(marketops.CodeOf(r.err)) {
			v.lacking = r.err
		}
		v.fail(r.check, r.subject(), r.err)
	}
}

// joinTrust takes the earlier versions of the trust file from the pack, and from the caller.
func (v *verification) joinTrust() bool {
	joined, err := v.trust.With(func(d marketops.Digest) []byte {
		if v.pack != nil && v.pack.Trust[d] != nil {
			return v.pack.Trust[d]
		}
		if v.demand.Former != nil {
			return v.demand.Former(d)
		}
		return nil
	})
	if err != nil {
		v.fail(CheckTrust, "", err)
		return false
	}
	v.trust = joined
	return true
}

// checkTrustFiles refuses a trust file in a pack that is no version before the caller's, and none after it.
func (v *verification) checkTrustFiles() bool {
	after, strange := map[marketops.Digest][]marketops.Digest{}, map[marketops.Digest]bool{}
	for d, text := range v.pack.Trust {
		strange[d] = true
		if t, err := trust.Parse(text); err == nil && t.Digest() == d {
			after[t.File().Previous] = append(after[t.File().Previous], d)
		}
	}
	var known []marketops.Digest
	for _, t := range v.trust.Versions() {
		delete(strange, t.Digest())
		known = append(known, t.Digest())
	}
	for known = after[known[0]]; len(known) > 0; known = append(known[1:], after[known[0]]...) {
		delete(strange, known[0])
	}
	if len(strange) > 0 {
		v.report.Fail(Check{Name: CheckPack, Code: marketops.PackMalformed, Detail: "a trust file in the pack is no version of the one that was given"})
	}
	return len(strange) == 0
}

func (v *verification) admitOne(e *entry, law *trust.Trust) (err error) {
	at := &e.Position
	if v.report.Level == Signature {
		at = nil // a claimed place is none: whoever holds a revoked key would claim an early one
	}
	e.Holder, err = law.Admit(e.Record, e.time, at)
	return err
}

func (v *verification) countKeys() int {
	seen := map[string]bool{}
	for _, e := range v.entries {
		seen[string(e.Record.By)] = true
	}
	return len(seen)
}

// checkTimes finds what claims to come from later than it can.
func (v *verification) checkTimes() bool {
	var last marketops.Time
	for _, e := range v.entries {
		last = max(last, e.Record.Body.Issued())
		if v.cosigned != 0 && e.Record.Body.Issued() > v.cosigned+gate.Epsilon {
			v.report.Fail(Check{Name: CheckTime, Subject: e.subject(), Code: marketops.OrderViolation, Expected: v.cosigned.String(), Got: e.Record.Body.Issued().String(), Detail: "a record is dated after the cosignatures of the checkpoint that holds it"})
			return true
		}
	}
	if latest := max(last, v.cosigned); latest > v.at+gate.Epsilon {
		v.report.Fail(Check{Name: CheckTime, Code: marketops.ClockUnsure, Expected: "at or before " + v.at.String(), Got: latest.String(), Detail: "the evidence is dated after this verification"})
		return true
	}
	v.report.Pass(CheckTime, "", "the last record is of "+last.String())
	return true
}
