package log

import (
	"fmt"

	"github.com/omega/marketops"
)

// End says that the log key of a vkey signs nothing above a size: it was replaced, or the log was
// frozen there. Checkpoints of at most that size are opened as before, since old evidence rests on
// them; larger ones by that key alone are [marketops.CheckpointUnsigned]. Errors are
// [marketops.ConfigInvalid]: the policy does not list the vkey, it has an end already, or the size
// is no log's.
func (p *Policy) End(vkey string, size uint64) error {
	if size > MaxSize {
		return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("a log key ends at size %d, at most %d", size, uint64(MaxSize)))
	}
	for _, l := range p.logs {
		id := newKeyID(l.Name, typeLog, l.Key)
		if l.Vkey != vkey {
			continue
		}
		if _, twice := p.ends[id]; twice {
			break
		}
		if p.ends == nil {
			p.ends = map[keyID]uint64{}
		}
		p.ends[id] = size
		return nil
	}
	return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("%.200q is not a log of the policy, or ends twice", vkey))
}

// Ended reports whether the log key of a vkey has an end.
func (p *Policy) Ended(vkey string) bool {
	for _, l := range p.logs {
		if _, ended := p.ends[newKeyID(l.Name, typeLog, l.Key)]; ended && l.Vkey == vkey {
			return true
		}
	}
	return false
}

// signs reports whether a log key may sign this checkpoint: its own origin, and not above its end.
func (p *Policy) signs(id keyID, cp *Checkpoint) bool {
	end, ended := p.ends[id]
	return id.name == cp.Origin && (!ended || cp.Size <= end)
}
