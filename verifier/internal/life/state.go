package life

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// State is a book of which every run was forgotten. With the log it is as good as the book.
type State struct {
	Secret     []byte                  `json:"secret"`
	Withheld   map[receipt.Role]uint64 `json:"withheld"`
	Erased     []string                `json:"erased"` // groups
	Unfinished []uint32                `json:"unfinished"`
	Added      uint64                  `json:"added"`
	Reread     uint64                  `json:"reread"`

	Names []byte `json:"-"` // 20 bytes each
	Runs  []byte `json:"-"` // 8 bytes each
	Text  []byte `json:"-"`
	Live  []byte `json:"-"` // 64 bytes each
}

// ErrTied says that a book cannot be put down: a record changed what belongs to another run.
var ErrTied = errors.New("a record of one run changed another, so that neither can be judged from its own records alone")

// State forgets everything and returns what is left.
func (b *Book) State() (*State, error) {
	for _, r := range b.runs {
		b.put(r)
	}
	b.order = slices.DeleteFunc(b.order, func(s *Spending) bool { return s.gone })
	if len(b.runs) > 0 {
		return nil, ErrTied
	}
	s := &State{Secret: b.names.secret[:], Withheld: b.withheld, Erased: slices.Collect(maps.Keys(b.erased)), Unfinished: slices.Collect(maps.Keys(b.unfinished)),
		Added: b.added, Reread: b.reread, Names: b.names.dump(nil), Text: b.text}
	for _, at := range b.at {
		s.Runs = binary.BigEndian.AppendUint64(s.Runs, at)
	}
	for key, live := range b.live {
		s.Live = append(append(s.Live, key[:]...), live[:]...)
	}
	return s, nil
}

// Resume returns a book that goes on from a state. It finds what cannot be one, and believes the rest.
func Resume(r Rules, s *State) (*Book, error) {
	if len(s.Secret) != secretSize || len(s.Runs)%8 != 0 || len(s.Live)%64 != 0 {
		return nil, errArchive
	}
	r.Secret = [secretSize]byte(s.Secret)
	b := NewBook(r)
	for runs := s.Runs; len(runs) > 0; runs = runs[8:] {
		b.at = append(b.at, binary.BigEndian.Uint64(runs))
	}
	for live := s.Live; len(live) > 0; live = live[64:] {
		b.live[marketops.Digest(live[:32])] = marketops.Digest(live[32:64])
	}
	for _, n := range s.Unfinished {
		b.unfinished[n] = true
	}
	for _, g := range s.Erased {
		b.erased[g] = true
	}
	maps.Copy(b.withheld, s.Withheld)
	b.text, b.added, b.reread = slices.Clone(s.Text), s.Added, s.Reread
	return b, b.names.load(s.Names, len(b.at))
}
