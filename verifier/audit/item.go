package audit

import (
	"bytes"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// item is one entry on its way through the walk.
type item struct {
	index uint64
	leaf  []byte
	hash  log.Hash
	rec   *receipt.Record
	err   error
}

// open reads and verifies the record of an entry. The record must be the one that the leaf
// commits to, and not merely a good one.
func (it *item) open(store log.TileReader, opener crypto.Opener, ring *crypto.Keyring) {
	env, err := log.ReadRecord(store, it.hash)
	if err != nil {
		it.err = err
		return
	}
	if it.rec, err = receipt.OpenWith(opener, env, ring); err != nil {
		it.err = checkUnknown(env, ring, it.leaf, err)
		return
	}
	if !bytes.Equal(it.rec.Leaf(), it.leaf) {
		it.err = errOther
	}
	it.leaf, it.rec.Envelope, it.rec.Opened = nil, nil, nil // judging needs what it says, not its bytes
}

var errOther = marketops.Refuse(marketops.LeafMismatch, "the store holds another record under this leaf")

// checkUnknown looks behind an error: also a record of an unknown type must be the one of its leaf.
func checkUnknown(env []byte, ring *crypto.Keyring, leaf []byte, err error) error {
	if marketops.CodeOf(err) != marketops.RecordUnknown {
		return err
	}
	o, oerr := crypto.Open(env, receipt.PayloadType, ring)
	if oerr != nil {
		return oerr
	}
	if !bytes.Equal(log.Leaf(o), leaf) {
		return errOther
	}
	return err
}
