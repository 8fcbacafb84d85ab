package lifecycle

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// State is a book of which every run was forgotten. With the log it is as good as the book.
type State struct {
	Secret     []byte                `json:"secret"`
	Withheld   map[trust.Role]uint64 `json:"withheld"`
	Erased     []string              `json:"erased"` // groups
	Unfinished []uint32              `json:"unfinished"`
	Added      uint64                `json:"added"`
	Reread     uint64                `json:"reread"`
	Genesis    *receipt.ShardGenesis `json:"genesis"`
	Frozen     *receipt.ShardSealed  `json:"frozen"`

	Sections [Sections]Section `json:"-"`
}

// Section is a part of a state that is too large to be copied.
type Section [][]byte

// The sections: names of 20 bytes each, runs of 8, their text, and live receipts of 64.
const (
	names = iota
	runs
	text
	live
	Sections
)

// Len returns how many bytes a section has.
func (s Section) Len() (n int) {
	for _, b := range s {
		n += len(b)
	}
	return n
}

// ErrTied says that a book cannot be put down: a record changed what belongs to another run.
var ErrTied = errors.New("a record of one run changed another, so that neither can be judged from its own records alone")

// State forgets everything and returns what is left. It is good until the book takes the next record.
func (b *Tracker) State() (*State, error) {
	for _, r := range b.runs {
		b.put(r)
	}
	b.order = slices.DeleteFunc(b.order, func(s *Spending) bool { return s.gone })
	if len(b.runs) > 0 {
		return nil, ErrTied
	}
	s := &State{Secret: b.names.secret[:], Withheld: b.withheld, Erased: slices.Collect(maps.Keys(b.erased)), Unfinished: slices.Collect(maps.Keys(b.unfinished)),
		Added: b.added, Reread: b.reread, Genesis: b.genesis, Frozen: b.frozen}
	var at, held []byte
	for _, n := range b.at {
		at = binary.BigEndian.AppendUint64(at, n)
	}
	for key, receipt := range b.live {
		held = append(append(held, key[:]...), receipt[:]...)
	}
	s.Sections = [Sections]Section{names: b.names.shelves, runs: {at}, text: {b.text}, live: {held}}
	return s, nil
}

// Resume returns a book that goes on from a state, of which each section is in one piece. It finds
// what cannot be one, believes the rest, and keeps nothing of it.
func Resume(r Rules, s *State) (*Tracker, error) {
	var parts [Sections][]byte
	for i, section := range s.Sections {
		if len(section) == 1 {
			parts[i] = section[0]
		}
	}
	if len(s.Secret) != secretSize || len(parts[runs])%8 != 0 || len(parts[live])%64 != 0 {
		return nil, errArchive
	}
	r.Secret = [secretSize]byte(s.Secret)
	b := NewBook(r)
	for at := parts[runs]; len(at) > 0; at = at[8:] {
		b.at = append(b.at, binary.BigEndian.Uint64(at))
	}
	for held := parts[live]; len(held) > 0; held = held[64:] {
		b.live[marketops.Digest(held[:32])] = marketops.Digest(held[32:64])
	}
	for _, n := range s.Unfinished {
		b.unfinished[n] = true
	}
	for _, g := range s.Erased {
		b.erased[g] = true
	}
	maps.Copy(b.withheld, s.Withheld)
	b.text, b.added, b.reread = slices.Clone(parts[text]), s.Added, s.Reread
	b.genesis, b.frozen = s.Genesis, s.Frozen
	return b, b.names.load(parts[names], len(b.at))
}
