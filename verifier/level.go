package verifier

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// Level is how much of the log a verification rests on. The zero value is the strictest that the
// trust file names: [Quorum] where it demands witnesses, else [Inclusion].
type Level string

// The levels, each with all of the one before.
const (
	// Signature: every record is signed by who may sign it. Checkpoint and proofs are not looked
	// at: the places of records are what the pack claims, and a revoked key counts for nothing.
	Signature Level = "signature"
	// Inclusion: a log of the trust file signed the checkpoint, and every record stands under it.
	Inclusion Level = "inclusion"
	// Quorum: the witnesses that the trust file demands cosigned the checkpoint. A trust file
	// that demands none cannot meet it.
	Quorum Level = "quorum"
)

// Levels are all levels, the weakest first.
var Levels = []Level{Signature, Inclusion, Quorum}

// UnmarshalText implements [encoding.TextUnmarshaler]; it takes the name of a level only.
func (l *Level) UnmarshalText(b []byte) error {
	if !slices.Contains(Levels, Level(b)) {
		return fmt.Errorf("%.40q is no level, want signature, inclusion or quorum", b)
	}
	*l = Level(b)
	return nil
}

func (l Level) below(m Level) bool { return slices.Index(Levels, l) < slices.Index(Levels, m) }

// LevelOf returns the strictest level that the log policy of a trust file names.
func LevelOf(t *trust.Trust) Level {
	if Usable(t) && t.Log().Witnessed() {
		return Quorum
	}
	return Inclusion
}

// openAt returns a checkpoint that a log of the policy signed, and at level [Quorum] the witnesses with
// it; the time is then that of the quorum's cosignatures.
func openAt(level Level, policy *log.Policy, raw []byte) (*log.Checkpoint, marketops.Time, error) {
	if level != Quorum {
		cp, err := policy.OpenUnwitnessed(raw)
		return cp, 0, err
	}
	if !policy.Witnessed() {
		return nil, 0, marketops.Refuse(marketops.QuorumUnmet, "trust.json demands no witness, so no quorum can be met")
	}
	cp, err := policy.Open(raw)
	if err != nil {
		return nil, 0, err
	}
	at, _ := policy.CosignedAt(raw)
	return cp, at, nil
}

// setLevel fixes the level of the report.
func (r *Report) setLevel(want Level, t *trust.Trust) error {
	policy := LevelOf(t)
	if want == "" {
		want = policy
	}
	if err := r.Level.UnmarshalText([]byte(want)); err != nil {
		return marketops.RefuseErr(marketops.ConfigInvalid, "", err)
	}
	r.Lowered = r.Level.below(policy)
	return nil
}

// noteLowered says what a level below that of the trust file leaves out.
func (r *Report) noteLowered() {
	if r.Level == Signature {
		r.Uncovered("that the log holds any of this, when and in which order: level signature takes the places that are claimed")
	}
	if r.Lowered && r.Level == Inclusion {
		r.Uncovered("that the witnesses which trust.json demands saw this log: level inclusion does not ask")
	}
}
