package lifecycle

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// State is a tracker of which every run was archived. With the log it is as good as the tracker.
type State struct {
	Secret     []byte                `json:"secret"`
	Withheld   map[trust.Role]uint64 `json:"withheld"`
	Erased     map[string]uint64     `json:"erased"` // by group
	Unfinished []uint32              `json:"unfinished"`
	Added      uint64                `json:"added"`
	Reread     uint64                `json:"reread"`
	Genesis    *receipt.ShardGenesis `json:"genesis"`
	Frozen     *receipt.ShardSealed  `json:"frozen"`
	Law        receipt.TrustRef      `json:"law"` // in force
	Adopted    []log.Hash            `json:"adopted"`
	Ledger     marketops.Time        `json:"ledger"`

	Sections [Sections]Section `json:"-"`
}

// Section is a part of a state that is too large to be copied.
type Section [][]byte

// The sections: names of 20 bytes each, runs of 8, their text, and live receipts of 64.
const (
	sectionNames = iota
	sectionRuns
	sectionText
	sectionLive
	Sections
)

// Len returns how many bytes a section has.
func (s Section) Len() (n int) {
	for _, b := range s {
		n += len(b)
	}
	return n
}

// ErrTied says that a tracker has no state: a record changed what belongs to another run.
var ErrTied = errors.New("a record of one run changed another, so that neither can be judged from its own records alone")

// State archives everything and returns what is left. It is good until the tracker takes the next record.
func (t *Tracker) State() (*State, error) {
	b := t.records
	for _, r := range b.runs {
		b.archiveRun(r)
	}
	b.dropArchived()
	if len(b.runs) > 0 {
		return nil, ErrTied
	}
	s := &State{Secret: b.names.secret[:], Withheld: b.withheld, Erased: b.erased, Unfinished: slices.Collect(maps.Keys(b.unfinished)),
		Added: b.added, Reread: b.reread, Genesis: b.genesis, Frozen: b.frozen, Adopted: b.adopted, Ledger: b.ledger}
	if b.law != nil {
		s.Law = b.law.Ref()
	}
	var at, held []byte
	for _, n := range b.at {
		at = binary.BigEndian.AppendUint64(at, n)
	}
	for key, receipt := range b.live {
		held = append(append(held, key[:]...), receipt[:]...)
	}
	s.Sections = [Sections]Section{sectionNames: b.names.buckets, sectionRuns: {at}, sectionText: {b.text}, sectionLive: {held}}
	return s, nil
}

// Resume returns a tracker that continues from a state, of which each section is in one piece. It finds
// what cannot be one, believes the rest, and keeps nothing of it.
func Resume(r Rules, s *State) (*Tracker, error) {
	var parts [Sections][]byte
	for i, section := range s.Sections {
		if len(section) == 1 {
			parts[i] = section[0]
		}
	}
	if len(s.Secret) != secretSize || len(parts[sectionRuns])%8 != 0 || len(parts[sectionLive])%64 != 0 {
		return nil, errArchive
	}
	r.Secret = [secretSize]byte(s.Secret)
	t := NewTracker(r)
	b := t.records
	for at := parts[sectionRuns]; len(at) > 0; at = at[8:] {
		b.at = append(b.at, binary.BigEndian.Uint64(at))
	}
	for held := parts[sectionLive]; len(held) > 0; held = held[64:] {
		b.live[marketops.Digest(held[:32])] = marketops.Digest(held[32:64])
	}
	for _, n := range s.Unfinished {
		b.unfinished[n] = true
	}
	maps.Copy(b.erased, s.Erased)
	maps.Copy(b.withheld, s.Withheld)
	b.text, b.added, b.reread = slices.Clone(parts[sectionText]), s.Added, s.Reread
	b.genesis, b.frozen, b.adopted, b.ledger = s.Genesis, s.Frozen, s.Adopted, s.Ledger
	if b.law = nil; s.Law != (receipt.TrustRef{}) {
		var err error
		if b.law, err = r.Trust.Named(s.Law); err != nil {
			return nil, err
		}
	}
	return t, b.names.load(parts[sectionNames], len(b.at))
}
