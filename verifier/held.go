package verifier

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// Fork is what shows that a log contradicts itself: two signed notes, or one and what trust.json
// knows. Where the sizes differ the proofs in the pack belong to it.
type Fork struct {
	Held  string `json:"held"`  // seen before
	Given string `json:"given"` // of the pack
}

// Format returns the content of an evidence file: both notes, with an empty line between.
func (f *Fork) Format() []byte { return []byte(f.Held + "\n" + f.Given) }

// checkConsistency compares the checkpoint with those that are known otherwise: what trust.json lists,
// what outcomes quote, and the one that somebody holds.
func (v *verification) checkConsistency() bool {
	if v.cp == nil {
		return true
	}
	v.known = newPrefixes(v.cp)
	for _, e := range v.entries {
		v.known.add(e.Leaf, e.proof.Index, e.proof.Hashes)
	}
	for _, known := range v.trust.File().KnownCheckpoints {
		if known.Origin == v.cp.Origin && !v.agrees(known) {
			return false
		}
	}
	return v.checkHeld()
}

// agrees compares a root that trust.json lists with the pack's, if the pack determines it.
func (v *verification) agrees(known receipt.CheckpointRef) bool {
	got, ok := v.known.root(uint64(known.Size))
	if !ok || got == known.Root {
		return true
	}
	v.reportFork(CheckCheckpoint, known.Root, got, &log.Checkpoint{Origin: known.Origin, Size: uint64(known.Size)},
		(&log.Checkpoint{Origin: known.Origin, Size: uint64(known.Size), Root: known.Root}).Text(), "trust.json knows another root")
	return false
}

// checkHeld compares the checkpoint that the caller holds with the pack's.
func (v *verification) checkHeld() bool {
	if v.demand.Held == nil {
		return true
	}
	held, err := v.trust.Log().OpenUnwitnessed(v.demand.Held)
	if err == nil && held.Origin != v.cp.Origin {
		err = marketops.Refuse(marketops.CheckpointUnsigned, fmt.Sprintf("it is of the log %.80q, the pack's is of %q", held.Origin, v.cp.Origin))
	}
	if err != nil {
		v.fail(CheckHeld, "the checkpoint that is held", err)
		return true
	}
	got, known := v.known.root(held.Size)
	switch {
	case !known:
		v.report.Fail(Check{Name: CheckHeld, Code: marketops.RecordWithheld, Expected: fmt.Sprintf("size %d, root %s", held.Size, held.Root), Got: fmt.Sprintf("size %d, root %s", v.cp.Size, v.cp.Root),
			Detail: "the pack neither proves nor disproves that its log is the one that was held; an audit of the whole log does"})
	case got != held.Root:
		v.reportFork(CheckHeld, held.Root, got, held, string(held.Raw), "the log has shown another root")
		return false
	default:
		v.report.Pass(CheckHeld, "", fmt.Sprintf("the log extends the one that was held at size %d", held.Size))
	}
	return true
}

// reportFork reports two roots of one size and keeps both statements.
func (v *verification) reportFork(check string, expected, got log.Hash, at *log.Checkpoint, held, what string) {
	v.report.Fork = &Fork{Held: held, Given: string(v.cp.Raw)}
	v.report.Fail(Check{Name: check, Subject: at.Origin, Code: marketops.SplitView, Expected: expected.String(), Got: got.String(),
		Detail: fmt.Sprintf("%s at size %d", what, at.Size)})
}

// compareQuoted compares a checkpoint that an outcome quotes with the log, as far as the pack determines it.
func (v *verification) compareQuoted(c receipt.CheckpointRef) error {
	got, ok := log.Hash{}, false
	if v.known != nil && c.Size >= 0 {
		got, ok = v.known.root(uint64(c.Size))
	}
	if !ok {
		v.unproved = true
		return nil
	}
	if got == c.Root {
		return nil
	}
	return marketops.Refuse(marketops.SplitView, fmt.Sprintf("the root of %s at size %d is %s", c.Origin, c.Size, got))
}
