// Package oracle is a second verifier, for tests. It follows docs/formats.md alone. It
// judges a list of records slowly and plainly: every question looks at the whole list again.
//
// The packages that ship are asked only to read: a record, a plan, an operation document, a trust file and a
// signed checkpoint. What a key may do, which version of the trust file counts, what a rule demands and what may
// follow what is decided here once more. So a difference between two verdicts is a hole in the page or in the code.
//
// A world here withholds nothing but what a pack leaves out, and has no evidence texts.
package oracle

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// Verdict is what a world comes to.
type Verdict string

// The verdicts.
const (
	Verified      Verdict = "verified"
	Failed        Verdict = "failed"
	Indeterminate Verdict = "indeterminate"
)

// Entry is one record and its place.
type Entry struct {
	Record *receipt.Record
	Index  uint64
}

// World is what a verifier is given.
type World struct {
	Whole      bool    // a whole log; else a pack
	Entries    []Entry // in log order
	Trust      [][]byte
	Checkpoint []byte // signed
	Root       func(size uint64) log.Hash
	Documents  map[marketops.Digest]*marketops.Operation
	End        marketops.Time // of the verification

	Run  marketops.RunID // of a pack
	Plan []byte          // of a pack, or of the run of a whole log
}

// rec is a record that was opened, with what the log says about it.
type rec struct {
	*receipt.Record
	index uint64
	law   *version       // in force at its place
	at    marketops.Time // at which its key is read
	by    holder
}

// refusal is a record whose key may not have signed it.
type refusal struct {
	*rec
	code marketops.Code
}

type judge struct {
	World
	chain   chain
	origin  string
	size    uint64
	recs    []*rec // whose keys may have signed them
	refused []refusal
	stopped bool // it is not known which version is in force
	codes   []marketops.Code
}

// Judge returns the verdict on a world and the codes that it found, in the order of their names.
func Judge(w World) (Verdict, []marketops.Code) {
	j := &judge{World: w}
	j.chain = readChain(w.Trust)
	if j.chain == nil {
		return Failed, []marketops.Code{marketops.TrustMissing}
	}
	j.checkpoint()
	j.open()
	for _, r := range j.recs {
		j.record(r)
	}
	j.receipts()
	if !w.Whole && !j.stopped {
		j.pack()
	}
	slices.Sort(j.codes)
	return verdict(j.codes), slices.Compact(j.codes)
}

func (j *judge) say(c marketops.Code) { j.codes = append(j.codes, c) }

// must says a code unless something holds.
func (j *judge) must(holds bool, c marketops.Code) {
	if !holds {
		j.say(c)
	}
}

var undecided = []marketops.Code{marketops.RecordWithheld, marketops.RecordUnknown, marketops.OutcomeMissing,
	marketops.ClockUnsure, marketops.TrustUnavailable}

func verdict(codes []marketops.Code) Verdict {
	if len(codes) == 0 {
		return Verified
	}
	for _, c := range codes {
		if !slices.Contains(undecided, c) {
			return Failed
		}
	}
	return Indeterminate
}
