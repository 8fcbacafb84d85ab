package log

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/transparency-dev/merkle/proof"
)

const proofHeader = "c2sp.org/tlog-proof@v1"

// Proof shows that an entry stands in a log: its index, the hashes from its sibling up to the
// child of the root (RFC 6962 §2.1.1), and the checkpoint. Nothing in it is believed before
// [Policy.VerifyProof].
type Proof struct {
	Index      uint64
	Hashes     []Hash
	Checkpoint []byte
}

// Format returns the C2SP tlog-proof@v1, the content of a .tlog-proof file.
func (p *Proof) Format() []byte {
	const line = 64 // bytes at most, of the header, the index and a hash
	b := fmt.Appendf(make([]byte, 0, line*(3+len(p.Hashes))+len(p.Checkpoint)), "%s\nindex %d\n", proofHeader, p.Index)
	for _, h := range p.Hashes {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), p.Checkpoint...)
}

// ParseProof reads what [Proof.Format] writes: parse, re-encode, compare. Extra data, which the
// format allows and nothing authenticates, is refused. Errors carry [marketops.InclusionInvalid].
func ParseProof(b []byte) (*Proof, error) {
	p, err := parseProof(b)
	if err == nil && !bytes.Equal(p.Format(), b) {
		err = errors.New("not in its one spelling")
	}
	if err != nil {
		return nil, marketops.RefuseErr(marketops.InclusionInvalid, "tlog-proof", err)
	}
	return p, nil
}

func parseProof(b []byte) (*Proof, error) {
	if len(b) > MaxProof {
		return nil, fmt.Errorf("longer than %d bytes", MaxProof)
	}
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) < 2 || lines[0] != proofHeader {
		return nil, fmt.Errorf("no %s", proofHeader)
	}
	index, ok := strings.CutPrefix(lines[1], "index ")
	if !ok {
		return nil, fmt.Errorf("%.20q where the index belongs", lines[1])
	}
	if lines = lines[2:]; len(lines) > MaxHashes {
		return nil, fmt.Errorf("%d hashes, at most %d", len(lines), MaxHashes)
	}
	p := &Proof{Checkpoint: bytes.Clone(checkpoint)}
	var err error
	if p.Index, err = parseDecimal(index, MaxSize); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	for _, line := range lines {
		h, err := parseBase64Hash(line)
		if err != nil {
			return nil, err
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// VerifyProof returns the checkpoint under which leaf stands at the proof's index. The leaf must
// be computed from the record in hand, never taken from where the proof came. Errors carry
// [marketops.CheckpointUnsigned], [marketops.QuorumUnmet] or [marketops.InclusionInvalid].
func (p *Policy) VerifyProof(leaf []byte, pr *Proof) (*Checkpoint, error) {
	if pr == nil {
		return nil, marketops.Refuse(marketops.InclusionInvalid, "there is no proof")
	}
	cp, err := p.Open(pr.Checkpoint)
	if err != nil {
		return nil, err
	}
	if err := VerifyInclusion(LeafHash(leaf), pr.Index, pr.Hashes, cp); err != nil {
		return nil, err
	}
	return cp, nil
}

// VerifyUnder verifies a proof whose checkpoint was opened before, so that many proofs under
// one checkpoint cost its signatures once. The proof must carry the bytes of cp. Errors carry
// [marketops.InclusionInvalid].
func (p *Proof) VerifyUnder(cp *Checkpoint, leaf []byte) error {
	if p == nil || cp == nil || len(cp.Raw) == 0 || !bytes.Equal(p.Checkpoint, cp.Raw) {
		return marketops.Refuse(marketops.InclusionInvalid, "the proof belongs to another checkpoint")
	}
	return VerifyInclusion(LeafHash(leaf), p.Index, p.Hashes, cp)
}

// VerifyInclusion checks that the leaf of this hash stands at index below a checkpoint that was
// opened before (RFC 6962 §2.1.1). Errors carry [marketops.InclusionInvalid].
func VerifyInclusion(h Hash, index uint64, hashes []Hash, cp *Checkpoint) error {
	if cp == nil || cp.Size > MaxSize || len(hashes) > MaxHashes {
		return marketops.Refuse(marketops.InclusionInvalid, "no checkpoint, or one beyond the limits")
	}
	err := proof.VerifyInclusion(hasher{}, index, cp.Size, h[:], byteSlices(hashes), cp.Root[:])
	if err != nil {
		return marketops.RefuseErr(marketops.InclusionInvalid, fmt.Sprintf("entry %d of %s at size %d", index, cp.Origin, cp.Size), short(err))
	}
	return nil
}

// VerifyConsistency checks that the log of new extends the log of old (RFC 6962 §2.1.2); both
// were opened before. Errors carry [marketops.SplitView] for another root at the same size,
// [marketops.LogRolledBack] for a smaller new one and otherwise [marketops.ConsistencyInvalid].
func VerifyConsistency(old, new *Checkpoint, hashes []Hash) error {
	switch {
	case old == nil || new == nil || old.Size > MaxSize || new.Size > MaxSize || len(hashes) > MaxHashes:
		return marketops.Refuse(marketops.ConsistencyInvalid, "no checkpoint, or one beyond the limits")
	case old.Origin != new.Origin:
		return marketops.Refuse(marketops.ConsistencyInvalid, fmt.Sprintf("origins %.80q and %.80q", old.Origin, new.Origin))
	case new.Size < old.Size:
		return marketops.Refuse(marketops.LogRolledBack, fmt.Sprintf("%s has %d entries and had %d", new.Origin, new.Size, old.Size))
	case new.Size == old.Size && new.Root != old.Root:
		return marketops.Refuse(marketops.SplitView, fmt.Sprintf("%s has shown two roots at size %d", new.Origin, new.Size))
	case old.Size == 0 && old.Root != EmptyRoot():
		return marketops.Refuse(marketops.ConsistencyInvalid, "an empty log has another root")
	}
	err := proof.VerifyConsistency(hasher{}, old.Size, new.Size, byteSlices(hashes), old.Root[:], new.Root[:])
	if err != nil {
		return marketops.RefuseErr(marketops.ConsistencyInvalid, fmt.Sprintf("%s from size %d to %d", new.Origin, old.Size, new.Size), short(err))
	}
	return nil
}

// short replaces the two-line hash dump of a root mismatch.
func short(err error) error {
	if errors.As(err, &proof.RootMismatchError{}) {
		return errors.New("the hashes lead to another root")
	}
	return err
}

func byteSlices(hashes []Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}
