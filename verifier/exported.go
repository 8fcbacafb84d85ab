package verifier

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/pack"
)

var bundleChecks = []string{CheckTrust, CheckBundle, CheckCheckpoint, CheckRecords, CheckInclusion, CheckTime, CheckBinding}

// VerifyBundle judges one exported record: who signed it, that the log holds it, and that the bundle
// says nothing else about either. Approvals, use and outcome are not in a bundle.
func (d Demand) VerifyBundle(b []byte, t *trust.Trust, at marketops.Time) *Report {
	v := &verification{report: NewReport(OfBundle, t, at), demand: d, trust: t, at: at}
	x := &exported{verification: v, raw: b}
	for _, stage := range []func() bool{x.parse, v.joinTrust, x.checkNames, v.openCheckpoint, x.openRecord, x.checkPlaces, v.checkConsistency, v.checkTimes, x.checkBinding} {
		if !stage() {
			break
		}
	}
	x.listUncovered()
	v.conclude(bundleChecks)
	x.showRecord()
	return v.report
}

// exported is the verification of a bundle.
type exported struct {
	*verification
	raw    []byte
	bundle Bundle
	entry  BundleEntry
}

// parse reads the bundle strictly.
func (x *exported) parse() bool {
	if !x.checkTrust() {
		return false
	}
	err := canon.DecodeLoose(x.raw, MaxBundle, &x.bundle)
	switch n := len(x.bundle.Material.Entries); {
	case err != nil:
	case x.bundle.MediaType != BundleType:
		err = fmt.Errorf("mediaType is %.80q", x.bundle.MediaType)
	case n != 1:
		err = fmt.Errorf("%d entries of a log, want one", n)
	default:
		x.entry = x.bundle.Material.Entries[0]
	}
	if err == nil && (x.entry.Kind.Kind != BundleKind || x.entry.Kind.Version != BundleKindVersion) {
		err = fmt.Errorf("an entry of kind %.40q %.20q", x.entry.Kind.Kind, x.entry.Kind.Version)
	}
	if err != nil {
		x.fail(CheckBundle, "", marketops.RefuseErr(marketops.PackMalformed, "not a bundle of ours", err))
		return false
	}
	x.report.Pass(CheckBundle, "", "one envelope with one entry of the log")
	return true
}

// checkNames finds the log that the entry names by its id, and demands that this key signed.
func (x *exported) checkNames() bool {
	if x.report.Level == Signature {
		x.pack = &pack.Pack{}
		return true
	}
	raw := []byte(x.entry.Proof.Checkpoint.Envelope)
	for _, p := range x.trust.Log().Logs() {
		if id := log.LogID(p.Name, p.Key); !bytes.Equal(id[:], x.entry.LogID.KeyID) {
			continue
		}
		x.pack = &pack.Pack{Origin: p.Name, Checkpoint: raw}
		one, err := log.ParsePolicy("log " + p.Vkey + "\nquorum none\n")
		if err == nil {
			_, err = one.Open(raw)
		}
		if err != nil {
			x.fail(CheckCheckpoint, p.Name, err)
		}
		return err == nil
	}
	x.report.Fail(Check{Name: CheckCheckpoint, Code: marketops.CheckpointUnsigned, Got: fmt.Sprintf("%x", x.entry.LogID.KeyID), Detail: "no log of trust.json has the id that the entry names"})
	return false
}

// openRecord opens the envelope under the trust file.
func (x *exported) openRecord() bool {
	rec, err := receipt.Open(x.bundle.Envelope, x.trust.Ring())
	if err != nil {
		x.fail(CheckRecords, "", err)
		return false
	}
	if x.bundle.Material.PublicKey.Hint != string(rec.By) {
		x.report.Fail(Check{Name: CheckRecords, Code: marketops.KeyUnknown, Expected: string(rec.By), Got: x.bundle.Material.PublicKey.Hint, Detail: "the bundle names another key than the one that signed"})
		return false
	}
	proof := &log.Proof{Checkpoint: []byte(x.entry.Proof.Checkpoint.Envelope)}
	for _, h := range x.entry.Proof.Hashes {
		if len(h) != len(log.Hash{}) || len(proof.Hashes) == log.MaxHashes {
			x.fail(CheckInclusion, "", marketops.Refuse(marketops.InclusionInvalid, "the proof holds what is no hash, or too many"))
			return false
		}
		proof.Hashes = append(proof.Hashes, log.Hash(h))
	}
	x.entries = []entry{{Entry: lifecycle.Entry{Leaf: rec.LeafHash(), Record: rec}, proof: proof, time: rec.Body.Issued()}}
	return true
}

// checkPlaces compares everything that the bundle repeats about the entry with what was computed.
func (x *exported) checkPlaces() bool {
	e := &x.entries[0]
	index, err := strconv.ParseUint(x.entry.LogIndex, 10, 64)
	if err != nil || strconv.FormatUint(index, 10) != x.entry.LogIndex {
		x.fail(CheckInclusion, "", marketops.Refuse(marketops.InclusionInvalid, fmt.Sprintf("logIndex is %.40q", x.entry.LogIndex)))
		return false
	}
	e.proof.Index, e.Position = index, log.Position{Origin: x.pack.Origin, Index: index}
	if x.report.Level != Signature && !x.checkInclusion(e) {
		return false
	}
	if err := x.admit(e); err != nil {
		x.failAdmission(refusedRecord{e, CheckRecords, err})
		return false
	}
	x.report.Pass(CheckRecords, "", fmt.Sprintf("a %s by %s %s", e.Record.Body.Kind(), e.Holder.Role, e.Holder.Name))
	return true
}

// admit admits the record under the version of trust.json that it names. Where it names none, which was in force
// is not in the bundle, and the newest that lists the key is taken.
func (x *exported) admit(e *entry) (err error) {
	e.Law = x.trust.Listing(e.Record.By)
	if r, ok := e.Record.Body.(*receipt.Receipt); ok {
		if e.Law, err = x.trust.Named(r.Trust); err != nil {
			return err
		}
	}
	return x.admitOne(e, e.Law)
}

func (x *exported) checkInclusion(e *entry) bool {
	said := x.entry.Proof
	for _, c := range []struct {
		what, expected, got string
		code                marketops.Code
	}{
		{"canonicalizedBody is not the leaf of the envelope", string(e.Record.Leaf()), fmt.Sprintf("%.600s", x.entry.Body), marketops.LeafMismatch},
		{"the proof's logIndex is another than the entry's", x.entry.LogIndex, said.LogIndex, marketops.InclusionInvalid},
		{"treeSize is not the checkpoint's", strconv.FormatUint(x.cp.Size, 10), said.TreeSize, marketops.InclusionInvalid},
		{"rootHash is not the checkpoint's", x.cp.Root.String(), fmt.Sprintf("%x", said.RootHash), marketops.InclusionInvalid},
	} {
		if c.expected != c.got {
			x.report.Fail(Check{Name: CheckInclusion, Code: c.code, Expected: c.expected, Got: c.got, Detail: c.what})
			return false
		}
	}
	if err := e.proof.VerifyUnder(x.cp, e.Record.Leaf()); err != nil {
		x.fail(CheckInclusion, e.subject(), err)
		return false
	}
	x.report.Pass(CheckInclusion, "", "entry "+x.entry.LogIndex)
	return true
}
