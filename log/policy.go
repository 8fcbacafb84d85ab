package log

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"golang.org/x/mod/sumdb/note"
)

// Party is a log or a witness of a policy.
type Party struct {
	Name string // the origin of a log, the key name of a witness
	Vkey string
	Key  crypto.PublicKey
	URL  string // "" if the policy gives none
}

// Policy says which logs are believed and which witnesses must have cosigned (C2SP tlog-policy).
// [ParsePolicy] is the only way to one; the zero value opens nothing.
type Policy struct {
	logs      []Party
	witnesses []Party
	quorum    member // nil for "none"
	known     map[keyID]note.Verifier
	isLog     map[keyID]bool
	ends      map[keyID]uint64 // see End
}

// Logs returns the logs in the policy's order; several keys of one origin are several parties.
func (p *Policy) Logs() []Party { return slices.Clone(p.logs) }

// Witnesses returns the witnesses in the policy's order.
func (p *Policy) Witnesses() []Party { return slices.Clone(p.witnesses) }

// Quorum describes the quorum: "none", "2 of 3", or with the members spelt out where groups
// are nested, "2 of (w1, 1 of 2)".
func (p *Policy) Quorum() string {
	if p.quorum == nil {
		return "none"
	}
	return p.quorum.describe()
}

// Witnessed reports whether the policy demands any cosignature. Without, order, time and
// append-only rest on the log's operator.
func (p *Policy) Witnessed() bool { return p.quorum != nil }

// Open returns the checkpoint of a signed note. Errors carry [marketops.CheckpointUnsigned]
// (malformed, no listed log signed it under its own origin, or a known key's signature does not
// verify) or [marketops.QuorumUnmet].
func (p *Policy) Open(raw []byte) (*Checkpoint, error) {
	cp, times, err := p.open(raw)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.CheckpointUnsigned, "checkpoint", err)
	}
	if _, ok := p.metAt(times); !ok && p.quorum != nil {
		return nil, marketops.Refuse(marketops.QuorumUnmet,
			fmt.Sprintf("checkpoint %s at size %d has %d cosignatures of known witnesses, the quorum is %s", cp.Origin, cp.Size, len(times), p.Quorum()))
	}
	return cp, nil
}

// CosignedAt returns the earliest time by which a quorum of witnesses had cosigned: the k-th
// smallest time of a k-of-n group, and so inwards. It is false without a quorum, and for
// anything that [Policy.Open] refuses.
func (p *Policy) CosignedAt(raw []byte) (marketops.Time, bool) {
	_, times, err := p.open(raw)
	if err != nil {
		return 0, false
	}
	return p.metAt(times)
}

// OpenUnwitnessed is [Policy.Open] without the quorum. It is for a checkpoint that was accepted
// before, under an earlier policy, and for evidence against a log, whose own signature convicts it.
func (p *Policy) OpenUnwitnessed(raw []byte) (*Checkpoint, error) {
	cp, _, err := p.open(raw)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.CheckpointUnsigned, "checkpoint", err)
	}
	return cp, nil
}

// Cosignature is a known witness's statement of when it had seen a checkpoint.
type Cosignature struct {
	Name string         `json:"name"` // of the witness's key
	At   marketops.Time `json:"at"`
}

// Cosignatures returns the verified cosignatures of known witnesses in the policy's order, none
// for anything that [Policy.OpenUnwitnessed] refuses.
func (p *Policy) Cosignatures(raw []byte) []Cosignature {
	_, times, err := p.open(raw)
	if err != nil {
		return nil
	}
	var out []Cosignature
	for _, w := range p.witnesses {
		if at, ok := times[newKeyID(w.Name, typeWitness, w.Key)]; ok {
			out = append(out, Cosignature{w.Name, at})
		}
	}
	return out
}

func (p *Policy) metAt(times map[keyID]marketops.Time) (marketops.Time, bool) {
	if p.quorum == nil {
		return 0, false
	}
	return p.quorum.metAt(times)
}

// open verifies everything but the quorum, and returns when each witness signed.
func (p *Policy) open(raw []byte) (*Checkpoint, map[keyID]marketops.Time, error) {
	if p == nil || len(p.known) == 0 {
		return nil, nil, errors.New("no policy")
	}
	n, err := openNote(raw, p.known)
	if err != nil {
		return nil, nil, err
	}
	cp, err := parseText(n.Text)
	if err != nil {
		return nil, nil, err
	}
	cp.Raw = slices.Clone(raw)
	times, signed := p.sort(n.Sigs, cp)
	if !signed {
		return nil, nil, fmt.Errorf("no key of %.80q that is trusted at size %d signed it", cp.Origin, cp.Size)
	}
	return cp, times, nil
}

// sort tells verified witness signatures from the log's own. A listed log's signature under
// another origin, or above its end, is no signature: it would let one log speak for the other.
func (p *Policy) sort(sigs []note.Signature, cp *Checkpoint) (map[keyID]marketops.Time, bool) {
	times, signed := map[keyID]marketops.Time{}, false
	for _, s := range sigs {
		id := keyID{s.Name, s.Hash}
		if p.isLog[id] {
			signed = signed || p.signs(id, cp)
			continue
		}
		b, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil || len(b) != 4+cosigSize {
			continue
		}
		if at, ok := cosignatureTime(b[4:]); ok {
			times[id] = at
		}
	}
	return times, signed
}
