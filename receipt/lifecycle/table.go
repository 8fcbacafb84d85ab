package lifecycle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// table says in which run a name occurred, in 20 bytes a name and nothing that the garbage
// collector must look into. It holds fingerprints of names under a secret: nobody can prepare
// two names that collide in 128 bits of a hash that he does not know.
//
// Entries are sorted in many short shelves, so that adding one moves a few kilobytes at most.
type table struct {
	secret  [secretSize]byte
	shelves [][]byte // none, or 1<<shelfBits of them
}

const (
	secretSize = 32
	shelfBits  = 12
	printSize  = 16 // bytes of a fingerprint
	entrySize  = printSize + 4
)

// The kinds of names.
const (
	aRecord    = 'd' // by its digest
	aReceiptID = 'i'
	aSuccess   = 'o' // an operation that succeeded, by its digest
	aRun       = 'n'
)

type fingerprint [printSize]byte

func (t *table) print(kind byte, name []byte) fingerprint {
	var room [secretSize + 1 + 64]byte
	sum := sha256.Sum256(append(append(append(room[:0], t.secret[:]...), kind), name...))
	return fingerprint(sum[:printSize])
}

// shelf returns where a fingerprint stands or belongs.
func (t *table) shelf(p []byte) *[]byte {
	if t.shelves == nil { // most books forget nothing
		t.shelves = make([][]byte, 1<<shelfBits)
	}
	return &t.shelves[binary.BigEndian.Uint16(p)>>(16-shelfBits)]
}

// find returns where on its shelf a fingerprint stands or belongs.
func find(shelf []byte, p fingerprint) (at int, found bool) {
	low, high := 0, len(shelf)/entrySize
	for low < high {
		mid := (low + high) / 2
		switch c := bytes.Compare(shelf[mid*entrySize:][:printSize], p[:]); {
		case c == 0:
			return mid * entrySize, true
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return low * entrySize, false
}

func (t *table) get(kind byte, name []byte) (run uint32, known bool) {
	if t.shelves == nil {
		return 0, false
	}
	p := t.print(kind, name)
	shelf := *t.shelf(p[:])
	at, known := find(shelf, p)
	if known {
		run = binary.BigEndian.Uint32(shelf[at+printSize:])
	}
	return run, known
}

// put notes the run of a name, the newest if there are several.
func (t *table) put(kind byte, name []byte, run uint32) {
	p := t.print(kind, name)
	shelf := t.shelf(p[:])
	at, known := find(*shelf, p)
	if !known {
		*shelf = slices.Insert(*shelf, at, append(p[:], 0, 0, 0, 0)...)
	}
	binary.BigEndian.PutUint32((*shelf)[at+printSize:], run)
}

var errTable = errors.New("the table of names is not one")

// load takes all entries, in order, for a book of so many runs.
func (t *table) load(from []byte, runs int) error {
	for at := 0; at < len(from); at += entrySize {
		if at+entrySize > len(from) || at > 0 && bytes.Compare(from[at-entrySize:][:printSize], from[at:][:printSize]) >= 0 ||
			int(binary.BigEndian.Uint32(from[at+printSize:])) >= runs {
			return errTable
		}
		shelf := t.shelf(from[at:])
		*shelf = append(*shelf, from[at:at+entrySize]...)
	}
	return nil
}
