package lifecycle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// names says in which run a name occurred, in 20 bytes a name and nothing that the garbage
// collector must look into. It holds fingerprints of names under a secret: without it no two names
// can be prepared that collide in 128 bits of the hash.
//
// Entries are sorted in many short buckets, so that adding one moves a few kilobytes at most.
type names struct {
	secret  [secretSize]byte
	buckets [][]byte // none, or 1<<bucketBits of them
}

const (
	secretSize = 32
	bucketBits = 12
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

func (t *names) print(kind byte, name []byte) fingerprint {
	var buf [secretSize + 1 + 64]byte
	sum := sha256.Sum256(append(append(append(buf[:0], t.secret[:]...), kind), name...))
	return fingerprint(sum[:printSize])
}

// bucket returns where a fingerprint stands or belongs.
func (t *names) bucket(p []byte) *[]byte {
	if t.buckets == nil { // most trackers archive nothing
		t.buckets = make([][]byte, 1<<bucketBits)
	}
	return &t.buckets[binary.BigEndian.Uint16(p)>>(16-bucketBits)]
}

// find returns where in its bucket a fingerprint stands or belongs.
func find(bucket []byte, p fingerprint) (at int, found bool) {
	low, high := 0, len(bucket)/entrySize
	for low < high {
		mid := (low + high) / 2
		switch c := bytes.Compare(bucket[mid*entrySize:][:printSize], p[:]); {
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

func (t *names) get(kind byte, name []byte) (run uint32, known bool) {
	if t.buckets == nil {
		return 0, false
	}
	p := t.print(kind, name)
	bucket := *t.bucket(p[:])
	at, known := find(bucket, p)
	if known {
		run = binary.BigEndian.Uint32(bucket[at+printSize:])
	}
	return run, known
}

// put notes the run of a name, the newest if there are several.
func (t *names) put(kind byte, name []byte, run uint32) {
	p := t.print(kind, name)
	bucket := t.bucket(p[:])
	at, known := find(*bucket, p)
	if !known {
		*bucket = slices.Insert(*bucket, at, append(p[:], 0, 0, 0, 0)...)
	}
	binary.BigEndian.PutUint32((*bucket)[at+printSize:], run)
}

var errNames = errors.New("corrupt table of archived names")

// load takes all entries, in order, for a tracker of so many runs.
func (t *names) load(from []byte, runs int) error {
	for at := 0; at < len(from); at += entrySize {
		if at+entrySize > len(from) || at > 0 && bytes.Compare(from[at-entrySize:][:printSize], from[at:][:printSize]) >= 0 ||
			int(binary.BigEndian.Uint32(from[at+printSize:])) >= runs {
			return errNames
		}
		bucket := t.bucket(from[at:])
		*bucket = append(*bucket, from[at:at+entrySize]...)
	}
	return nil
}
